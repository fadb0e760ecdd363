"""Text on paper, in millimetres."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterator

from geoservice.maps.sheets.paper import Box

TEXT_MM, SMALL_MM = 3.2, 2.6
#: What a line may end with: a space; of Tibetan, which has few, tsheg and shad.
_ENDS = " \u0f0b\u0f0d"


def text_at(
    x: float, y: float, text: str, size: float, *, bold: bool = False, anchor: str = "", room: int = 60
) -> str:  # fmt: skip
    """Return a text from a place on, cut where it has no room for more letters, which it shows."""
    weight = ' font-weight="bold"' if bold else ""
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:.2f}" font-size="{size}"{weight}{side}>{fitted(text, room)}</text>'


def fitted(text: str, room: int) -> str:
    """Return a text that has room for so many letters, or its beginning, saying so."""
    if len(text) <= room:
        return html.escape(text)
    end = room - 1
    while end > 0 and unicodedata.category(text[end]) == "Mn":
        end -= 1  # what is stacked on a letter goes with it
    return html.escape(f"{text[:end]}…")


def folded(text: str, letters: int = 40) -> list[str]:
    """Return a text in lines; a wide letter counts twice."""
    lines, line, room = [], "", float(letters)
    for word in _words(text):
        width = sum(map(_width, word))
        if line and width > room:
            lines.append(line.strip())
            line, room = "", float(letters)
        line, room = line + word, room - width
    return [*lines, line.strip()] if line.strip() else lines


def _width(letter: str) -> int:
    """Return 2 for a wide letter, 0 for what is stacked on the one before it."""
    if unicodedata.category(letter) == "Mn":
        return 0
    return 2 if ord(letter) > 0x2E80 else 1


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        if ord(letter) > 0x2E80:
            yield from filter(None, (word, letter))
            word = ""
            continue
        word += letter
        if letter in _ENDS:
            yield word
            word = ""
    if word:
        yield word


def rect(box: Box) -> str:
    """Return the attributes of a rectangle."""
    return f'x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}"'
