"""What an account and a key have in common on forms: a role, where it is good, whose it is, when it ends."""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.auth.model import Role
from geoservice.auth.permissions import roles_within
from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.forms import chosen_in
from geoservice.pages.admin.model import Field, Form, Refused
from geoservice.services.staff.members import StaffService


def grant_fields(here: Here, staff: StaffService) -> tuple[Field, ...]:
    """Return the fields: of roles and places only what whoever asks may give."""
    said = here.words
    roles = [("", "—"), *((one.value, said[f"role.{one.value}"]) for one in roles_within(here.identity.role))]
    places = [(here.place.code, here.place.name)]
    if here.identity.home is None:
        places.append(("", said["everywhere"]))
    members = [("", said["staff.nobody"])]
    members += [(one.code, f"{one.code} · {one.call_sign}") for one in staff.members(here.place.code)]
    return (
        Field("role", "select", roles, required=True), Field("place", "select", places),
        Field("staff", "select", members), Field("ends", "date"),
    )  # fmt: skip


def holder_in(values: Mapping[str, str], form: Form) -> tuple[Role, str | None, tuple[str, str] | None]:
    """Return the role that a form says, where it is good (None: everywhere), and whose it is. Raise Refused."""
    if not values["role"]:
        raise Refused(role="error.choose")
    role, place = Role(chosen_in(values, form, "role")), chosen_in(values, form, "place")
    staff = chosen_in(values, form, "staff")
    if role is Role.OFFICER and not staff:
        raise Refused(staff="error.officer")
    if staff and not place:
        raise Refused(place="error.staff_place")
    return role, place or None, (place, staff) if staff else None
