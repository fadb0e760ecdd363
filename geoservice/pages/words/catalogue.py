"""Which words a page has in a language.

Chinese and English have a place in every line of words. A language that is translated in part has a list of its own,
and the one that stands in for it says the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.domain.languages import LANGUAGES, STAND_IN, Language
from geoservice.pages.words.accounts import ACCOUNTS
from geoservice.pages.words.admin import ADMIN
from geoservice.pages.words.audit import AUDIT
from geoservice.pages.words.compare import COMPARE
from geoservice.pages.words.desk import DESK
from geoservice.pages.words.editor import EDITOR
from geoservice.pages.words.figures import FIGURES
from geoservice.pages.words.maps import MAPS
from geoservice.pages.words.monthly import MONTHLY
from geoservice.pages.words.officer import OFFICER
from geoservice.pages.words.phone import PHONE
from geoservice.pages.words.print import PRINT
from geoservice.pages.words.report import FOLLOW, REPORT
from geoservice.pages.words.shell import SHELL
from geoservice.pages.words.tibetan import TIBETAN
from geoservice.pages.words.wall import WALL

#: By page; those of `shell` are on every page.
PAGES: dict[str, dict[str, tuple[str, ...]]] = {
    "shell": SHELL, "desk": DESK, "figures": FIGURES, "monthly": MONTHLY, "audit": AUDIT, "maps": MAPS, "print": PRINT,
    "editor": EDITOR, "admin": ADMIN, "accounts": ACCOUNTS, "report": PHONE | REPORT, "follow": PHONE | FOLLOW,
    "officer": PHONE | OFFICER, "wall": WALL, "compare": COMPARE,
}  # fmt: skip

#: Of the languages that are translated in part: their words by page.
PARTS: Mapping[Language, Mapping[str, Mapping[str, str]]] = {"bo": TIBETAN}


def words(page: str, language: Language) -> dict[str, str]:
    """Return the words of a page, and those of the shell, by their key; raise KeyError for an unknown page."""
    return own_words("shell", language) | own_words(page, language)


def own_words(page: str, language: Language) -> dict[str, str]:
    """Return the words of a page without the shell's, for pages that hand theirs to a script."""
    if language in STAND_IN:
        return own_words(page, STAND_IN[language]) | dict(PARTS[language].get(page, {}))
    place = LANGUAGES.index(language)
    return {key: line[place] for key, line in PAGES[page].items()}
