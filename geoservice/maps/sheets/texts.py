"""Text on paper, in millimetres."""

from __future__ import annotations

import html
from collections.abc import Iterator

from geoservice.maps.sheets.paper import Box

TEXT_MM, SMALL_MM = 3.2, 2.6


def text_at(
    x: float, y: float, text: str, size: float, *, bold: bool = False, anchor: str = "", room: int = 60
) -> str:  # fmt: skip
    """Return a text from a place on, cut where it has no room for more letters, which it shows."""
    weight = ' font-weight="bold"' if bold else ""
    side = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:g}" y="{y:.2f}" font-size="{size}"{weight}{side}>{fitted(text, room)}</text>'


def fitted(text: str, room: int) -> str:
    """Return a text that has room for so many letters, or its beginning, saying so."""
    return html.escape(text if len(text) <= room else f"{text[: room - 1]}…")


def folded(text: str, letters: int = 40) -> list[str]:
    """Return a text in lines; a wide letter counts twice."""
    lines, line, room = [], "", float(letters)
    for word in _words(text):
        width = sum(2 if ord(letter) > 0x2E80 else 1 for letter in word)
        if line and width > room:
            lines.append(line.strip())
            line, room = "", float(letters)
        line, room = line + word, room - width
    return [*lines, line.strip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        if ord(letter) > 0x2E80:
            yield from filter(None, (word, letter))
            word = ""
            continue
        word += letter
        if letter == " ":
            yield word
            word = ""
    if word:
        yield word


def rect(box: Box) -> str:
    """Return the attributes of a rectangle."""
    return f'x="{box.left:g}" y="{box.top:g}" width="{box.width:g}" height="{box.height:g}"'
