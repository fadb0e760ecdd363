"""The process that reads a register of persons, run as a script and never imported by the service.

`python -I -B register_process.py DESCRIPTOR`, with a request on standard input and an answer on standard output: a
pipe that carries numbers, and names that the request had. Before a reader is loaded the process gives up all by which
something could be kept: core files, files that grow, directories for temporary ones, privileges, the network, and,
where the kernel lets it, memory that is written to swap.
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import importlib.util
import json
import os
import resource
import sys
from collections import Counter
from datetime import date
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

_HERE = Path(__file__).parent
#: linux/prctl.h
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
#: linux/sched.h: CLONE_NEWNET
_NEWNET = 0x40000000
#: sys/mman.h: MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT. The last: what is never touched takes no memory.
_MEMORY_LOCKED = 1 | 2 | 4
_CHUNK = 1 << 20
#: As many rows of one reason are told; the counts are of all.
_ROWS_TOLD = 1000


def confine(memory_bytes: int, cpu_s: int) -> bool:
    """Give up what could keep something; return whether memory can not be swapped."""
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((_PR_SET_DUMPABLE, 0), (_PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
    reader = _loaded("reader_process", _HERE.parent / "reading" / "reader_process.py")
    reader.bound(memory_bytes, cpu_s, 0)
    may_lock_all = True
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        may_lock_all = False
    locked = bool(libc.mlockall(_MEMORY_LOCKED) == 0)
    # A namespace of users takes the right away by which memory stays locked without a limit.
    if not reader.leave_network(_NEWNET) and (may_lock_all or not locked):
        reader.leave_network(reader.NO_NETWORK)
    return locked


def is_swap_on() -> bool:
    """Return whether this machine may write memory to a disk; True where nobody can tell."""
    try:
        return len(Path("/proc/swaps").read_text(encoding="ascii").splitlines()) > 1
    except OSError:
        return True


def content_of(descriptor: int, most: int) -> bytes | None:
    """Return all of an open file or pipe, and close it; None: more than may be."""
    content = bytearray()
    while chunk := os.read(descriptor, _CHUNK):
        content += chunk
        if len(content) > most:
            return None
    os.close(descriptor)
    return bytes(content)


def _loaded(name: str, path: Path) -> ModuleType:
    """Return a module, or a package of modules, by its path: nothing beside a script can be imported otherwise."""
    folder = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folder)
    if spec is None or spec.loader is None:
        raise AssertionError("a file of the service can be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Counting:
    """The counting of one register."""

    def __init__(self, request: dict[str, Any]) -> None:
        _loaded("counting", _HERE.parent / "domain" / "counting" / "__init__.py")
        self.columns = importlib.import_module("counting.columns")
        self.tallying = importlib.import_module("counting.tally")
        self.writing = importlib.import_module("counting.writing")
        self.buildings = importlib.import_module("counting.places").Buildings(request["buildings"])
        self.request = request
        self.cells = _loaded("workbook_cells", _HERE.parent / "reading" / "workbook_cells.py")
        self.sheets = _loaded("register_sheets", _HERE / "register_sheets.py")
        key = os.urandom(32)
        self.tally = self.tallying.Tally(
            self.buildings, date.fromisoformat(request["as_of"]), request["here"],
            lambda document: hashlib.blake2b(document.encode(), key=key, digest_size=16).digest(),
        )  # fmt: skip
        self.told: list[dict[str, Any]] = []
        #: Below headers, that are not empty.
        self.rows = 0

    def answer(self, content: bytes) -> dict[str, Any]:
        """Count a register, return numbers."""
        try:
            found = self._count(content)
        except self.sheets.RegisterUnreadable as exc:
            return {"error": exc.code, "numbers": exc.numbers}
        missing = [at for at in range(len(self.request["sheets"] or ())) if at not in found]
        if missing:
            return {"error": "sheet_missing", "numbers": {"number": missing[0] + 1}}
        if not any(sheet["header"] for sheet in self.told):
            return {"error": "no_header", "numbers": {}}
        tally = self.tally
        return {
            "households": self._households(),
            "counts": {str(reason): count for reason, count in tally.counts.items()},
            "rows": {str(reason): places[:_ROWS_TOLD] for reason, places in tally.places.items()},
            "births": dict(tally.births), "totals": tally.totals, "sheets": self.told,
        }  # fmt: skip

    def _count(self, content: bytes) -> set[int]:
        """Count all sheets; return which of those that were asked for were found."""
        found = set()
        most, ratio = self.request["archive_bytes"], self.request["archive_ratio"]
        for table in self.sheets.tables_of(content, self.cells, most=most, ratio=ratio):
            asked = self.request["sheets"]
            at = None if asked is None else next(
                (at for at, name in enumerate(asked) if name in (table.name, str(table.number))), None
            )  # fmt: skip
            if at is not None:
                found.add(at)
            header = self._header(table, at) if (not table.hidden if asked is None else at is not None) else None
            before = self.tally.persons
            if header is not None:
                self._count_table(table, header)
            self.told.append(self._about(table, header, self.tally.persons - before))
        return found

    def _header(self, table: Any, asked: int | None) -> Any:
        stated = self.request["columns"]
        building = self.buildings.find(table.name)
        header = self.columns.find_header(table.head, stated, needs_place=building is None)
        if header is None:
            if asked is not None:
                raise self.sheets.RegisterUnreadable("no_header", sheet=table.number)
            return None
        if header.doubtful:
            first = min(header.doubtful)
            number = list(self.columns.WORDS).index(first)
            one, other, *_ = header.doubtful[first]
            raise self.sheets.RegisterUnreadable(
                "two_columns", sheet=table.number, field=number, column=one + 1, other=other + 1
            )
        for number, name in enumerate(stated):
            if name not in header.columns:
                raise self.sheets.RegisterUnreadable("column_missing", sheet=table.number, number=number + 1)
        return header

    def _count_table(self, table: Any, header: Any) -> None:
        births = header.columns.get("birth")
        body = table.head[header.last + 1 :]
        building = None if "building" in header.columns else self.buildings.find(table.name)
        sheet = self.tallying.Sheet(
            table.number, table.name, header.columns,
            [self.writing.text_of(value) for value in table.head[header.last]],
            births is not None and any(isinstance(row[births], date) for row in body if births < len(row)),
            None if building is None else building.code,
        )  # fmt: skip
        for below, row in enumerate(chain(body, table.rest), start=1):
            self.rows += any(value not in ("", None) for value in row)
            if self.rows > self.request["rows"]:
                raise self.sheets.RegisterUnreadable("too_many_rows", most=self.request["rows"])
            self.tally.take(sheet, header.last + 1 + below, row, below)

    def _about(self, table: Any, header: Any, persons: int) -> dict[str, Any]:
        words = {} if header is None else header.words
        return {
            "number": table.number, "hidden": table.hidden, "rows": table.height, "persons": persons,
            "header": None if header is None else [header.first + 1, header.last + 1],
            # Which word of the dictionary it is, from 1; 0: somebody said which column is meant.
            "columns": {} if header is None else {
                name: [place + 1, 0 if words[name] is None else self.columns.WORDS[name].index(words[name]) + 1]
                for name, place in header.columns.items()
            },
            "filled": table.merged.filled, "hidden_rows": table.hidden_rows, "errors": table.errors,
        }  # fmt: skip

    def _households(self) -> list[list[Any]]:
        """Return what is left of households, sorted by their counts, so that the order tells nothing."""
        households = self.tally.households.values()
        if self.request["per"] == "building":
            return self._summed(households)
        return sorted([one.building, one.unit or "", 1, *one.bands, one.floating] for one in households)

    def _summed(self, households: Any) -> list[list[Any]]:
        sums: dict[str, Counter[int]] = {}
        for one in households:
            numbers = dict(enumerate([1, *one.bands, one.floating]))
            sums.setdefault(one.building, Counter()).update(numbers)
        width = 2 + self.tallying.BANDS
        return [[code, "", *(counted[at] for at in range(width))] for code, counted in sorted(sums.items())]


def answer_to(request: dict[str, Any], descriptor: int) -> dict[str, Any]:
    """Return what a register holds, as numbers, or the code of why it was not counted."""
    locked = confine(request["memory_bytes"], request["cpu_s"])
    swap = is_swap_on()
    if swap and not locked and not request["swap_is_encrypted"]:
        return {"error": "swap", "numbers": {}}
    content = content_of(descriptor, request["file_bytes"])
    if content is None:
        return {"error": "too_many_bytes", "numbers": {"most": request["file_bytes"]}}
    answer = Counting(request).answer(content)
    if "error" in answer:
        return answer
    seal = request["seal"] and hmac.digest(bytes.fromhex(request["seal"]), content, "sha256").hex()
    return answer | {"locked": locked, "swap": swap, "size": len(content), "seal": seal}


def main() -> None:
    """Answer one request."""
    try:
        answer = answer_to(json.loads(sys.stdin.buffer.read()), int(sys.argv[1]))
    except MemoryError:
        answer = {"error": "too_large", "numbers": {}}
    except BaseException:  # noqa: BLE001  whatever it is (readers panic, too), its words may hold a value
        answer = {"error": "damaged", "numbers": {}}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
