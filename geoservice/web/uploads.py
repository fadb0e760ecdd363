"""Forms of pages that bring a file: the token comes first, the file is handed on piece by piece as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from geoservice.errors import GeoserviceError
from geoservice.web.forms import require_signed
from geoservice.web.streaming import Incoming, WrongMediaType, incoming

UPLOAD_TYPE = "multipart/form-data"
#: Of the fields beside the file.
_FIELDS_BYTES, _PARTS_MAX = 20_000, 30
_PIECE_BYTES = 65_536
#: Of heads of parts, and what stands between them.
_AROUND_BYTES = 100_000

#: Takes what a form said before its file, the name of the file, and its pieces; returns what is made of it.
Receive = Callable[[MultiDict[str, str], str, Iterator[bytes]], Any]


class UploadBroken(GeoserviceError):
    """The form that brings the file is not whole, or not as browsers send it. Send it again."""


def read_upload(receive: Receive, *, bytes_max: int) -> tuple[MultiDict[str, str], Any]:
    """Return the fields of a form, and what was made of its file; None: it brings none.

    The fields that `receive` needs stand before the file. Nothing of a file is taken from whoever may not send forms.

    Raises
    ------
    WrongMediaType, TooManySenders, RequestEntityTooLarge, ForeignPage, TokenMissing, SessionRenewed, UploadBroken
    """
    boundary = request.mimetype_params.get("boundary", "")
    if request.mimetype != UPLOAD_TYPE or not boundary or not boundary.isascii():
        raise WrongMediaType
    with incoming(bytes_max + _AROUND_BYTES) as body:
        try:
            return _Reading(body, boundary.encode("ascii")).read(receive)
        except ValueError as exc:  # as the decoder says that it is no such form
            raise UploadBroken from exc


class _Reading:
    """A form on its way in."""

    def __init__(self, body: Incoming, boundary: bytes) -> None:
        self._body = body
        self._decoder = MultipartDecoder(boundary, max_form_memory_size=4 * _PIECE_BYTES, max_parts=_PARTS_MAX)
        self._fields: MultiDict[str, str] = MultiDict()
        self._left = _FIELDS_BYTES

    def read(self, receive: Receive) -> tuple[MultiDict[str, str], Any]:
        made = None
        for event in self._events():
            if isinstance(event, Field):
                self._fields.add(event.name, self._text())
            elif isinstance(event, File):
                require_signed(self._fields)
                made = self._file(event.filename, receive, made)
        require_signed(self._fields)
        return self._fields, made

    def _file(self, name: str, receive: Receive, made: Any) -> Any:
        pieces = self._pieces()
        first = next(pieces, b"")
        if not name and not first:
            return made  # of a form in which no file was chosen
        if made is not None:
            raise UploadBroken
        made = receive(self._fields, name, _joined(first, pieces))
        for _ in pieces:  # what `receive` left
            pass
        return made

    def _text(self) -> str:
        text = b""
        for piece in self._pieces():
            text += piece
            if len(text) > self._left:
                raise RequestEntityTooLarge
        self._left -= len(text)
        return text.decode("utf-8", "replace")

    def _pieces(self) -> Iterator[bytes]:
        for event in self._events():
            if not isinstance(event, Data):
                raise UploadBroken
            if event.data:
                yield bytes(event.data)
            if not event.more_data:
                return

    def _events(self) -> Iterator[Any]:
        while True:
            event = self._decoder.next_event()
            if isinstance(event, NeedData):
                self._decoder.receive_data(self._body.read(_PIECE_BYTES) or None)
            elif isinstance(event, Epilogue):
                return
            else:
                yield event


def _joined(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others
