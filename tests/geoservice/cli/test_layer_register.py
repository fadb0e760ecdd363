"""A register at the command line: counts come in, and nothing else of it is said, kept or logged."""

from __future__ import annotations

from pathlib import Path

import orjson
import psycopg
import pytest
from click.testing import CliRunner, Result

from geoservice.cli.advice import ADVICE
from geoservice.cli.layer import layer
from geoservice.counting import answer
from geoservice.counting.errors import TwoColumnsAlike
from geoservice.errors import GeoserviceError, in_words
from tests.geoservice.counting.made_registers import HEADER, csv_of, person

OF_SARE = ["--jurisdiction", "sare", "--as-of", "2026-06-30", "--swap-is-encrypted"]


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def building(community_url: str) -> str:
    with psycopg.connect(community_url) as connection:
        row = connection.execute("SELECT min(code) FROM geoservice.building").fetchone()
    assert row is not None
    return str(row[0])


def register(tmp_path: Path, rows: list[list[str]]) -> str:
    file = tmp_path / "QZ乙名册.csv"
    file.write_bytes(csv_of([HEADER, *rows]))
    return str(file)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(layer, ["import", *arguments], catch_exceptions=False)


def test_a_register_is_looked_at_written_and_known_again(building: str, tmp_path: Path, community_url: str) -> None:
    rows = [person(n, building=building, room=str(100 + n // 3)) for n in range(12)]
    file = register(tmp_path, rows)

    looked = run("households", "--count-register", file, *OF_SARE)
    assert looked.exit_code == 0, looked.output
    assert "12 residents in 4 households" in looked.output
    assert "Nothing was written" in looked.output
    written = run("--count-register", file, *OF_SARE, "--commit")
    assert "4 added" in written.output
    again = run("--count-register", file, *OF_SARE, "--commit", "--json")
    told = orjson.loads(again.output.splitlines()[-1])
    assert (told["added"], told["changed"], told["change"], told["residents"]) == (0, 0, None, 12)
    with psycopg.connect(community_url) as connection:
        (note,) = connection.execute("SELECT note FROM geoservice.change ORDER BY id DESC LIMIT 1").fetchone() or ("",)
    assert note == f"register of {Path(file).stat().st_size} bytes, seal {told['seal'][:16]}"
    assert (tmp_path / "register.key").stat().st_mode & 0o777 == 0o600
    for output in (looked.output, written.output, again.output):
        assert "QZ" not in output


def test_too_many_rows_that_fail_are_told_by_reason_and_place(building: str, tmp_path: Path) -> None:
    file = register(tmp_path, [person(1, building=building), person(2, building="QZ丙"), person(3, building="QZ丙")])

    result = CliRunner().invoke(layer, ["import", "--count-register", file, *OF_SARE])

    assert isinstance(result.exception, answer.TooManyRowsFail)
    assert "sheet:row 1:3, 1:4" in result.output
    assert "QZ" not in result.output + str(result.exception)
    assert "--refuse-above" in (in_words(result.exception, ADVICE) or "")
    allowed = run("--count-register", file, *OF_SARE, "--refuse-above", "0.9")
    assert "1 residents in 1 households" in allowed.output
    assert "2 rows failed" in allowed.output


def test_columns_are_said_by_letter(building: str, tmp_path: Path) -> None:
    rows = [[*person(n, building=building), building] for n in range(3)]
    file = tmp_path / "r.csv"
    file.write_bytes(csv_of([[*HEADER, "楼号"], *rows]))

    refused = CliRunner().invoke(layer, ["import", "--count-register", str(file), *OF_SARE])
    assert isinstance(refused.exception, TwoColumnsAlike)
    assert "--column building=C" in (in_words(refused.exception, ADVICE) or "")
    counted = run("--count-register", str(file), *OF_SARE, "--column", "building=G")
    assert "3 residents" in counted.output


def test_names_of_several_buildings_are_left_out_and_told(
    building: str, tmp_path: Path, community_url: str
) -> None:  # fmt: skip
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "UPDATE geoservice.building SET name = '0号院' WHERE code IN"
            " (SELECT code FROM geoservice.building ORDER BY code LIMIT 2)"
        )
    file = register(tmp_path, [person(1, building=building), person(2, building="0号院")])

    told = run("--count-register", file, *OF_SARE, "--refuse-above", "1").output

    assert "those of several buildings, so no row is found by them: 0号院" in told
    assert "1 residents" in told


@pytest.mark.parametrize(("arguments", "words"), [
    (["--jurisdiction", "sare"], "Say --as-of DAY"),
    ([*OF_SARE, "--crs", "gcj02"], "--crs does not go with --count-register"),
    (["cameras", *OF_SARE], "into the layer households"),
])  # fmt: skip
def test_what_is_said_wrongly_is_told(tmp_path: Path, arguments: list[str], words: str) -> None:
    result = run("--count-register", register(tmp_path, []), *arguments)

    assert result.exit_code == 2
    assert words in result.output


@pytest.mark.parametrize(("setting", "words"), [("FEATURES", "most: 2"), ("BYTES", "most: 1000")])
def test_limits_of_imports_hold_for_registers(
    building: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, words: str
) -> None:  # fmt: skip
    monkeypatch.setenv(f"GEOSERVICE_IMPORT_{setting}", words.removeprefix("most: "))
    file = register(tmp_path, [person(n, building=building) for n in range(30)])

    refused = CliRunner().invoke(layer, ["import", "--count-register", file, *OF_SARE]).exception

    assert isinstance(refused, GeoserviceError)
    assert words in str(refused)
    assert f"GEOSERVICE_IMPORT_{setting}" in (in_words(refused, ADVICE) or "")
