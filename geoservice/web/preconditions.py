"""Edits of what somebody looked at before: ETags out, If-Match in (RFC 9110, 13.1.1; RFC 6585, 3)."""

from __future__ import annotations

import re

from flask import request

from geoservice.errors import GeoserviceError
from layers.grids.model import Edition

_ETAG = re.compile(r'"(?P<edition>[0-9]{1,18})-(?P<revision>[0-9]{1,9})"', re.ASCII)


class PreconditionMissing(GeoserviceError):
    """Send the draft's ETag, as a GET of the edition or the last edit gave it, in the header If-Match."""


class PreconditionFailed(GeoserviceError):
    """The draft is not as it was when that ETag was given out; look at it as it is now, then edit it."""


def etag(edition: Edition) -> dict[str, str]:
    """Return the header that names the state of an edition."""
    return {"ETag": f'"{edition.id}-{edition.revision}"'}


def stated_revision(edition_id: int) -> int:
    """Return the revision of a draft that the caller saw; the service compares it when the draft is locked.

    Raises
    ------
    PreconditionMissing, PreconditionFailed
        There is no If-Match, or it names no state that this edition can have.
    """
    stated = request.headers.get("If-Match")
    if stated is None:
        raise PreconditionMissing
    found = _ETAG.fullmatch(stated.strip())
    if found is None or int(found["edition"]) != edition_id:
        raise PreconditionFailed(edition=edition_id)
    return int(found["revision"])


def stated_change() -> int | None:
    """Return the change by which a feature was as it was seen, as If-Match names it; None when it names none.

    Raises
    ------
    PreconditionFailed
        It names no state that a feature can have.
    """
    stated = request.headers.get("If-Match")
    if stated is None or stated.strip() == "*":
        return None
    # Weak, where the answer was compressed on its way.
    number = stated.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise PreconditionFailed
    return int(number)
