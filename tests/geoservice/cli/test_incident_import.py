"""Reports of a file at the command line: tried, stored once however often they are sent, refused row by row."""

from __future__ import annotations

import csv
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pyproj
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.incident import incident
from geoservice.reading.file_errors import FieldAbsent
from geoservice.services import intake

OF_SARE = ["--jurisdiction", "sare", "--crs", "wgs84"]
#: The demo has been in force for a while.
DAY = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
HEADER = "工单编号,事项,上报时间,经度,纬度,来源,描述,楼栋编码\n"
GOOD = f"""W1,路灯,{DAY} 09:30,91.7701,29.2372,居民上报,灯不亮,
W2,light,{DAY}T09:31:00+08:00,91.7702,29.2373,hotline,"two words, and a comma",
W3,路灯,{DAY},91.7703,29.2374,,,
"""
BAD = f"""W4,nothing,{DAY} 09:30,91.7701,29.2372,,,
W5,路灯,yesterday,91.7701,29.2372,,,
W6,路灯,{DAY} 09:30,,,,,
W7,路灯,{DAY} 09:30,91.7701,99,,,
W9,路灯,{DAY} 09:30,91.7701,29.2372,,,no such building
W10,路灯,2199-03-02 09:30,91.7701,29.2372,,,
W1,路灯,{DAY} 09:30,91.7701,29.2372,,,
"""


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("COLUMNS", "200")


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(incident, ["import", str(file), *OF_SARE, *arguments], catch_exceptions=False)


