"""A layer of one's own at the command line: shown, made, imported into, dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import orjson
import psycopg
import pytest

from geoservice.cli import layer_create
from geoservice.cli.main import DOMAIN_ERRORS
from geoservice.domain.importing import inferring
from layers.catalogue import catalogue, hold
from tests.geoservice.own_layers import OF_SARE, run

LEDGER = """编号,名称,类型,经度,纬度,联系电话
H1,一号栓,地上,91.7712,29.2391,13812345678
H2,二号栓,地下,91.7713,29.2392,13812345679
H3,三号栓,地上,91.7714,29.2392,13812345679
H4,四号栓,地下,91.7715,29.2392,13812345679
H5,五号栓,地上,91.7716,29.2392,13812345679
H6,六号栓,地下,91.7717,29.2392,13812345679
"""


@pytest.fixture(autouse=True)
def _database(community_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("COLUMNS", "200")
    yield
    hold(())


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    file = tmp_path / "消火栓.csv"
    file.write_text(LEDGER, encoding="utf-8-sig")
    return str(file)


def said(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def created(ledger: str, *arguments: str) -> str:
    return said("create", "hydrants", "--from", ledger, *OF_SARE, "--crs", "gcj02", *arguments)


def test_it_is_shown_made_imported_into_listed_and_dropped(ledger: str) -> None:
    shown = created(ledger, "--title-zh", "消火栓", "--title-en", "Hydrants")
    assert "hydrants: 消火栓 / Hydrants, Point" in shown
    assert "地上, 地下" in shown
    assert "refused: it is about people" in shown
    assert "6 added" in shown
    assert "Nothing was made: say --commit to make it." in shown
    assert "13812345678" not in shown
    assert "hydrants" not in said("list")

    assert "The layer hydrants is made." in created(ledger, "--commit")
    hold(())  # as another process
    assert "0 added, 0 changed" in said("import", "hydrants", ledger, *OF_SARE, "--crs", "gcj02")
    assert {one["id"]: one["own"] for one in orjson.loads(said("list", "--json"))}["hydrants"]
    assert "一号栓" in said("history", "hydrants", "H1", *OF_SARE)
    hold(())
    looked = said("drop", "hydrants")
    assert "6 features (sare 6), 0 earlier versions of them and 0 kept tiles would go" in looked
    assert "hydrants" in said("list")
    assert "The layer hydrants is dropped." in said("drop", "hydrants", "--commit")
    assert "hydrants" not in catalogue()


def test_machines_are_told_the_same(ledger: str) -> None:
    told = orjson.loads(created(ledger, "--json").splitlines()[-1])

    assert told["geometry"] == "Point"
    assert told["roles"] == {"编号": "code", "经度": "lon", "纬度": "lat"}
    assert [one["name"] for one in told["columns"]] == ["name", "kind", None]
    assert told["difference"]["added"] == 6
    assert told["made"] is False
    created(ledger, "--commit", "--json")
    assert orjson.loads(said("drop", "hydrants", "--commit", "--json"))["features"] == {"sare": 6}


def test_columns_are_named_typed_and_left_out_as_told(ledger: str) -> None:
    told = orjson.loads(
        created(
            ledger, "--column", "label=名称", "--type", "kind=text", "--title", "kind=种类/Kind",
            "--without", "联系电话", "--json",
        ).splitlines()[-1]
    )  # fmt: skip

    assert [(one["name"], one["type"], one["codes"]) for one in told["columns"][:2]] == [
        ("label", "text", []), ("kind", "text", []),
    ]  # fmt: skip
    assert told["columns"][2]["why"] == "you leave it out"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--type", "kind=colour"), "a type is text"),
        (("--column", "kind"), "NAME=HEADER"),
        (("--title", "kind"), "NAME="),
    ],
)
def test_what_is_said_wrongly_is_told(ledger: str, arguments: tuple[str, ...], words: str) -> None:
    result = run("create", "hydrants", "--from", ledger, *OF_SARE, *arguments)

    assert result.exit_code == 2
    assert words in result.output


def test_limits_are_settings(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEOSERVICE_OWN_LAYER_COLUMNS", "1")

    with pytest.raises(DOMAIN_ERRORS, match="more columns than one may have"):
        created(ledger, "--commit")


def test_without_a_database_built_in_layers_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL")
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(tmp_path))

    shown = said("list")

    assert "Built-in layers alone" in shown
    assert "cameras" in shown


def test_whole_numbers_of_64_bits_come_in_exactly(tmp_path: Path, community_url: str) -> None:
    meters = [2**63 - 1, -(2**63), 2**53 + 1, 7]
    file = tmp_path / "meters.csv"
    rows = [f"M{n},{meter},91.771{n},29.2391" for n, meter in enumerate(meters)]
    file.write_text("\n".join(["编号,表号,经度,纬度", *rows]) + "\n", encoding="utf-8")
    told = ("--crs", "wgs84", "--column", "meter=表号")
    said("create", "meters", "--from", str(file), *OF_SARE, *told, "--type", "meter=integer", "--commit")

    with psycopg.connect(community_url) as connection:
        stored = connection.execute("SELECT meter FROM geoservice.own_meters ORDER BY code").fetchall()
    assert [meter for (meter,) in stored] == meters
    assert "4 the same, 0 refused" in said("import", "meters", str(file), *OF_SARE, *told)

    file.write_text(f"编号,表号,经度,纬度\nM0,{2**63},91.7711,29.2391\n", encoding="utf-8")
    assert "larger than any number" in said("import", "meters", str(file), *OF_SARE, *told)


def test_the_types_that_may_be_told_are_those_that_are_known() -> None:
    assert get_args(inferring.Kind) == layer_create._KINDS
