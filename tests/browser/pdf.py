"""What is in a PDF that a Chromium made: its pages, whether its fonts are in it, its text."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_OBJECT = re.compile(rb"\n(\d+) 0 obj\s*(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_MM = 25.4 / 72
#: Of a page: what stands for letters that a font has otherwise, until its end; which font is taken, what is written.
_WRITTEN = re.compile(rb"/ActualText <FEFF([0-9A-F]+)>|\b(EMC)\b|/(F\d+) [\d.]+ Tf|<([0-9A-F]+)> ?Tj|\[([^\]]*)\] ?TJ")
_MAPPED = re.compile(rb"<([0-9A-F]+)> <([0-9A-F]+)>(?: <([0-9A-F]+)>)?", re.IGNORECASE)


@dataclass(frozen=True)
class Pdf:
    """A PDF by its objects, each as it is written, what is packed unpacked."""

    objects: dict[int, bytes]

    @classmethod
    def of(cls, pdf: bytes) -> Pdf:
        """Read a file."""
        return cls({int(number): _unpacked(body) for number, body in _OBJECT.findall(pdf)})

    @property
    def pages(self) -> list[bytes]:
        """Return the objects of the pages, in their order."""
        return [one for _, one in sorted(self.objects.items()) if re.search(rb"/Type /Page\b", one)]

    @property
    def sizes_mm(self) -> list[tuple[float, float]]:
        """Return width and height of each page."""
        boxes = (re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", page) for page in self.pages)
        return [(float(box[1]) * _MM, float(box[2]) * _MM) for box in boxes if box]

    @property
    def fonts_are_inside(self) -> bool:
        """Return whether every font is in the file: drawn letter by letter (Type 3), or as a file of its own."""
        fonts = [one for one in self.objects.values() if re.search(rb"/Type /Font\b", one)]
        return bool(fonts) and all(b"/Subtype /Type3" in one or self._is_filed(one) for one in fonts)

    def _is_filed(self, font: bytes) -> bool:
        within = re.search(rb"/DescendantFonts \[(\d+) 0 R", font)
        described = re.search(rb"/FontDescriptor (\d+) 0 R", self.objects[int(within[1])] if within else font)
        return described is not None and b"/FontFile" in self.objects[int(described[1])]

    def text(self, page: bytes) -> str:
        """Return the text of a page, each letter as it is searched for (Unicode's form NFKC)."""
        fonts = self._fonts(page)
        contents = re.search(rb"/Contents (\d+) 0 R", page)
        assert contents is not None
        return unicodedata.normalize("NFKC", "".join(_written(self.objects[int(contents[1])], fonts)))

    def _fonts(self, page: bytes) -> dict[bytes, dict[int, str]]:
        """Return the letters of the codes of each font of a page."""
        found = re.search(rb"/Font (?:<<(.*?)>>|(\d+) 0 R)", page, re.DOTALL)
        assert found is not None
        names = found[1] or self.objects[int(found[2])]
        return {name: self._letters(int(number)) for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", names)}

    def _letters(self, font: int) -> dict[int, str]:
        table = re.search(rb"/ToUnicode (\d+) 0 R", self.objects[font])
        return {} if table is None else _letters(self.objects[int(table[1])])


def _unpacked(body: bytes) -> bytes:
    packed = _STREAM.search(body)
    if packed is None:
        return body
    try:
        # Its last byte may look like the end of a line: nothing but the sum of the check is lost then.
        return body[: packed.start()] + zlib.decompressobj().decompress(packed[1])
    except zlib.error:
        return body


def _letters(table: bytes) -> dict[int, str]:
    """Return what a table says that codes are (bfchar and bfrange of a CMap)."""
    found: dict[int, str] = {}
    for part in re.findall(rb"beginbf(?:char|range)(.*?)endbf", table, re.DOTALL):
        for first, second, third in _MAPPED.findall(part):
            last, text = (second, third) if third else (first, second)
            letter = bytes.fromhex(text.decode()).decode("utf-16-be")
            for step in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + step] = letter[:-1] + chr(ord(letter[-1]) + step)
    return found


def _written(contents: bytes, fonts: dict[bytes, dict[int, str]]) -> Iterator[str]:
    letters: dict[int, str] = {}
    stands_for_it = False
    for actual, end, font, code, several in _WRITTEN.findall(contents):
        stands_for_it = bool(actual) or (stands_for_it and not end)
        if actual:
            yield bytes.fromhex(actual.decode()).decode("utf-16-be")
        if font:
            letters = fonts[font]
        for text in [] if stands_for_it else [code, *re.findall(rb"<([0-9A-F]+)>", several)]:
            digits = 2 if not letters or max(letters) < 256 else 4
            yield from (letters.get(int(text[at : at + digits], 16), "") for at in range(0, len(text), digits))
