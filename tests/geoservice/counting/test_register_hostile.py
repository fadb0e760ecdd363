"""Registers that nobody should write, and a process that must not keep or tell what it reads."""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import runpy
import signal
import threading
import traceback
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from geoservice.counting import answer as answers
from geoservice.counting.errors import (
    BY_CODE,
    AnswerRefused,
    CountingDied,
    CountingTookTooLong,
    RegisterDamaged,
    RegisterEncodingUnknown,
    RegisterIsNoTable,
    RegisterLocked,
    RegisterMissing,
    RegisterNotCalculated,
    RegisterRefused,
    RegisterTooLarge,
    RegisterTooLong,
)
from geoservice.counting.register import BIRTHS, CHILD, count_register
from geoservice.reading.limits import MIB
from geoservice.reading.workbooks import LIMITS
from tests.geoservice.counting.made_registers import (
    AS_OF,
    HEADER,
    SPELLINGS,
    count_rows,
    csv_of,
    ods_of,
    person,
    xlsx_of,
)
from tests.geoservice.reading.made_workbooks import cell, packed, parts, sheet
from tests.waiting import wait_until

#: In every text of a marked register. In two pieces, so that this file does not hold it.
MARK = "QZ" + "甲MARK"
_LARGE = 64 * MIB


def marked(**others: object) -> bytes:
    """Return a register of which every text holds the mark, in rows that count and rows that do not."""
    rows = [[f"{MARK}{number}", *person(number)[1:3], "1", str(number), MARK] for number in range(50)]
    wrong = [[MARK, MARK, MARK, MARK, MARK, MARK], [MARK, "1" * 18, "1栋", MARK, MARK, MARK], [f"合计{MARK}", MARK]]
    return xlsx_of({f"{MARK}表": sheet([HEADER, *rows, *wrong])})


def packed_workbook(**contents: bytes) -> bytes:
    whole = parts({"Sheet1": sheet([HEADER, person(1)])})
    made = io.BytesIO()
    packed(made, whole | {f"xl/{name.replace('__', '/')}.xml": one for name, one in contents.items()})  # type: ignore[arg-type]
    return made.getvalue()


FORMULA = '<c r="@"><f>1+1</f></c>'
FAR = f'<row r="1048576">{cell("XFD1048576", 1)}</row></sheetData>'.encode()
PLAIN_SHEET = parts({"Sheet1": sheet([HEADER, person(1)])})["xl/worksheets/sheet1.xml"]

REFUSED: dict[str, tuple[bytes, type[RegisterRefused]]] = {
    "nothing": (b"", RegisterIsNoTable),
    "a text": (MARK.encode(), RegisterIsNoTable),
    "bytes": (b"a,b\n" + bytes(range(256)) + b"\xff\xff\xff", RegisterEncodingUnknown),
    "no archive": (b"PK\x03\x04" + MARK.encode(), RegisterDamaged),
    "half an archive": (marked()[:3000], RegisterDamaged),
    "no old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), RegisterDamaged),
    "a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), RegisterLocked,
    ),
    "a far cell": (
        packed_workbook(worksheets__sheet1=PLAIN_SHEET.replace(b"</sheetData>", FAR)), RegisterTooLarge,
    ),
    "spaces": (packed_workbook(media__image=b" " * _LARGE), RegisterTooLarge),
    "entities": (packed_workbook(sharedStrings=b'<!DOCTYPE x [<!ENTITY a "b">]><sst/>'), RegisterTooLarge),
    "formulas": (xlsx_of({"S": sheet([HEADER, [FORMULA, *person(1)[1:]]])}), RegisterNotCalculated),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_read_is_refused_by_a_sentence_of_ours(case: str) -> None:
    content, refusal = REFUSED[case]

    with pytest.raises(refusal) as refused:
        count_rows(content, limits=replace(LIMITS, archive_bytes=128 * MIB))
    assert said_by(refused.value).count(MARK) == 0


