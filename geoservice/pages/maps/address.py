"""Which matters a map asks for: page by page all that is in hand, or some by their ids; and as of which days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Self
from uuid import UUID

from flask import request
from pydantic import Field, model_validator

from geoservice.domain.spans import MOST_DAYS, Span
from geoservice.services.mapping import AsOfPage, InHandPage, MapService
from geoservice.web.guard import current_identity
from geoservice.web.parsing import Day, InvalidInput, StrictModel
from geoservice.web.validation import validated
from layers.layer import Layer

#: Matters that are asked for by id at once.
_NAMED_MOST = 100


class DaysWords(StrictModel):
    """Days that are past, as an address says them: the last one, and the first where there are several."""

    first: Day | None = Field(None, alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.first > self.last:
            raise ValueError("the last day is before the first: exchange from and to")
        if self.last - (self.first or self.last) >= timedelta(days=MOST_DAYS):
            raise ValueError(f"{MOST_DAYS} days are shown at once: choose fewer")
        return self


def asked_days() -> Span | None:
    """Return the days that a request asks about; None: now. Refuse what can not be understood of them."""
    said = {name: value for name in ("from", "to") if (value := request.args.get(name)) is not None}
    if not said:
        return None
    asked = validated(DaysWords, said)
    return Span(asked.first or asked.last, asked.last)


def asked_day(layer: Layer) -> date | None:
    """Return the day as of which a layer is asked for; None: now. Raise InvalidInput where it knows only now."""
    days = asked_days()
    if days is not None and not layer.bitemporal:
        raise InvalidInput(
            [{"pointer": "to", "code": "now-alone", "detail": "of this layer only what is there now is known"}]
        )
    return None if days is None else days.last


def asked_as_of(mapping: MapService, jurisdiction: str, days: Span) -> AsOfPage:
    """Return what a request asks for of days that are past; raise InvalidInput, JurisdictionUnknown, DayToCome."""
    if "ids" in request.args:
        raise InvalidInput([{"pointer": "ids", "code": "now-alone", "detail": "of past days all incidents are told"}])
    return mapping.as_of(
        jurisdiction, days, identity=current_identity(), after=_after(request.args.get("after"))
    )  # fmt: skip


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
