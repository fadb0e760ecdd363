"""Which names are those of encodings of text."""

from __future__ import annotations

from geoservice.reading.file_errors import EncodingUnknown


def is_encoding(name: str) -> bool:
    """Return whether a name is that of an encoding of text; Python has codecs of other things, such as hex."""
    try:
        return "a".encode(name).decode(name) == "a"
    except (LookupError, ValueError):
        return False


def require_encoding(name: str) -> None:
    """Raise EncodingUnknown when nothing of that name encodes text."""
    if not is_encoding(name):
        raise EncodingUnknown(encoding=name)
