"""Which pages somebody is led to: by the table of permissions."""

from __future__ import annotations

from dataclasses import dataclass

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.languages import Language
from geoservice.web.language import page_address

#: Key of the words of each page, its address in a jurisdiction and the permission that opens it; of several ways to one
#: the first that is open.
_PAGES = (
    ("page.desk", "/desk/{jurisdiction}", Permission.USE_DESK),
    ("page.editor", "/maps/{jurisdiction}/edit", Permission.READ_DRAFTS),
    ("page.figures", "/figures/{jurisdiction}", Permission.VIEW_FIGURES),
    ("page.audit", "/audit/{jurisdiction}", Permission.READ_AUDIT),
    ("page.admin", "/admin/{jurisdiction}", Permission.MANAGE_ACCOUNTS),
    ("page.admin", "/admin/{jurisdiction}/layers", Permission.UNDO_CHANGES),
    ("page.maps", "/maps/{jurisdiction}", Permission.VIEW_MAP),
    ("page.wall", "/maps/{jurisdiction}/wall", Permission.VIEW_FIGURES),
)


@dataclass(frozen=True)
class Lead:
    """A way to a page."""

    #: Key of its words.
    word: str
    url: str
    #: Whether it is the page that is shown.
    here: bool


def leads(identity: Identity, jurisdiction: str, here: str, language: Language) -> tuple[Lead, ...]:
    """Return the ways to the pages that somebody may open, in a jurisdiction.

    Parameters
    ----------
    here
        Key of the words of the page that is shown.
    """
    ways: dict[str, str] = {}
    for word, path, needed in _PAGES:
        if permitted(identity, needed):
            ways.setdefault(word, path.format(jurisdiction=jurisdiction))
    return tuple(Lead(word, page_address(path, language), word == here) for word, path in ways.items())
