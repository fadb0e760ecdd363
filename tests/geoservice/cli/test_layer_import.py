"""Files of features at the command line: looked at, written, undone, told."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.layer import layer
from geoservice.reading.file_errors import ChoicesUnknown

OF_SARE = ["--jurisdiction", "sare"]
LEDGER = """点位表,,,,,
设备编码,点位名称,经度,纬度,状态,联系电话
54050001,东门,91.7712,29.2391,在线,13812345678
54050002,西门,91.7713,29.2392,离线,13812345679
54050003,,,,在线,
"""


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    file = tmp_path / "点位.csv"
    file.write_text(LEDGER, encoding="utf-8-sig")
    return str(file)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(layer, [*arguments], catch_exceptions=False)


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_ledger_is_looked_at_written_and_undone(ledger: str) -> None:
    looked = said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02")
    assert "2 added, 0 changed" in looked
    assert "1 refused" in looked
    assert "Nothing was written: say --commit to write it." in looked
    assert "13812345678" not in looked

    written = said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", "--commit")
    (undo,) = re.findall(r"geoservice layer undo (\d+)", written)
    assert "offline" in said("history", "cameras", "54050002", *OF_SARE)
    again = said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", "--commit")
    assert "0 added, 0 changed" in again
    assert "There was nothing to write." in again

    assert f"Change {undo} is undone" in said("undo", undo)
    changes = orjson.loads(said("changes", *OF_SARE, "--layer", "cameras", "--json"))
    assert [one["kind"] for one in changes[:2]] == ["undo", "import"]
    assert changes[1]["note"].startswith("点位.csv ")
    assert changes[1]["undone_by"] == changes[0]["id"]


def test_what_a_change_did_to_each_feature_is_shown(ledger: str, tmp_path: Path) -> None:
    out = tmp_path / "changed.csv"
    written = said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", "--commit")
    (first,) = re.findall(r"geoservice layer undo (\d+)", written)
    assert "cameras of sare: 2 added, 0 changed, 0 removed." in said("changes", first)
    assert "Added: 54050001 … 1 of 2" in said("changes", first, "--limit", "1")
    again = tmp_path / "点位2.csv"
    lines = Path(ledger).read_text(encoding="utf-8")
    again.write_text(lines.replace("offline", "online").replace("离线", "在线"), encoding="utf-8")
    moved = said("import", "cameras", str(again), *OF_SARE, "--crs", "wgs84", "--commit")  # the same numbers, elsewhere
    (second,) = re.findall(r"geoservice layer undo (\d+)", moved)

    shown = said("changes", second, "--to", str(out))

    assert "cameras of sare: 0 added, 2 changed, 0 removed." in shown
    assert "Changed: place of 2, status of 1." in shown
    assert re.search(r"54050002: status offline -> online; place moved 361.0 m", shown)
    assert "changed,54050002,status,offline,online" in out.read_text(encoding="utf-8-sig")
    (told,) = orjson.loads(said("changes", second, "--json", "--limit", "1"))["layers"]
    assert (told["changed"], told["numberReturned"]) == (2, 1)
    said("undo", second)
    said("undo", first)
    assert "2 removed" in said("changes", str(int(second) + 2))
    assert run("changes").exit_code == 2
    assert "leave --jurisdiction" in run("changes", first, "--layer", "buildings").output


def test_which_columns_were_taken_is_kept_for_the_next_file(ledger: str, tmp_path: Path) -> None:
    kept = tmp_path / "columns.json"
    said("import", "cameras", ledger, *OF_SARE, "--crs", "wgs84", "--keep-columns", str(kept))
    assert orjson.loads(kept.read_bytes())["code"] == "设备编码"
    kept.write_bytes(orjson.dumps(orjson.loads(kept.read_bytes()) | {"status": "点位名称"}))

    told = said("import", "cameras", ledger, *OF_SARE, "--crs", "wgs84", "--columns-from", str(kept), "--json")

    assert orjson.loads(told.splitlines()[-1])["refused"]


def test_the_whole_difference_is_written_as_a_file(ledger: str, tmp_path: Path) -> None:
    out = tmp_path / "difference.csv"
    said("import", "cameras", ledger, *OF_SARE, "--crs", "wgs84", "--to", str(out))

    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "what,key,field,old,new"
    assert sum(line.startswith("added,") for line in lines) == 2
    assert sum(line.startswith("refused,") for line in lines) == 1
    assert sum(line.startswith("not named,") for line in lines) > 10


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--column", "code"), "FIELD=HEADER"),
        (("--columns-from", __file__), "holds no columns"),
        (("--word", "status=offline"), "FIELD.WORD=CODE"),
    ],
)  # fmt: skip
def test_what_is_said_wrongly_is_told(ledger: str, arguments: tuple[str, ...], words: str) -> None:
    result = run("import", "cameras", ledger, *OF_SARE, *arguments)

    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize("option", ["--to", "--keep-columns"])
def test_what_is_read_is_not_written_over(ledger: str, option: str) -> None:
    command = ("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", option, ledger)
    for arguments, words in ((command, "is there already"), ((*command, "--force"), "write to another file")):
        refused = run(*arguments)
        assert refused.exit_code == 2
        assert words in refused.output
    assert Path(ledger).read_text(encoding="utf-8-sig") == LEDGER


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--word", "status.停用=ofline"), "did you mean offline?"),
        (("--word", "stauts.停用=offline"), "did you mean status?"),
        (("--word", "range_m.远=300"), "range_m is no field whose words mean something; there are kind, status"),
        (("--no-persons", "nmae"), "nmae is no field"),
    ],
)  # fmt: skip
def test_what_nobody_would_hear_is_told(ledger: str, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(ChoicesUnknown, match=re.escape(words)):
        run("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", *options)


@pytest.mark.parametrize(
    "twice",
    [
        ("--column", "lon=经度", "--column", "lon=纬度"), ("--column", "code=设备编码", "--key", "点位名称"),
        ("--word", "status.停用=offline", "--word", "status.停用=online"),
    ],
)  # fmt: skip
def test_two_things_that_are_said_of_one_are_refused(ledger: str, twice: tuple[str, ...]) -> None:
    refused = run("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", *twice)

    assert refused.exit_code == 2
    assert re.search(r"is said to be \S+ and \S+: say one", refused.output)
    assert "2 added" in said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", *twice[:2], *twice[:2])


def test_of_what_is_cut_it_is_told_how_much_there_is(tmp_path: Path) -> None:
    rows = [f"C{n},91.7712,29.2391,状{chr(0x4E00 + n // 3)}" for n in range(36)]
    file = tmp_path / "a.csv"
    file.write_text("\n".join(["编号,经度,纬度,状态", *rows]) + "\n", encoding="utf-8")

    told = said("import", "cameras", str(file), *OF_SARE, "--crs", "wgs84")

    assert " … 10 of 12." in told
    assert " … 8 of 36): status" in told


def test_files_beside_the_answer_are_replaced_when_that_is_said(ledger: str, tmp_path: Path) -> None:
    kept = ("--keep-columns", str(tmp_path / "columns.json"), "--to", str(tmp_path / "difference.csv"))
    said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", *kept)

    refused = run("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", *kept)
    assert refused.exit_code == 2
    assert "is there already" in refused.output
    said("import", "cameras", ledger, *OF_SARE, "--crs", "gcj02", *kept, "--force")
