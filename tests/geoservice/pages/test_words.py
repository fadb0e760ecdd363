"""Every word of the pages is there in every language, and no template asks for another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geoservice.domain.languages import HTML_LANG, LANGUAGES, OWN_NAME, language_of
from geoservice.domain.lifecycle.table import STEPS
from geoservice.pages.desk.address import FILTERS, VIEWS
from geoservice.pages.desk.steps import BULK, KEYS
from geoservice.pages.words.catalogue import PAGES, words

ROOMS = Path(__file__).parents[3] / "geoservice" / "pages"
ASKED = re.compile(r"""words(?:\.([a-z_]+)|\["([a-z_.0-9-]+)"\])""")
#: The pages that the frame for a phone is of.
PHONE = ("report", "follow", "officer")
HOLES = re.compile(r"\{([a-z_]+)(?::[^}]*)?\}")


@pytest.mark.parametrize("page", PAGES)
def test_every_line_has_every_language_and_the_same_holes(page: str) -> None:
    for key, line in PAGES[page].items():
        assert len(line) == len(LANGUAGES), key
        assert all(text.strip() for text in line), key
        assert len({frozenset(HOLES.findall(text)) for text in line}) == 1, key


def test_every_language_has_a_name() -> None:
    assert set(HTML_LANG) == set(OWN_NAME) == set(LANGUAGES)
    assert [language_of(one) for one in ("en", "zh", "xx", "", None)] == ["en", "zh", None, None, None]


def pages_of(template: Path) -> tuple[str, ...]:
    """Return the pages that a template is of, by which its words are known."""
    room = template.parts[-3]
    return {"phone": PHONE, "report": (template.stem,)}.get(room, (room,))


def test_no_template_asks_for_a_word_that_there_is_not() -> None:
    for path in sorted(ROOMS.glob("*/templates/*.html")):
        asked = {one or other for one, other in ASKED.findall(path.read_text(encoding="utf-8"))}
        for page in pages_of(path):
            assert asked <= set(words(page, "en")), path.name


def test_what_is_asked_for_by_a_name_is_there() -> None:
    said = words("desk", "zh")
    rules = {step.rule for step in STEPS} | {"reported", "followed", "corrected", "overdue", "moved by edition"}
    wanted = {f"view.{one}" for one in VIEWS} | {f"filter.{one}" for one in FILTERS} | {f"rule.{one}" for one in rules}
    wanted |= {f"{kind}.{one}" for kind in ("step", "done") for one in KEYS} | {f"step.{one}" for one in BULK}
    assert wanted <= set(said)
