"""The text of a .dbf: how it is encoded, as its header says and as its bytes do, and names that were cut.

Source: dBASE III header: bytes 8-9 are its length, 10-11 that of a record, byte 29 the language driver; each field has
32 bytes from byte 32 on, its name in the first 11, its type in byte 11, its length in byte 16; a carriage return ends
them.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from geoservice.reading.encodings import is_encoding
from geoservice.reading.file_errors import EncodingNotStated, EncodingWrong

#: Language drivers that name an encoding; source: GDAL's driver page of shapefiles, after ESRI's list.
LANGUAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x08: "cp865", 0x09: "cp437", 0x0A: "cp850", 0x0D: "cp437",
    0x13: "cp932", 0x4D: "gbk", 0x4E: "cp949", 0x4F: "cp950", 0x50: "cp874", 0x57: "cp1252", 0x58: "cp1252",
    0x59: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x66: "cp865", 0x78: "cp950", 0x79: "cp949", 0x7A: "gbk",
    0x7B: "cp932", 0x7C: "cp874", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253", 0xCC: "cp1257",
}  # fmt: skip
#: What a .cpg may say besides a name that Python knows.
CODE_PAGES = {"65001": "utf-8", "936": "gbk", "54936": "gb18030", "950": "cp950", "88591": "latin-1"}
#: In these any bytes are text, so that nothing speaks against them.
_ANYTHING_GOES = frozenset(
    codecs.lookup(name).name
    for name in ("latin-1", "cp437", "cp850", "cp1252", "cp865", "cp852", "cp866", "cp1250", "cp1251", "cp1253",
                 "cp1254", "cp1257", "cp932")
)  # fmt: skip
#: Of the characters beside ASCII of European text, at least so many are letters.
_LETTERS = 0.8
#: Of those of Chinese text, at least so many are among the 3,755 common ones that GB 2312 has in front.
_COMMON = 0.6
_NAME_BYTES, _FIELD_BYTES, _END = 11, 32, 13


@dataclass(frozen=True)
class Dbf:
    """The bytes of a .dbf."""

    content: bytes

    @property
    def names(self) -> list[bytes]:
        """Return the names of the fields as they stand there."""
        return [self.content[at : at + _NAME_BYTES].partition(b"\0")[0] for at in self._fields]

    @property
    def language(self) -> int:
        """Return the number of the language driver; 0 says nothing."""
        return self.content[29] if len(self.content) > 29 else 0

    def texts(self) -> list[bytes]:
        """Return the names and values that are not plain ASCII, padding left out, each once."""
        found = [*self.names, *(value for _, value in self._values())]
        return sorted({text for text in found if not text.isascii()})

    def with_whole_text(self, encoding: str) -> bytes:
        """Return the content with names and values that end within a character cut before it, no two names alike.

        Raise EncodingWrong when a name is no text in that encoding.
        """
        content = bytearray(self.content)
        for start, value in self._values():
            whole = _whole(value, encoding)
            if whole is not None and len(whole) < len(value):
                content[start : start + len(value)] = whole.ljust(len(value))
        taken: set[bytes] = set()
        for at, name in zip(self._fields, self.names, strict=True):
            whole = _whole(name, encoding)
            if whole is None:
                raise EncodingWrong(encoding=encoding, field=name.decode(encoding, errors="replace"))
            new, number = whole, 1
            while new.lower() in taken:
                ending = f"_{number}".encode()
                new, number = (_whole(whole[: _NAME_BYTES - 1 - len(ending)], encoding) or b"") + ending, number + 1
            taken.add(new.lower())
            content[at : at + _NAME_BYTES] = new.ljust(_NAME_BYTES, b"\0")
        return bytes(content)

    @property
    def _header_bytes(self) -> int:
        return int.from_bytes(self.content[8:10], "little")

    @property
    def _fields(self) -> list[int]:
        """Return where the fields are described."""
        starts = range(_FIELD_BYTES, min(self._header_bytes, len(self.content)) - _FIELD_BYTES + 1, _FIELD_BYTES)
        fields: list[int] = []
        for at in starts:
            if self.content[at] == _END:
                break
            fields.append(at)
        return fields

    def _values(self) -> list[tuple[int, bytes]]:
        """Return where the values of text begin that are not plain ASCII, and each without padding behind it."""
        record_bytes = int.from_bytes(self.content[10:12], "little")
        if record_bytes < 2 or len(self.content) < self._header_bytes:
            return []
        count = (len(self.content) - self._header_bytes) // record_bytes
        records = np.frombuffer(self.content, np.uint8, count * record_bytes, self._header_bytes)
        records = records.reshape(count, record_bytes)
        widths = [self.content[at + 16] for at in self._fields]
        edges = np.cumsum([1, *widths]).tolist()
        values: list[tuple[int, bytes]] = []
        for at, (begin, end) in zip(self._fields, pairwise(edges), strict=True):
            if self.content[at + 11 : at + 12] != b"C":
                continue
            for row in np.flatnonzero((records[:, begin:end] > 0x7F).any(axis=1)).tolist():
                start = self._header_bytes + row * record_bytes + begin
                values.append((start, self.content[start : start + end - begin].rstrip(b" \0")))
        return values


def encoding_of(dbf: Dbf, *, declared: str | None, code_page: str | None) -> str:
    """Return the encoding of a table's text.

    Parameters
    ----------
    declared
        What the caller says; wins, when the bytes allow it.
    code_page
        What the .cpg says, None without one; it wins over the header.

    Raises
    ------
    EncodingNotStated
        Nobody says it, or only in a way that the bytes speak against: header and .cpg of text in GBK or UTF-8 often say
        Latin, in which anything is text.
    EncodingWrong
        The text can not be in the encoding that is said.
    """
    texts = dbf.texts()
    if not texts:
        return declared or "utf-8"
    said = declared or _known(code_page) or LANGUAGES.get(dbf.language)
    seems = seems_encoded(texts)
    if said is None:
        raise EncodingNotStated(seems=seems)
    if not _fits(texts, said):
        raise EncodingWrong(encoding=said, seems=seems)
    doubtful = seems is not None or _letters(texts, said) < _LETTERS
    if declared is None and doubtful and codecs.lookup(said).name in _ANYTHING_GOES:
        raise EncodingNotStated(said=said, seems=seems)
    return said


def _known(code_page: str | None) -> str | None:
    """Return the encoding that a .cpg names, such as `UTF-8`, `936`, `ANSI 936`, `ISO-8859-1`; None for none."""
    if not code_page:
        return None
    word = code_page.split()[-1].lower()
    for name in (CODE_PAGES.get(word, word), f"cp{word}"):
        if is_encoding(name):
            return name
    return None


def seems_encoded(texts: list[bytes]) -> str | None:
    """Return the encoding of several bytes a character that texts seem to be in; None when they seem to be in none."""
    if _fits(texts, "utf-8"):
        return "utf-8"
    if not _fits(texts, "gb18030"):
        return None
    found = [one.encode("gb18030") for text in texts for one in text.decode("gb18030", errors="ignore") if one > "\x7f"]
    common = sum(len(one) == 2 and 0xB0 <= one[0] <= 0xD7 and one[1] >= 0xA1 for one in found)
    return "gbk" if common >= _COMMON * len(found) else None


def _letters(texts: list[bytes], encoding: str) -> float:
    """Return the share of letters among the characters of texts that are not ASCII."""
    found = [one for text in texts for one in text.decode(encoding, errors="ignore") if one > "\x7f"]
    return sum(map(str.isalpha, found)) / max(len(found), 1)


def _fits(texts: list[bytes], encoding: str) -> bool:
    return all(_whole(text, encoding) is not None for text in texts)


def _whole(text: bytes, encoding: str) -> bytes | None:
    """Return a text without the part of a character that it ends with; None when it is no text in the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(text)
    except UnicodeDecodeError:
        return None
    return text[: len(text) - len(decoder.getstate()[0])]
