"""Where something is given: here, in another jurisdiction that somebody looks after, or everywhere; and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission, homes_with, roles_to_give
from geoservice.auth.scope import seeing_as
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import chosen_in, day_in, end_in
from geoservice.pages.admin.model import Field, Form, Refused, Sentence
from geoservice.records.grants.model import StoredGrant, alive
from geoservice.services.administration.service import Administration
from geoservice.web.guard import identity_in, whole_identity

#: The permission of each area.
NEEDED = {"accounts": Permission.MANAGE_ACCOUNTS, "keys": Permission.MANAGE_KEYS}


@dataclass(frozen=True)
class Giving:
    """A place where something is given."""

    #: Code of the jurisdiction; empty: everywhere.
    place: str
    #: By whose clocks, and as who somebody gives there; of everywhere those of here.
    there: Here
    #: Until when he may give there; None: without an end.
    own_end: datetime | None
    #: All places that he may choose among, this one first: what is sent, and what is shown.
    places: tuple[tuple[str, str], ...]

    @property
    def code(self) -> str | None:
        """Return the code of the jurisdiction; None: everywhere."""
        return self.place or None

    def last_day(self) -> str:
        """Return the last day that he may name; empty: any."""
        return self.there.last_day(self.own_end, "")


def giving_in(here: Here, administration: Administration, values: Mapping[str, str] | None = None) -> Giving:
    """Return where a form gives something: in the place that it says, if it is one to be chosen, else here."""
    places = _places(here, administration)
    said = here.place.code if values is None else values.get("place", here.place.code)
    place = said if said in dict(places) else here.place.code
    there = here
    if place not in ("", here.place.code):
        there = Here.of(administration, place, here.area, identity_in(place))
    return Giving(place, there, administration.accounts.grants.gives_until(there.identity, place or None), places)


def _places(here: Here, administration: Administration) -> tuple[tuple[str, str], ...]:
    homes = homes_with(whole_identity(), NEEDED[here.area])
    others = [
        (one.code, one.name_en if here.language == "en" and one.name_en else one.name)
        for one in administration.jurisdictions.jurisdictions()
        if one.code != here.place.code and not homes.isdisjoint({None, one.code})
    ]
    everywhere = [("", here.words["everywhere"])] if None in homes else []
    return ((here.place.code, here.place.name), *others, *everywhere)


def grant_fields(here: Here, giving: Giving, administration: Administration) -> tuple[Field, ...]:
    """Return the fields: of roles and places only what whoever asks may give; of staff that of the place."""
    said = here.words
    roles = [("", "—")]
    roles += [(one.value, said[f"role.{one.value}"]) for one in roles_to_give(giving.there.identity, giving.code)]
    ends = said["hint.ends.own"].format(day=giving.last_day()) if giving.own_end else ""
    return (
        Field("role", "select", roles, required=True),
        Field("place", "select", giving.places, hint=said["hint.places"] if len(giving.places) > 1 else ""),
        Field("staff", "select", [("", said["staff.nobody"]), *_members(here, giving, administration)]),
        Field("ends", "date", hint=ends),
    )


def _members(here: Here, giving: Giving, administration: Administration) -> list[tuple[str, str]]:
    """Return the staff of the place, what is sent of another one with its name: its codes may be those of here, too."""
    there, before = giving.there, "" if giving.there is here else f"{giving.place}/"
    with seeing_as(there.identity, NEEDED[here.area]):
        members = administration.staff.members(there.place.code)
    return [(f"{before}{one.code}", f"{one.code} · {one.call_sign}") for one in members]


def holder_in(values: Mapping[str, str], form: Form) -> tuple[Role, str | None, tuple[str, str] | None]:
    """Return the role that a form says, where it is good (None: everywhere), and whose it is. Raise Refused."""
    if not values["role"]:
        raise Refused(role="error.choose")
    role, place = Role(chosen_in(values, form, "role")), chosen_in(values, form, "place")
    staff = chosen_in(values, form, "staff").removeprefix(f"{place}/")
    if role is Role.OFFICER and not staff:
        raise Refused(staff="error.officer")
    if staff and not place:
        raise Refused(place="error.staff_place")
    return role, place or None, (place, staff) if staff else None


def end_given(giving: Giving, values: Mapping[str, str]) -> datetime | None:
    """Return when it ends of which a form names the last day, None: never. Raise Refused.

    On the day on which one's own right ends, it ends with that.
    """
    ends, day = end_in(giving.there, values), day_in(values, "ends")
    if day is not None and giving.own_end is not None and giving.last_day() == day.isoformat():
        return giving.own_end
    return ends


def too_long(giving: Giving) -> Refused:
    """Return that what a form gives would last longer than one's own right, and until when it may be given."""
    if giving.own_end is None:  # it was over a moment ago
        return Refused(**{"": "error.own_over"})
    return Refused(ends=Sentence(giving.there.words["error.outlasts"].format(day=giving.last_day())))


def of_longer_right(here: Here, ends: datetime | None) -> Refused:
    """Return that somebody else does it: what it is about may be had for longer than one's own right."""
    if ends is None:
        return Refused(**{"": "error.own_over"})
    return Refused(**{"": Sentence(here.words["error.outlasts_own"].format(day=here.last_day(ends, "")))})


def outlasts_own(
    here: Here, administration: Administration, grants: Iterable[StoredGrant], ends: datetime | None
) -> bool:  # fmt: skip
    """Return whether grants last longer than one's own right, so that somebody else would have to give them again.

    Parameters
    ----------
    ends
        When the account or the key ends that holds them; None: never.
    """
    for one in alive(grants, datetime.now(UTC)):
        own_end = administration.accounts.grants.gives_until(here.identity, one.jurisdiction_code)
        last = min((end for end in (one.valid_to, ends) if end is not None), default=None)
        if own_end is not None and (last is None or last > own_end):
            return True
    return False


def is_told_here(here: Here, giving: Giving) -> bool:
    """Return whether what was given is told on the pages of here."""
    return giving.there is here or None in homes_with(whole_identity(), NEEDED[here.area])
