"""A posted form, read as its sender wrote it or refused: its encoding, its length, its end."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import IO, Any, cast
from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from geoservice.domain.answering import Answers
from geoservice.open311.refusing import Refused
from geoservice.web.parsing import fit
from geoservice.web.streaming import Incoming, incoming

#: Of the fields, and of everything with files that nobody keeps: some pictures of a phone.
FORM_BYTES_MAX = 65_536
UPLOAD_BYTES_MAX = 33_554_432
FIELDS_MAX = 200
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
#: What senders write in, by Python's name of what they declare. In none is `&`, `=`, `+` or `%` part of another
#: character, so that a form can be cut before it is decoded. GB 18030 reads what is GBK or GB 2312.
_SIGNS = re.compile(r"[^a-z0-9]+")
_ALIASES = {
    "utf-8": ("utf8", "u8", "utf", "ascii", "usascii", "iso646us"),
    "gb18030": ("gb18030", "gb180302000", "gbk", "xgbk", "cp936", "ms936", "936", "gb2312", "gb23121980", "euccn",
                "csgb2312", "chinese", "windows936"),
    "big5": ("big5", "big5tw", "csbig5", "xxbig5"),
    "cp1252": ("iso88591", "iso885911987", "latin1", "latin", "l1", "cp1252", "windows1252", "1252"),
}  # fmt: skip
#: Codecs by the names that senders have for them, small and without signs.
_CHARSETS = {alias: codec for codec, aliases in _ALIASES.items() for alias in aliases}
_READABLE = "UTF-8, GB18030, GBK, GB2312, Big5 or ISO-8859-1"
_BROKEN = "The form can not be read: send key=value pairs, or multipart with a boundary, to its end."
#: What a decoder puts where it could not read.
_LOST = "\ufffd"
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,64})\](\[\])?")


@dataclass(frozen=True)
class Form:
    """A posted form without its files."""

    values: MultiDict[str, str]
    #: Whether files or addresses of media came along; none is kept.
    media: bool

    def get(self, *names: str) -> str | None:
        """Return the first of some names that has a value; an empty one counts as absent."""
        found = (self.values.get(name, "").strip() for name in names)
        return next((value for value in found if value), None)

    @property
    def attributes(self) -> Answers:
        """Return attribute[code]=value and attribute[code][]=value, by code."""
        read: Answers = {}
        for name, values in self.values.lists():
            found = _ATTRIBUTE.fullmatch(name)
            given = [value for value in values if value]
            if found and given:
                read[found[1]] = given if found[2] or len(given) > 1 else given[0]
        return read


def read_form() -> Form:
    """Read the posted form; files pass through and are not kept, on disk or elsewhere."""
    if request.mimetype not in FORM_TYPES:
        raise Refused(400, "Send the fields as a form: application/x-www-form-urlencoded or multipart/form-data")
    charset = _charset(request.mimetype_params.get("charset"))
    try:
        with incoming(UPLOAD_BYTES_MAX) as body:
            if request.mimetype == FORM_TYPES[0]:
                fields, files = _urlencoded(body, charset), False
            else:
                fields, files = _multipart(body, charset)
    except RequestEntityTooLarge as exc:
        raise _too_large() from exc
    if len(fields) > FIELDS_MAX or sum(len(value) for _, value in fields) > FORM_BYTES_MAX:
        raise _too_large()
    values = MultiDict((_fit(name, name), _fit(name, value)) for name, value in fields)
    return Form(values, files or any(values.get(name, "").strip() for name in ("media_url", "media")))


def _urlencoded(body: Incoming, charset: str) -> list[tuple[str, str]]:
    if request.content_length is None:
        # The server hands on what arrived of a body in chunks, and does not tell whether that is all.
        raise Refused(411, "Send the form with its Content-Length: one in chunks may break off, and nobody can tell.")
    if request.content_length > FORM_BYTES_MAX:
        raise _too_large()
    pairs = [pair.partition(b"=") for pair in body.read().split(b"&") if pair]
    return [(_decoded(name, charset), _decoded(value, charset)) for name, _, value in pairs]


def _decoded(part: bytes, charset: str) -> str:
    return unquote_to_bytes(part.replace(b"+", b" ")).decode(charset, "replace")


def _multipart(body: Incoming, charset: str) -> tuple[list[tuple[str, str]], bool]:
    boundary = request.mimetype_params.get("boundary", "").encode("ascii", "ignore")
    parser = _Parts(charset)
    if not boundary:
        raise Refused(400, _BROKEN)
    try:
        sent, files = parser.parse(cast(IO[bytes], body), boundary, request.content_length)
    except ValueError as exc:
        raise Refused(400, _BROKEN) from exc
    return list(sent.items(multi=True)), bool(files)


class _Parts(MultiPartParser):
    """Reads parts in the encoding that each declares, else in the form's."""

    def __init__(self, charset: str) -> None:
        # Smaller pieces than the limit: what is held back of a file, perhaps a boundary, counts as well.
        super().__init__(_forget, FORM_BYTES_MAX, buffer_size=FORM_BYTES_MAX // 4, max_form_parts=FIELDS_MAX)
        self._charset = charset

    def get_part_charset(self, headers: Headers) -> str:
        declared = parse_options_header(headers.get("content-type"))[1].get("charset")
        return self._charset if declared is None else _charset(declared)


class _Sink(io.RawIOBase):
    """Takes a file and forgets it."""

    def seek(self, *_: int) -> int:
        return 0

    def write(self, piece: Any) -> int:
        return len(piece)


def _forget(*_: Any, **__: Any) -> IO[bytes]:
    return _Sink()  # type: ignore[return-value]


def _charset(declared: str | None) -> str:
    """Return the codec for an encoding that a sender declares, UTF-8 when none does; raise Refused."""
    if not declared:
        return "utf-8"
    # Not by codecs.lookup: it remembers every name that it was ever asked for.
    found = _CHARSETS.get(_SIGNS.sub("", declared.lower()))
    if found is None:
        raise Refused(400, f"Content-Type: a form in that charset is not read here; send {_READABLE}")
    return found


def _unreadable(name: str) -> Refused:
    return Refused(
        400,
        f"{name[:80]}: not all of it can be read. Send UTF-8, or declare what it is written in:"
        f" Content-Type: {request.mimetype}; charset=GB18030",
    )


def _too_large() -> Refused:
    return Refused(
        413,
        f"A form has {FIELDS_MAX} fields at most and {FORM_BYTES_MAX} bytes in them; with files (multipart/form-data)"
        f" {UPLOAD_BYTES_MAX} bytes in all.",
    )


def _fit(name: str, value: str) -> str:
    """Return a value with the line ends of our kind; refuse what could not be read, and control characters."""
    if _LOST in value:
        raise _unreadable(name)
    try:
        return fit(value.replace("\r\n", "\n"))
    except ValueError as exc:
        raise Refused(400, f"{name[:80]}: {exc}") from exc
