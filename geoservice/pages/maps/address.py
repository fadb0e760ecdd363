"""Which matters a map asks for: page by page all that is in hand, or some by their ids."""

from __future__ import annotations

from uuid import UUID

from flask import request

from geoservice.services.mapping import InHandPage, MapService
from geoservice.web.guard import current_identity
from geoservice.web.parsing import InvalidInput

#: Matters that are asked for by id at once.
_NAMED_MOST = 100


def asked_in_hand(mapping: MapService, jurisdiction: str) -> InHandPage:
    """Return what a request asks for; raise InvalidInput, JurisdictionUnknown."""
    identity, ids = current_identity(), request.args.get("ids")
    if ids is not None:
        return mapping.in_hand_among(jurisdiction, _ids(ids), identity=identity)
    return mapping.in_hand(jurisdiction, identity=identity, after=_after(request.args.get("after")))


def _ids(text: str) -> tuple[UUID, ...]:
    """Return ids with commas between them, none where the text is empty; raise InvalidInput."""
    try:
        found = tuple(UUID(part) for part in text.split(",")) if text else ()
    except ValueError as exc:
        raise InvalidInput([{"pointer": "ids", "code": "invalid", "detail": "ids of incidents, with commas"}]) from exc
    if len(found) > _NAMED_MOST:
        raise InvalidInput([{"pointer": "ids", "code": "too-many", "detail": f"at most {_NAMED_MOST} ids"}])
    return found


def _after(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError as exc:
        raise InvalidInput([{"pointer": "after", "code": "invalid", "detail": "next of the page before"}]) from exc
