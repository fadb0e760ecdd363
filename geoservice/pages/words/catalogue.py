"""Which words a page has in a language. One more language is one more place in every line of words."""

from __future__ import annotations

from typing import Literal, get_args

from geoservice.pages.words.audit import AUDIT
from geoservice.pages.words.desk import DESK
from geoservice.pages.words.figures import FIGURES
from geoservice.pages.words.shell import SHELL

Language = Literal["zh", "en"]
#: In the order in which each line of words has them; the first is spoken where none is asked for.
LANGUAGES: tuple[Language, ...] = get_args(Language)
#: What goes into the attribute `lang`, and how each is called in itself.
HTML_LANG: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
OWN_NAME: dict[Language, str] = {"zh": "中文", "en": "English"}
#: By page; those of `shell` are on every page.
PAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "shell": SHELL, "desk": DESK, "figures": FIGURES, "audit": AUDIT,
}  # fmt: skip


def words(page: str, language: Language) -> dict[str, str]:
    """Return the words of a page, and those of the shell, by their key; raise KeyError for an unknown page."""
    place = LANGUAGES.index(language)
    return {key: line[place] for key, line in (SHELL | PAGES[page]).items()}


def language_of(asked: str | None) -> Language:
    """Return the language that an address asks for, the first one for what is none."""
    return next((one for one in LANGUAGES if one == asked), LANGUAGES[0])
