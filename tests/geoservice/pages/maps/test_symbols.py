"""What is drawn of a status, on screens and on paper, is what the catalogue of layers says of it."""

from __future__ import annotations

import re
from pathlib import Path

from geoservice.maps.sheets.symbols import point_mark
from geoservice.pages.maps.rendering import OPEN
from geoservice.pages.shell.frame import TEMPLATES
from layers.incidents.layer import INCIDENTS, STATUS_COLOURS, STATUS_MARKS, STATUSES
from layers.incidents.queries import OPEN_STATUSES
from layers.style import MARKS

TOKENS = Path(__file__).parents[4] / "geoservice/pages/shell/static/styles/tokens.css"
IN_HAND = next(style for style in INCIDENTS.styles if style.id == "incidents_in_hand")


def test_colours_of_pages_are_those_of_the_catalogue() -> None:
    light = TOKENS.read_text(encoding="utf-8").partition("@media")[0]

    for status, colour in STATUS_COLOURS.items():
        assert f"--{status}: {colour};" in light


def test_every_status_has_a_mark_and_no_two_in_hand_have_one() -> None:
    assert STATUS_MARKS.keys() == STATUSES.keys()
    assert set(STATUS_MARKS.values()) == MARKS.keys()
    assert set(OPEN) == OPEN_STATUSES == STATUS_COLOURS.keys()
    assert len({STATUS_MARKS[status] for status in OPEN}) == len(OPEN)


def test_lists_maps_and_paper_draw_the_same_path() -> None:
    held = TEMPLATES.get_template("shell/templates/symbols.html").module.all_marks()
    for status in OPEN:
        path = MARKS[STATUS_MARKS[status]].path
        told = re.search(rf'data-status="{status}" data-fill="(#\w+)".*?<path d="([^"]+)"', held)

        assert told is not None
        assert told.groups() == (STATUS_COLOURS[status], path)
        assert f'<path d="{path}"' in point_mark(IN_HAND, {"status": status}, 10, 20)
