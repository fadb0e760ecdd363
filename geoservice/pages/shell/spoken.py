"""In which language the parts of a page are: where another one stands in for its own, `lang` says so (WCAG 3.1.2).

Words come from the catalogue, from the data and from people, and none says where from. Script tells: on a Tibetan page,
what has Chinese characters and no Tibetan is Chinese. What scripts of a page write is told apart by the same rule in
static/scripts/spoken.js.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from geoservice.domain.languages import HTML_LANG, STAND_IN, Language

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_TIBETAN = re.compile("[\u0f00-\u0fff]")
#: Markup of ours: a comment or declaration, a tag, text.
_PIECE = re.compile(
    r"<!--.*?-->|<![^>]*>"
    r"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*)(?P<rest>(?:[^\"'>]|\"[^\"]*\"|'[^']*')*)>|(?P<text>[^<]+|<)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""\s(?:title|aria-label|placeholder|alt|label)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LANG = re.compile(r"""\slang\s*=\s*["']?([A-Za-z-]+)""")
_RAW = frozenset(("script", "style"))
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)


@dataclass
class _Element:
    """An element: where its tag stands among the pieces, what it says itself, in which language that is known to be."""

    name: str
    piece: int
    parent: _Element | None
    stated: str | None
    attributes: str
    texts: list[str] = field(default_factory=list)

    def said(self, language: Language) -> str | None:
        """Return the language of its own words by their script; None where they tell nothing."""
        return _told("".join(self.texts), language) or _told(self.attributes, language)


def _told(text: str, language: Language) -> str | None:
    if _TIBETAN.search(text):
        return HTML_LANG["bo"]
    return HTML_LANG[STAND_IN[language]] if _HAN.search(text) else None


def with_languages(markup: str, language: Language) -> str:
    """Return markup with `lang` on each element whose own words are of another language than what it stands in.

    Markup in a language that has all its words is returned as it is; a language that was stated stays.
    """
    if language not in STAND_IN:
        return markup
    pieces, elements = _read(markup)
    spoken: dict[int, str] = {}
    for one in elements:
        around = HTML_LANG[language] if one.parent is None else spoken[id(one.parent)]
        spoken[id(one)] = one.stated or one.said(language) or around
        if one.stated is None and spoken[id(one)] != around:
            name = len(one.name) + 1
            tag = pieces[one.piece]
            pieces[one.piece] = f'{tag[:name]} lang="{spoken[id(one)]}"{tag[name:]}'
    return "".join(pieces)


def _read(markup: str) -> tuple[list[str], list[_Element]]:
    """Return the pieces of markup, and its elements in the order in which they begin."""
    pieces: list[str] = []
    elements: list[_Element] = []
    open_: list[_Element] = []
    position = 0
    while found := _PIECE.match(markup, position):
        pieces.append(found[0])
        position = found.end()
        if found["text"] is not None and open_:
            open_[-1].texts.append(found["text"])
        elif found["name"] is not None and found["end"]:
            _close(open_, found["name"].lower())
        elif found["name"] is not None and found["name"].lower() in _RAW:
            end = markup.find(f"</{found['name']}", position)
            pieces.append(markup[position:] if end < 0 else markup[position:end])
            position = len(markup) if end < 0 else end
        elif found["name"] is not None:
            one = _element(found, len(pieces) - 1, open_[-1] if open_ else None)
            elements.append(one)
            if one.name.lower() not in _VOID and not found["rest"].endswith("/"):
                open_.append(one)
    return pieces, elements


def _element(found: re.Match[str], piece: int, parent: _Element | None) -> _Element:
    stated = _LANG.search(found["rest"])
    attributes = "".join(one or other for one, other in _ATTRIBUTE.findall(found["rest"]))
    return _Element(found["name"], piece, parent, None if stated is None else stated[1], attributes)


def _close(open_: list[_Element], name: str) -> None:
    """Take an element from those that are open, and what was left open in it."""
    for place in range(len(open_) - 1, -1, -1):
        if open_[place].name.lower() == name:
            del open_[place:]
            return
