"""Edits of what somebody looked at before: ETags out, If-Match in (RFC 9110, 13.1.1; RFC 6585, 3)."""

from __future__ import annotations

import re

from flask import request

from geoservice.errors import GeoserviceError
from geoservice.services.layers.features import Precondition
from layers.grids.model import Edition

#: A part of a list of entity tags (RFC 9110, 8.8.3 and 5.6.1): one, or none, and a comma or the end.
_PART = re.compile(r'[ \t]*+((?:W/)?)(?:"([\x21\x23-\x7e\x80-\xff]*+)")?[ \t]*+(?:,|\Z)')
_REVISION = re.compile(r"(?P<edition>[0-9]{1,18})-(?P<revision>[0-9]{1,9})", re.ASCII)
_CHANGE = re.compile(r"[0-9]{1,18}", re.ASCII)


class PreconditionMissing(GeoserviceError):
    """Send the draft's ETag, as a GET of the edition or the last edit gave it, in the header If-Match."""


class PreconditionFailed(GeoserviceError):
    """The draft is not as it was when that ETag was given out; look at it as it is now, then edit it."""


class PreconditionUnreadable(GeoserviceError):
    """Write into If-Match the ETag of the feature or incident as it was given out, quoted; several by commas; or *."""


def etag(edition: Edition) -> dict[str, str]:
    """Return the header that names the state of an edition."""
    return {"ETag": f'"{edition.id}-{edition.revision}"'}


def etag_of_feature(change_id: int | None) -> dict[str, str]:
    """Return the header that names the state of a feature by the change that made it; None: older than its history."""
    return {"ETag": f'"{change_id or 0}"'}


def etag_of_incident(version: int) -> dict[str, str]:
    """Return the header that names the state of an incident."""
    return {"ETag": f'"{version}"'}


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
    found = (_REVISION.fullmatch(tag) for weak, tag in _tags(stated) or () if not weak)
    revisions = [int(one["revision"]) for one in found if one is not None and int(one["edition"]) == edition_id]
    if not revisions:
        raise PreconditionFailed(edition=edition_id)
    return max(revisions)  # they only rise: of several that were seen the last alone can still be


def stated_changes() -> Precondition | None:
    """Return the states in which the caller saw a feature, as If-Match names them; None when there is no If-Match.

    Raises
    ------
    PreconditionUnreadable
    """
    stated = request.headers.get("If-Match")
    return None if stated is None else Precondition(_numbers(stated))


def stated_versions() -> frozenset[int] | None:
    """Return the versions in which the caller saw an incident, as If-Match names them; None: any will do.

    Raises
    ------
    PreconditionUnreadable
    """
    stated = request.headers.get("If-Match")
    return None if stated is None else _numbers(stated)


def _numbers(stated: str) -> frozenset[int] | None:
    """Return the numbers that an If-Match names; None: any."""
    if stated.strip() == "*":
        return None
    tags = _tags(stated)
    if tags is None:
        raise PreconditionUnreadable
    # A weak one was given out where the answer was compressed on its way; what is no number is of another service.
    return frozenset(int(tag) for _, tag in tags if _CHANGE.fullmatch(tag))


def _tags(stated: str) -> list[tuple[bool, str]] | None:
    """Return the entity tags of a list, each with whether it is weak; None where it is no such list."""
    found: list[tuple[bool, str]] = []
    at = 0
    while at < len(stated):
        part = _PART.match(stated, at)
        if part is None or (part[1] and part[2] is None):
            return None
        if part[2] is not None:
            found.append((bool(part[1]), part[2]))
        at = part.end()
    return found or None
