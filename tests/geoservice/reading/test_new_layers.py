"""What a file would become as a layer of its own: geometry, types, codes, names; what is left out, what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely

from geoservice.domain.importing.inferring import ColumnChoices
from geoservice.errors import OwnLayerRefused
from geoservice.reading.file_errors import KeyAbsent, LayerWithoutPlaces
from layers.title import Title
from tests.geoservice.own_layers import geojson, read, types

POINTS = [shapely.Point(91.77 + n / 1e4, 29.24) for n in range(12)]
LEDGER = """公交站点表,,,,,,,,
站点编号,站点名称,类型,线路数,启用日期,有座椅,经度,纬度,负责人
{rows}
"""


def ledger(tmp_path: Path) -> Path:
    rows = "\n".join(
        f"S{n:02},{n}号公交站,{'首末站' if n % 4 else '中途站'},{n},2026-0{n % 9 + 1}-11,{'是' if n % 3 else '否'},"
        f"{91.77 + n / 1e4},29.24,王小明"
        for n in range(12)
    )
    file = tmp_path / "公交站.csv"
    file.write_text(LEDGER.format(rows=rows), encoding="gbk")
    return file


def test_a_ledger_of_bus_stops(tmp_path: Path) -> None:
    made = read(ledger(tmp_path), "bus_stops", ColumnChoices(names={"routes": "线路数"}), mapping={"code": "站点编号"})

    assert made.layer.geometry == "Point"
    assert types(made) == {
        "column_1": "text", "kind": "codes", "routes": "integer", "column_4": "instant", "column_5": "boolean",
    }  # fmt: skip
    assert made.layer.column("kind").title == Title("类型", "类型")
    refused = {one.header: one.why for one in made.columns if one.column is None}
    assert refused == {"负责人": "refused: it is about people, by its name"}
    assert made.features.keys[:2] == ["S00", "S01"]
    assert len(made.features.keys) == 12
    assert "王小明" not in repr(made)


def test_types_are_those_of_what_stands_in_columns(tmp_path: Path) -> None:
    file = geojson(
        tmp_path / "f.geojson", POINTS,
        whole=list(range(12)), decimal=[n / 2 for n in range(12)], large=[2**40 + n for n in range(12)],
        leading=[f"0{n}" for n in range(12)], yes=[n % 2 == 0 for n in range(12)], empty=[None] * 12,
        day=["2026-05-01"] * 12, instant=["2026-05-01T10:00:00+08:00"] * 12,
        few=["high", "low", "High "] * 4, free=[f"text {n}" for n in range(12)],
    )  # fmt: skip

    made = read(file)

    assert types(made) == {
        "whole": "integer", "decimal": "number", "large": "text", "leading": "text", "yes": "boolean",
        "day": "instant", "instant": "instant", "few": "codes", "free": "text",
    }  # fmt: skip
    assert len(made.layer.column("few").codes) == 2
    assert [one.why for one in made.columns if one.column is None] == ["it is empty"]
    assert made.features.refused == ()


def test_what_is_told_of_columns_counts(tmp_path: Path) -> None:
    file = geojson(tmp_path / "f.geojson", POINTS, **{"kind": ["a", "b"] * 6, "Depth (m)": [1] * 12, "x": ["y"] * 12})
    told = ColumnChoices(
        kinds={"kind": "text", "depth": "number"}, titles={"depth": Title("深度", "Depth")}, without=frozenset({"x"})
    )

    made = read(file, told=told)

    assert types(made) == {"kind": "text", "depth": "number"}
    assert made.layer.column("depth").title == Title("深度", "Depth")
    assert made.layer.column("depth").unit == "m"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (ColumnChoices(names={"kind": "knid"}), "did you mean kind?"),
        (ColumnChoices(names={"geom": "kind"}), "some names are taken"),
        (ColumnChoices(names={"a; DROP TABLE x": "kind"}), "small letters"),
        (ColumnChoices(names={"a": "kind", "b": "kind"}), "two names"),
        (ColumnChoices(kinds={"kidn": "text"}), "did you mean kind?"),
        (ColumnChoices(titles={"kidn": Title("a", "b")}), "did you mean kind?"),
        (ColumnChoices(without=frozenset({"nothing"})), "is no column of the file"),
    ],
)
def test_what_is_told_wrongly_is_refused_with_what_there_is(tmp_path: Path, told: ColumnChoices, words: str) -> None:
    file = geojson(tmp_path / "f.geojson", POINTS, kind=["a", "b"] * 6)

    with pytest.raises(OwnLayerRefused) as refused:
        read(file, told=told)

    assert words in str(refused.value)


def test_hostile_headers_become_names_of_letters_and_digits(tmp_path: Path) -> None:
    headers = ['"; DROP TABLE camera; --', "id", "geom", "ID", "xmin", "A" * 300, "1st", "'", "\u202eevil", "a_history",
               "名称", "name", "Name", "%s", ":x", "SELECT"]  # fmt: skip
    file = geojson(tmp_path / "f.geojson", POINTS, **{header: [f"v {n}" for n in range(12)] for header in headers})

    made = read(file)

    names = [one.column.name for one in made.columns if one.column]
    assert len(set(names)) == len(names) == len(headers)
    assert all(name.isascii() and len(name) <= 40 and name.replace("_", "a").isalnum() for name in names)
    assert {"file_id", "file_geom", "name", "name_2", "select"} <= set(names)
    assert all("\u202e" not in one.column.title.zh for one in made.columns if one.column)


def test_columns_that_look_like_persons_are_left_out_unless_their_words_are_none(tmp_path: Path) -> None:
    names = ["王伟", "李娜", "张敏", "刘洋"] * 3
    file = geojson(
        tmp_path / "f.geojson", POINTS, watch=names, contact_phone=["13812345678"] * 12, note=["13812345678"] * 12
    )

    made = read(file)
    assert types(made) == {}
    assert len([one for one in made.columns if one.why.startswith("refused")]) == 3

    told = read(file, no_persons=frozenset({"watch"}))
    assert types(told) == {"watch": "codes"}


def test_lines_and_areas_and_what_is_more_counts(tmp_path: Path) -> None:
    line, area = shapely.LineString([(91.7, 29.2), (91.8, 29.2)]), shapely.box(91.7, 29.2, 91.8, 29.3)
    for geoms, geometry, refused in (
        ([line, line], "MultiLineString", 0), ([area, line], "Geometry", 0),
        ([area, *POINTS[:1], area], "MultiPolygon", 1), ([*POINTS[:3], line], "Point", 1),
        ([shapely.MultiPolygon([area]), area], "MultiPolygon", 0),
    ):  # fmt: skip
        made = read(geojson(tmp_path / "f.geojson", geoms))
        assert made.layer.geometry == geometry
        assert len(made.features.refused) == refused


def test_a_file_that_says_too_little_is_told_what_to_say(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.csv"
    nowhere.write_text("code,kind\nA,x\nB,y\n")
    with pytest.raises(LayerWithoutPlaces):
        read(nowhere)
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("lon,lat,kind\n91.77,29.24,x\n91.78,29.24,x\n")
    with pytest.raises(KeyAbsent):
        read(nameless)


def test_decimals_and_days_as_in_german_are_numbers_and_days(tmp_path: Path) -> None:
    file = geojson(
        tmp_path / "f.geojson", POINTS,
        height=["12,5", "3,0", "7"] * 4, day=["24.12.2025", "1.1.2026"] * 6, coded=["0301", "0302"] * 6,
        perhaps=["1,200", "3"] * 6,
    )  # fmt: skip

    made = read(file)

    assert types(made) == {"height": "number", "day": "instant", "coded": "codes", "perhaps": "codes"}
    assert made.features.values["height"][:3] == [12.5, 3.0, 7.0]
    assert made.features.refused == ()
