"""What a GeoJSON file says of its CRS; GDAL says WGS 84 for a member that is null or that it can not read."""

from __future__ import annotations

import json
import mmap
import re
from pathlib import Path

from geoservice.reading.file_errors import CrsUnknown

#: Of a file without the member (RFC 7946, 4).
DEFAULT = "OGC:CRS84"
#: How the member may name a CRS; a PROJ string could name files to open.
_NAME = re.compile(
    r"(?:urn:(?:ogc|x-ogc):def:crs:|https?://www\.opengis\.net/def/crs/)?(EPSG|OGC|ESRI)[:/](?:[0-9.]*[:/])?(\w{1,12})",
    re.I,
)
_MEMBER = re.compile(rb'"crs"\s*:\s*(null|"[^"]*"|[0-9]+|\{[^{}]*(?:\{[^{}]*\})?[^{}]*\})')
#: Other plain members and the end of the file. Possessive: a hostile tail must not be tried in many ways.
_REST = re.compile(rb'\s*+(?:,\s*+"[^"]*+"\s*+:\s*+(?:"[^"]*+"|\[[^\[\]{}]*+\]|[^\[\]{},]*+)\s*+)*+\}\s*+')
#: Looked at before the features and at the end: properties may be called `crs` too.
_HEAD_BYTES, _TAIL_BYTES = 65_536, 4_096


def stated_crs(path: Path) -> str | None:
    """Return the CRS that a GeoJSON file states, as AUTHORITY:CODE; None when it says that nobody knows.

    Raises
    ------
    CrsUnknown
        The member names none that can be looked up.
    """
    if path.stat().st_size == 0:
        return DEFAULT
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        first = content.find(b'"features"')
        head = content[: first if first >= 0 else len(content)][:_HEAD_BYTES]
        tail = content[-_TAIL_BYTES:]
    member = _MEMBER.search(head)
    if member is None:
        member = next((one for one in _MEMBER.finditer(tail) if _is_of_the_file(one, tail)), None)
    if member is None:
        return DEFAULT
    try:
        told = json.loads(member[1])
        if told is None:
            return None
        authority, code = _NAME.fullmatch(told["properties"]["name"]).groups()  # type: ignore[union-attr]
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise CrsUnknown(crs=member[1].decode("utf-8", "replace")[:100]) from exc
    return f"{authority.upper()}:{code}"


def _is_of_the_file(member: re.Match[bytes], tail: bytes) -> bool:
    """Return whether a member stands after the features: nothing is open behind it but the file's own object."""
    if b'"properties"' in member[1]:
        return True
    return _REST.fullmatch(tail, member.end()) is not None