def told(file: Path, *arguments: str) -> dict[str, Any]:
    result = run(file, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return dict(orjson.loads(result.stdout))


def count(url: str, query: str = "SELECT count(*) FROM geoservice.incident") -> Any:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def made(tmp_path: Path, rows: str, name: str = "工单.csv") -> Path:
    file = tmp_path / name
    file.write_text(HEADER + rows, encoding="utf-8-sig")
    return file


def test_reports_are_tried_then_stored_once_however_often_they_are_sent(community_url: str, tmp_path: Path) -> None:
    file, before = made(tmp_path, GOOD), count(community_url)
    words = ["--word", "service_code.路灯=light"]

    tried = run(file, *words)
    assert "3 of 3 rows would be stored (3 in a grid), 0 were there already, 0 were refused." in tried.output
    assert "Nothing was written: say --commit to write it." in tried.output
    assert count(community_url) == before

    first, again = (told(file, *words, "--commit") for _ in range(2))
    longer = told(made(tmp_path, GOOD + f"W11,路灯,{DAY} 08:00,91.7703,29.2374,,,\n"), *words, "--commit")

    assert [(one["stored"], one["there"], one["refused"]) for one in (first, again, longer)] == [
        (3, 0, []), (0, 3, []), (1, 3, [])]  # fmt: skip
    assert count(community_url) == before + 4
    newest = "SELECT array_agg(DISTINCT (source, status, grid_code IS NOT NULL)::text) FROM geoservice.incident WHERE"
    kept = count(community_url, f"{newest} reported_at = '{DAY} 09:30+08'")
    assert kept == ["(resident,dispatched,t)"]


def test_refused_rows_stop_no_others_and_are_written_with_their_reasons(
    community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_FEW", 1)  # a set that is refused is halved to the end
    file, before = made(tmp_path, GOOD + BAD), count(community_url)
    out = tmp_path / "refused.csv"

    result = run(file, "--word", "service_code.路灯=light", "--refused", str(out), "--commit")

    assert "3 of 10 rows were stored (3 in a grid), 0 were there already, 7 were refused." in result.output
    assert count(community_url) == before + 3
    with out.open(encoding="utf-8-sig", newline="") as lines:
        refused = {int(row["row"]): row["reason"] for row in csv.DictReader(lines)}
    assert {row: " ".join(reason.split()[:4]) for row, reason in refused.items()} == {
        5: "service_code is none of", 6: "reported_at is no day", 7: "it has no place",
        8: "it does not lie", 9: "The incident names the", 10: "The report says that",
        11: "its code stands in",
    }  # fmt: skip


def test_what_is_sent_by_two_at_once_is_there_already_for_the_second(
    community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, before = made(tmp_path, GOOD), count(community_url)
    fewer = made(tmp_path, GOOD.splitlines()[1] + "\n", "fewer.csv")
    words, put = ["--word", "service_code.路灯=light", "--commit"], intake.put_reports
    sent: list[Path] = []

    def put_after_another(*arguments: Any) -> None:
        if not sent:
            sent.append(fewer)
            assert told(fewer, *words)["stored"] == 1
        put(*arguments)

    monkeypatch.setattr(intake, "put_reports", put_after_another)
    done = told(file, *words)

    assert (done["stored"], done["there"], done["refused"]) == (2, 1, [])
    assert count(community_url) == before + 3


def test_how_to_say_what_words_mean_is_told_and_does_it(community_url: str, tmp_path: Path) -> None:
    rows = "".join(f"V{at},灯坏了,{DAY} 09:3{at},91.7701,29.2372,市民服务热线,,\n" for at in range(3))
    rows += f"V3,路 灯's,{DAY} 09:30,91.7701,29.2372,hotline,,\n"
    before, file = count(community_url), made(tmp_path, rows)

    refused = run(file)
    advised = [shlex.split(line.partition(" mean: ")[2].partition(", once")[0])
               for line in refused.output.splitlines() if line.startswith("Say what words of ")]  # fmt: skip

    assert advised == [["--word", "service_code.灯坏了=CODE"], ["--word", "source.市民服务热线=CODE"]]
    assert "Words of service_code that nobody knows here: 灯坏了 (3 rows)." in refused.output
    codes = iter(("light", "hotline"))
    said = [one.replace("=CODE", f"={next(codes)}") if "=" in one else one for two in advised for one in two]
    done = run(file, *said, "--commit")
    assert "3 of 4 rows were stored" in done.output
    assert "--word service_code.WORD=CODE" in done.output  # what stands in few rows is not repeated
    assert count(community_url) == before + 3


def test_what_is_older_than_the_grids_is_told_to_be_nobodys(community_url: str, tmp_path: Path) -> None:
    first = count(community_url, "SELECT min(valid_from) FROM geoservice.edition WHERE published_at IS NOT NULL")
    days = [(first + timedelta(days=away)).astimezone(UTC).isoformat() for away in (-400, -1, 1)]
    rows = "".join(f"A{at},light,{day},91.7701,29.2372,,,\n" for at, day in enumerate(days))

    tried = run(made(tmp_path, rows))

    assert "2 of 3 reports are of before the first grids came into force, " in tried.output
    assert "3 of 3 rows would be stored (1 in a grid, 2 in no grid, to be looked at)" in tried.output
    assert "What is stored is in hand" in tried.output


def test_reports_that_lie_elsewhere_are_told_and_what_may_be_wrong_with_them(tmp_path: Path) -> None:
    beside = run(made(tmp_path, GOOD.replace("91.7703", "116.3")), "--word", "service_code.路灯=light")
    assert "1 of 3 reports lie outside of the jurisdiction, one in row 4.\n" in beside.output

    metres = pyproj.Transformer.from_crs(4326, 4540, always_xy=True).transform
    east, north = metres(91.7701, 29.2372)
    file = made(tmp_path, f"M1,light,{DAY} 09:30,{north},{east},,,\n", "metres.csv")  # x is north, as surveyors have it

    turned = run(file, "--crs", "epsg:4540")
    assert "1 of 1 reports lie outside of the jurisdiction, one in row 2. Look at their CRS, and" in turned.output
    right = run(file, "--crs", "epsg:4540", "--swap-coordinates")
    assert "1 of 1 rows would be stored (1 in a grid)" in right.output
    assert "outside of the jurisdiction" not in right.output


def test_a_name_is_that_of_the_service_which_is_offered(community_url: str, tmp_path: Path) -> None:
    with psycopg.connect(community_url) as connection:
        columns = "jurisdiction_id, name, name_en, description, category, keywords, attributes"
        for code, retired in (("lamp", True), ("zlamp", True)):
            connection.execute(
                f"INSERT INTO geoservice.service (code, retired, {columns})"  # noqa: S608  texts of this test
                f" SELECT %s, %s, {columns} FROM geoservice.service WHERE code = 'light'", [code, retired]
            )  # fmt: skip
        (name,) = connection.execute("SELECT name FROM geoservice.service WHERE code = 'light'").fetchone() or ("",)
    rows = "".join(f"R{code},{code},{DAY} 09:30,91.7701,29.2372,,,\n" for code in (name, "lamp"))

    tried = told(made(tmp_path, rows))

    assert (tried["stored"], [one["reason"] for one in tried["refused"]]) == (1, ["the service lamp is retired"])


def test_a_code_that_another_report_has_is_refused_unless_another_system_gave_it(
    community_url: str, tmp_path: Path
) -> None:
    words = ["--word", "service_code.路灯=light", "--commit"]
    told(made(tmp_path, GOOD), *words)
    moved = made(tmp_path, GOOD.replace("91.7703", "91.7704"))

    same, other = told(moved, *words), told(moved, *words, "--system", "hotline")

    assert (same["stored"], same["there"]) == (0, 2)
    assert [(one["row"], "another report" in one["reason"]) for one in same["refused"]] == [(4, True)]
    assert other["stored"] == 3


def test_what_has_no_code_is_known_by_what_it_says(tmp_path: Path) -> None:
    rows = "".join(line.partition(",")[2] + "\n" for line in (HEADER + GOOD).splitlines())
    file = tmp_path / "without.csv"
    file.write_text(rows + rows.splitlines()[1] + "\n", encoding="utf-8")
    words = ["--word", "service_code.路灯=light", "--commit"]

    first, again = told(file, *words), told(file, *words)

    assert (first["stored"], len(first["refused"]), again["stored"], again["there"]) == (3, 1, 0, 3)
    assert "says the same as row 2" in first["refused"][0]["reason"]


def test_what_breaks_off_is_continued(community_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake.IntakeService.__init__, "__kwdefaults__", {"batch": 2})
    file, before = made(tmp_path, GOOD), count(community_url)
    put, calls = intake.put_reports, []

    def put_once(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) > 1:
            raise KeyboardInterrupt
        put(*arguments)

    monkeypatch.setattr(intake, "put_reports", put_once)
    words = ["--word", "service_code.路灯=light", "--commit"]
    broken = CliRunner().invoke(incident, ["import", str(file), *OF_SARE, *words])
    monkeypatch.setattr(intake, "put_reports", put)

    assert "It broke off after 2 of 3 rows." in broken.output
    assert count(community_url) == before + 2
    done = told(file, *words)
    assert (done["stored"], done["there"]) == (1, 2)


@pytest.mark.parametrize(
    ("missing", "field"), [("上报时间", "reported_at"), ("事项", "service_code"), ("经度,纬度", "lon, lat")]
)
def test_a_file_that_does_not_say_what_every_report_has_is_refused(tmp_path: Path, missing: str, field: str) -> None:
    file = tmp_path / "less.csv"
    file.write_text(HEADER.replace(missing, "别的" + ",另" * missing.count(",")) + GOOD, encoding="utf-8")

    with pytest.raises(FieldAbsent) as refused:
        run(file)

    assert refused.value.fields["field"] == field
