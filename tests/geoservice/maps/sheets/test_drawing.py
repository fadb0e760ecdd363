"""What is drawn on a sheet: areas with holes, names that stand apart, signs of what is there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geoservice.maps.sheets.labels import Label, along, placed, text_width
from geoservice.maps.sheets.paper import Box
from geoservice.maps.sheets.symbols import icon_definitions, icon_name, path_of, values_seen
from geoservice.maps.sheets.texts import folded
from layers.catalogue import catalogue

FRAME = Box(0, 0, 100, 100)
NO_MARKS = np.array([], dtype=object)


def rings_of(path: str) -> list[shapely.LinearRing]:
    return [
        shapely.LinearRing([[float(n) for n in pair.split(",")] for pair in ring.rstrip("Z").split("L")])
        for ring in path.split("M")[1:]
    ]


def test_a_hole_turns_the_other_way_round() -> None:
    area = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 2), (2, 4), (4, 4), (4, 2)]])
    for one in (area, area.reverse()):
        outer, hole = rings_of(path_of(np.array([one], dtype=object)))
        assert outer.is_ccw != hole.is_ccw
        assert shapely.Polygon(outer, [hole]).equals(area)


def test_what_is_empty_or_a_point_is_no_path() -> None:
    some = [shapely.Polygon(), shapely.Point(1, 1), shapely.GeometryCollection()]
    assert path_of(np.array(some, dtype=object)) == ""


def test_a_line_is_not_closed() -> None:
    assert path_of(np.array([shapely.LineString([(0, 0), (3, 4)])], dtype=object)) == "M0,0L3,4"


def test_names_stand_within_the_frame_and_none_over_another() -> None:
    rng = np.random.default_rng(7)
    labels = [
        Label(f"Name {n}", *rng.uniform(-5, 105, 2), size=2.5, angle=float(rng.uniform(-90, 90))) for n in range(400)
    ]
    written = list(placed([[label] for label in labels], FRAME, NO_MARKS))
    shown = [label for label in labels if f">{label.text}<" in "".join(written)]
    rooms = []
    for label in shown:
        half = text_width(label.text, 2.5) / 2
        flat = shapely.box(label.x - half, label.y - 1.2, label.x + half, label.y + 1.2)
        rooms.append(shapely.affinity.rotate(flat, label.angle, origin=(label.x, label.y)))

    assert 20 < len(shown) == len(written) < 400
    assert all(shapely.box(0, 0, 100, 100).buffer(0.01).contains(room) for room in rooms)
    tree = shapely.STRtree(rooms)
    assert all(len(tree.query(room, predicate="overlaps")) == 0 for room in rooms)


def test_the_first_of_two_names_for_one_place_stands() -> None:
    names = [Label("first", 50, 50, 3), Label("second", 51, 50, 3), Label("third", 50, 80, 3)]

    assert texts_of([[name] for name in names], NO_MARKS) == ["first", "third"]


def test_a_name_stands_where_no_mark_is() -> None:
    marks = np.array([shapely.Point(50, 50).buffer(1.8), shapely.Point(50, 80).buffer(1.8)], dtype=object)
    beside = [Label("beside", 50, 50, 3), Label("beside", 50, 56, 3)]
    left_out, covering = [Label("left out", 50, 80, 3)], [Label("covering", 50, 80, 3, covers=True)]

    assert list(placed([beside], FRAME, marks)) == list(placed([beside[1:]], FRAME, NO_MARKS))
    assert texts_of([beside, left_out, covering, covering], marks) == ["beside", "covering"]


def texts_of(names: Sequence[Sequence[Label]], marks: NDArray[np.object_]) -> list[str]:
    return [re.sub("<[^>]*>", "", text) for text in placed(names, FRAME, marks)]


@pytest.mark.parametrize(
    ("line", "angle"),
    [([(0, 0), (90, 0)], 0), ([(90, 0), (0, 0)], 0), ([(0, 90), (0, 0)], 90), ([(50, 50), (0, 0)], 45)],
)
def test_a_street_is_named_along_it_and_never_upside_down(line: list[tuple[float, float]], angle: float) -> None:
    labels = along(shapely.LineString(line), "Naidong Road", 2.6)
    assert labels
    assert [label.angle for label in labels] == pytest.approx([angle] * len(labels))


def test_a_street_that_is_too_short_for_its_name_has_none() -> None:
    assert along(shapely.LineString([(0, 0), (10, 0)]), "Naidong Road", 2.6) == []


def test_names_are_text() -> None:
    (written,) = placed([[Label("<script>&'\"", 50, 50, 3)]], FRAME, NO_MARKS)
    assert "<script" not in written
    assert "&lt;script&gt;&amp;" in written


def test_every_icon_can_be_used_and_what_has_none_gets_another() -> None:
    symbols = re.findall(r'<symbol id="icon-([a-z_]+)" viewBox="[\d. ]+">', icon_definitions())
    style = next(style for layer in catalogue().values() for style in layer.styles if style.symbol == "icon")
    assert set(style.legend) - {"other"} <= set(symbols)
    assert [icon_name(one) for one in ("partner", "", "../favicon", "nothing")] == ["partner", *["other"] * 3]


def test_a_legend_tells_what_is_there_and_no_more() -> None:
    layer = catalogue()["incidents"]
    style = next(one for one in layer.styles if one.id == "incidents_in_hand")
    assert values_seen(layer, style, [{"status": "accepted"}, {"status": "closed"}]) == ["accepted"]
    assert values_seen(layer, style, []) == []


@pytest.mark.parametrize(
    "text", ["CGCS2000 / 3-degree Gauss-Kruger CM 93E (EPSG:4540)", "第一网格、" * 9, "", "word " * 30]
)
def test_a_text_in_lines_is_the_whole_text(text: str) -> None:
    lines = folded(text, letters=24)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(sum(2 if ord(letter) > 0x2E80 else 1 for letter in line) <= 24 for line in lines)