def said_by(error: BaseException) -> str:
    """Return all that an error can be made to tell, with the variables of its functions that are not the test's."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    frames = [line for frame in told.stack if "/tests/" not in frame.filename for line in [str(frame.locals)]]
    return repr(error) + str(error) + "".join(frames) + repr(error.__cause__) + repr(error.__context__)


def test_more_bytes_and_rows_than_allowed_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(RegisterTooLarge):
        count_rows(csv_of([HEADER, *map(person, range(100))]), limits=replace(LIMITS, file_bytes=1000))
    content = xlsx_of({"S": sheet([HEADER, *map(person, range(3))]), "T": sheet([HEADER, *map(person, range(3, 5))])})
    assert count_rows(content, limits=replace(LIMITS, features=5)).residents == 5
    with pytest.raises(RegisterTooLong) as refused:
        count_rows(content, limits=replace(LIMITS, features=4))
    assert refused.value.fields == {"most": 4}
    with pytest.raises(RegisterMissing):
        count_register(tmp_path, buildings=SPELLINGS, as_of=AS_OF)  # a folder


def test_a_counting_that_takes_too_long_is_stopped() -> None:
    read_end, write_end = os.pipe()
    try:
        with pytest.raises(CountingTookTooLong) as refused:
            count_register(read_end, buildings=SPELLINGS, as_of=AS_OF, limits=replace(LIMITS, wall_s=0.5))
    finally:
        os.close(read_end)
        os.close(write_end)
    assert refused.value.__context__ is None


def test_a_bomb_ends_a_process_and_no_more() -> None:
    """A cell that is said to be repeated a million times in a million rows."""
    content = ods_of([HEADER, person(1)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = archive.read("content.xml").replace(
            b"<table:table-cell ", b'<table:table-cell table:number-columns-repeated="60000" ', 1
        ).replace(b"<table:table-row>", b'<table:table-row table:number-rows-repeated="1000000">', 1)  # fmt: skip
        mimetype = archive.read("mimetype")
    made = io.BytesIO()
    packed(made, {"mimetype": mimetype, "content.xml": inside})  # type: ignore[arg-type]

    with pytest.raises((CountingDied, RegisterTooLarge, RegisterDamaged)):
        count_rows(made.getvalue(), limits=replace(LIMITS, memory_bytes=512 * MIB, wall_s=20.0))


# --- What is kept -----------------------------------------------------------------------------------------------------


def instant_of(folder: Path) -> float:
    """Return the instant as the file system writes it."""
    (folder / "now").touch()
    return (folder / "now").stat().st_mtime


def changed_since(instant: float, folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        for root, directories, files in os.walk(folder):
            directories[:] = [name for name in directories if name not in ("node_modules", ".git", "base", "pg_wal")]
            for name in files:
                path = Path(root, name)
                try:
                    if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= instant:
                        yield path
                except OSError:
                    continue  # gone meanwhile


def holds_mark(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGE)
    except OSError:
        return False
    return any(MARK.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "gb18030"))


def test_no_value_is_in_any_file_answer_or_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    begun = instant_of(tmp_path)

    counted = count_rows(marked(), sheets=["1"])
    with pytest.raises(RegisterRefused) as refused:
        count_rows(marked(), refuse_above=0.0)

    assert counted.residents == 50
    out, err = capfd.readouterr()
    assert MARK not in repr(counted) + out + err + caplog.text + said_by(refused.value)
    folders = [tmp_path, Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path.cwd() / "geoservice"]  # noqa: S108
    folders += [Path.home() / name for name in (".cache", ".local", ".config", ".geoservice")]
    assert [str(path) for path in changed_since(begun, folders) if holds_mark(path)] == []


def test_the_mark_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text(f"x{MARK}", encoding="utf-8")

    assert [path.name for path in changed_since(0, [tmp_path]) if holds_mark(path)] == ["kept"]
    assert MARK in said_by(ValueError(MARK))


Waiting = tuple[psutil.Process, list[BaseException]]


@pytest.fixture
def waiting_process() -> Iterator[Waiting]:
    """Yield a counting process that has read half of a marked register, and waits for the rest in a pipe."""
    content = csv_of([HEADER, *([MARK, *person(order)[1:]] for order in range(500))])
    errors: list[BaseException] = []
    read_end, write_end = os.pipe()
    before = {child.pid for child in psutil.Process().children()}

    def count() -> None:
        try:
            count_register(read_end, buildings=SPELLINGS, as_of=AS_OF)
        except RegisterRefused as exc:
            errors.append(exc)

    thread = threading.Thread(target=count)
    thread.start()
    os.write(write_end, content[: len(content) // 2])
    try:
        yield wait_until(lambda: next(filter(is_confined, new_children(before)), None), "a confined process"), errors
    finally:
        os.close(write_end)
        thread.join()
        os.close(read_end)


def new_children(before: set[int]) -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.pid not in before]


def is_confined(process: psutil.Process) -> bool:
    try:
        return process.rlimit(resource.RLIMIT_FSIZE) == (0, 0) and "register_process.py" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_the_process_can_keep_nothing(waiting_process: Waiting) -> None:
    process, _ = waiting_process
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8").splitlines()
    )
    opened = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in os.listdir(f"/proc/{process.pid}/fd")}

    assert process.rlimit(resource.RLIMIT_CORE) == (0, 0)
    assert status["NoNewPrivs"].strip() == "1"
    assert process.environ()["TMPDIR"] == "/nonexistent"
    assert all(one == "/dev/null" or one.startswith("pipe:") for one in opened)


def test_an_abort_in_the_middle_leaves_no_core(waiting_process: Waiting, tmp_path: Path) -> None:
    process, errors = waiting_process
    begun = instant_of(tmp_path)
    os.kill(process.pid, signal.SIGABRT)
    wait_until(lambda: errors, "the counting to end")

    assert isinstance(errors[0], CountingDied)
    assert errors[0].fields == {"exit": -signal.SIGABRT}
    folders = [Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), Path("/var/crash"), Path("/var/lib/systemd/coredump")]  # noqa: S108
    assert [str(path) for path in changed_since(begun, folders) if holds_mark(path)] == []
    assert not list(Path("/").glob("core*"))
    assert not [path for path in Path.cwd().glob("core*") if path.is_file()]


# --- What may be answered ---------------------------------------------------------------------------------------------

SOUND = {
    "households": [["B-1", "1", 1, 0, 0, 1, 0, 0, 0]], "counts": {}, "rows": {}, "births": {}, "totals": [],
    "sheets": [
        {"number": 1, "hidden": False, "rows": 2, "persons": 1, "header": [1, 1], "columns": {"birth": [1, 1]},
         "filled": 0, "hidden_rows": 0, "errors": 0}
    ],
    "locked": True, "swap": False, "size": 9, "seal": None,
}  # fmt: skip
UNSOUND: dict[str, dict[str, object]] = {
    "a building that nobody named": {"households": [[MARK, "1", 1, 0, 0, 1, 0, 0, 0]]},
    "a unit that is a text": {"households": [["B-1", MARK, 1, 0, 0, 1, 0, 0, 0]]},
    "a unit of three digits": {"households": [["B-1", "301", 1, 0, 0, 1, 0, 0, 0]]},
    "a count that is a text": {"households": [["B-1", "1", 1, 0, 0, MARK, 0, 0, 0]]},
    "a count too many": {"households": [["B-1", "1", 1, 0, 0, 1, 0, 0, 0, 0]]},
    "an unknown reason": {"counts": {MARK: 1}},
    "an unknown way to an age": {"births": {MARK: 1}},
    "a column that nobody knows": {"sheets": [{**SOUND["sheets"][0], "columns": {MARK: [1, 1]}}]},  # type: ignore[index]
    "a word beyond the dictionary": {"sheets": [{**SOUND["sheets"][0], "columns": {"birth": [1, 999]}}]},  # type: ignore[index]
    "something more": {"name": MARK},
    "a seal that is a text": {"seal": MARK},
    "negative": {"size": -1},
}


def test_a_sound_answer_is_taken() -> None:
    told = answers.read_answer(json.dumps(SOUND).encode(), codes=frozenset({"B-1"}), births=BIRTHS)

    assert told.households == SOUND["households"]


@pytest.mark.parametrize("case", UNSOUND)
def test_an_answer_that_could_carry_a_value_is_not_taken(case: str) -> None:
    told = json.dumps(SOUND | UNSOUND[case]).encode()

    with pytest.raises(AnswerRefused) as refused:
        answers.read_answer(told, codes=frozenset({"B-1"}), births=BIRTHS)
    assert MARK not in said_by(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize(
    ("code", "numbers"),
    [(MARK, {}), ("locked", {MARK: 1}), ("locked", {"sheet": MARK}), ("two_columns", {"field": -1})],
)
def test_a_refusal_is_one_of_a_list(code: str, numbers: dict[str, object]) -> None:
    told = json.dumps({"error": code, "numbers": numbers}).encode()

    with pytest.raises(AnswerRefused) as refused:
        answers.read_answer(told, codes=frozenset(), births=BIRTHS)
    assert MARK not in said_by(refused.value)


@pytest.mark.parametrize("code", BY_CODE)
def test_every_refusal_of_the_list_is_a_sentence(code: str) -> None:
    told = json.dumps({"error": code, "numbers": {"sheet": 1}}).encode()

    with pytest.raises(BY_CODE[code], match="sheet: 1"):
        answers.read_answer(told, codes=frozenset(), births=BIRTHS)


# --- Swap -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("swap", "locked", "encrypted"), [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)])
def test_nothing_is_read_while_memory_could_be_written_to_swap(
    swap: bool, locked: bool, encrypted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = runpy.run_path(str(CHILD))
    answer_to = process["answer_to"]
    monkeypatch.setitem(answer_to.__globals__, "confine", lambda *_: locked)
    monkeypatch.setitem(answer_to.__globals__, "is_swap_on", lambda: swap)
    monkeypatch.setitem(answer_to.__globals__, "content_of", lambda *_: None)
    request = {"memory_bytes": 0, "cpu_s": 0, "file_bytes": 0, "swap_is_encrypted": encrypted}

    # Read, and found too large; or not read at all.
    refused = {"error": "too_many_bytes", "numbers": {"most": 0}}
    told = {"error": "swap", "numbers": {}} if swap and not locked and not encrypted else refused
    assert answer_to(request, -1) == told
