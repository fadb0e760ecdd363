"""Every word of the pages is there in every language, and no template asks for another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geoservice.domain.languages import HTML_LANG, LANGUAGES, OWN_NAME, STAND_IN, Language, language_of
from geoservice.domain.lifecycle.table import STEPS
from geoservice.pages.desk.address import FILTERS, VIEWS
from geoservice.pages.desk.steps import BULK, KEYS
from geoservice.pages.words.catalogue import PAGES, PARTS, own_words, words
from geoservice.pages.words.editor_refusals import KINDS as KIND_WORDS
from geoservice.web.problems import HTTP_KINDS, INTERNAL, KINDS
from layers.db.sentences import SENTENCES

HOUSE = Path(__file__).parents[3] / "geoservice"
ROOMS = Path(__file__).parents[3] / "geoservice" / "pages"
ASKED = re.compile(r"""words(?:\.([a-z_]+)|\["([a-z_.0-9-]+)"\])""")
#: The pages that the frame for a phone is of.
PHONE = ("report", "follow", "officer")
HOLES = re.compile(r"\{([a-z_]+)(?::[^}]*)?\}")
#: Languages that have all words.
WHOLE: tuple[Language, ...] = tuple(one for one in LANGUAGES if one not in STAND_IN)
HAN, TIBETAN = re.compile("[\u3400-\u9fff]"), re.compile("[\u0f00-\u0fff]")


@pytest.mark.parametrize("page", PAGES)
def test_every_line_has_every_language_and_the_same_holes(page: str) -> None:
    for key, line in PAGES[page].items():
        assert len(line) == len(WHOLE), key
        assert all(text.strip() for text in line), key
        assert len({frozenset(HOLES.findall(text)) for text in line}) == 1, key


def test_every_language_has_a_name() -> None:
    assert set(HTML_LANG) == set(OWN_NAME) == set(LANGUAGES)
    assert [language_of(one) for one in ("en", "zh", "xx", "", None)] == ["en", "zh", None, None, None]


def test_what_has_no_words_in_a_language_is_said_by_the_one_that_stands_in_for_it() -> None:
    assert set(STAND_IN) == set(PARTS)
    assert set(STAND_IN.values()) <= set(WHOLE)
    for language, said in PARTS.items():
        assert set(said) <= set(PAGES)
        for page, lines in PAGES.items():
            own, whole = said.get(page, {}), own_words(page, STAND_IN[language])
            assert set(own) <= set(lines), page
            assert own_words(page, language) == whole | own
            for key, text in own.items():
                assert text.strip(), (page, key)
                assert set(HOLES.findall(text)) == set(HOLES.findall(whole[key])), (page, key)
    assert own_words("maps", "bo")["search"] == "འཚོལ་བ།"
    assert own_words("maps", "bo")["heat"] == own_words("maps", "zh")["heat"]


def test_what_is_called_tibetan_is_written_in_tibetan() -> None:
    """A word of Chinese in it, or of another script, would be read aloud as Tibetan."""
    for page, lines in PARTS["bo"].items():
        for key, text in lines.items():
            bare = HOLES.sub("", text).replace("JavaScript", "")
            assert not HAN.search(bare), (page, key)
            assert not re.search("[A-Za-z]|[\u0f0b\u0f0d][ ]*\u0f0b", bare), (page, key)
            assert TIBETAN.search(bare) or not re.search("[^ \\d/,;]", bare), (page, key)


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


def test_every_refusal_that_the_editor_meets_has_its_words() -> None:
    """Of each code that an edit is refused with, of the problems that its doors answer, of the rules it can break."""
    said = words("editor", "zh")
    code = re.compile(r'(?:code=|else )"([a-z]+(?:-[a-z]+)+)"')
    sources = [path.read_text(encoding="utf-8") for path in sorted(HOUSE.glob("**/*.py"))]
    codes = {one for text in sources if "EditRefused" in text for one in code.findall(text)}
    assert len(codes) > 30
    assert {f"edit.{one}" for one in codes} <= set(said)
    assert {f"edit.{one}" for one in codes} >= {key for key in said if key.startswith("edit.")}
    slugs = {kind.slug for kind in (*KINDS.values(), *HTTP_KINDS.values(), INTERNAL)}
    told = {key.removeprefix("refused.") for key in KIND_WORDS} - {"0", "other", "sign_in", "close"}
    assert told <= slugs
    assert {key.removeprefix("rule.") for key in said if key.startswith("rule.")} <= set(SENTENCES)
