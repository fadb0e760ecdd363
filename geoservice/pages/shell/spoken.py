"""In which language the parts of a page are: where another one stands in for its own, `lang` says so (WCAG 3.1.2).

Words come from the catalogue, from the data and from people, and none says where from. Script tells: on a Tibetan page,
what has Chinese characters and no Tibetan is Chinese. What scripts of a page write is told apart by the same rule in
static/scripts/spoken.js.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from geoservice.domain.languages import HTML_LANG, STAND_IN, Language

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_TIBETAN = re.compile("[\u0f00-\u0fff]")
#: Attributes that are read to people.
_SAID = frozenset(("title", "aria-label", "placeholder", "alt", "label"))
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
Attributes = list[tuple[str, str | None]]


@dataclass
class _Element:
    """An element: where its tag stands among the pieces, what it says itself, in which language that is known to be."""

    name: str
    piece: int
    parent: _Element | None
    attributes: dict[str, str | None]
    texts: list[str] = field(default_factory=list)

    def said(self, language: Language) -> str | None:
        """Return the language of its own words by their script; None where they tell nothing."""
        read = "".join(text or "" for name, text in self.attributes.items() if name in _SAID)
        return _told("".join(self.texts), language) or _told(read, language)


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
    page = _Page()
    page.feed(markup)
    page.close()
    spoken: dict[int, str] = {}
    for one in page.elements:
        around = HTML_LANG[language] if one.parent is None else spoken[id(one.parent)]
        stated = one.attributes.get("lang")
        spoken[id(one)] = stated or one.said(language) or around
        if stated is None and spoken[id(one)] != around:
            name, tag = len(one.name) + 1, page.pieces[one.piece]
            page.pieces[one.piece] = f'{tag[:name]} lang="{spoken[id(one)]}"{tag[name:]}'
    return "".join((*page.pieces, page.rawdata))  # what never ends is not read


class _Page(HTMLParser):
    """Reads markup into its pieces, as written but for the letters of end tags, and its elements as they begin."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self.elements: list[_Element] = []
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self._open.append(self.elements[-1])

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.pieces.append(self.get_starttag_text() or "")
        parent = self._open[-1] if self._open else None
        self.elements.append(_Element(tag, len(self.pieces) - 1, parent, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append(f"</{tag}>")
        names = [one.name for one in self._open]
        if tag in names:  # and what was left open in it
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
        if self._open and self._open[-1].name not in self.CDATA_CONTENT_ELEMENTS:
            self._open[-1].texts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.pieces.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.pieces.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self.pieces.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.pieces.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.pieces.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.pieces.append(f"<![{data}]]>" if "[" in data else f"<![{data}]>")
