"""What a code names, or the error that nothing does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, only_as_officer
from geoservice.errors import EditionUnknown, JurisdictionNotStated, JurisdictionUnknown, LayerUnknown, StaffUnknown
from geoservice.records.grants.model import NewGrant
from layers.antimeridian import lies_across, whole
from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.grids.model import Edition
from layers.grids.queries import find_edition
from layers.jurisdictions.model import Jurisdiction
from layers.jurisdictions.queries import find_jurisdiction, jurisdictions, outline_at
from layers.layer import Layer
from layers.staff.queries import postings_of, staff_exists


def get_jurisdiction(connection: Connection, code: str) -> Jurisdiction:
    """Return the jurisdiction of a code; raise JurisdictionUnknown."""
    jurisdiction = find_jurisdiction(connection, code)
    if jurisdiction is None:
        raise JurisdictionUnknown(jurisdiction=code)
    return jurisdiction


def stated_or_only_jurisdiction(connection: Connection, code: str | None) -> Jurisdiction:
    """Return the jurisdiction of a code, without one the only one there is.

    Raises: JurisdictionUnknown, JurisdictionNotStated.
    """
    if code is not None:
        return get_jurisdiction(connection, code)
    every = jurisdictions(connection)
    if len(every) != 1:
        raise JurisdictionNotStated
    return every[0]


def jurisdiction_id(connection: Connection, code: str | None) -> int | None:
    """Return the id of a jurisdiction, None when none was named; raise JurisdictionUnknown."""
    return None if code is None else get_jurisdiction(connection, code).id


def get_staff(connection: Connection, jurisdiction_code: str, staff_code: str) -> tuple[int, str]:
    """Return a jurisdiction's id and the code of a member of its staff; raise JurisdictionUnknown, StaffUnknown."""
    jurisdiction = get_jurisdiction(connection, jurisdiction_code)
    if not staff_exists(connection, jurisdiction_id=jurisdiction.id, code=staff_code):
        raise StaffUnknown(staff=staff_code, jurisdiction=jurisdiction_code)
    return jurisdiction.id, staff_code


def new_grant(
    connection: Connection, role: str, *, jurisdiction: str | None = None, staff: tuple[str, str] | None = None,
    valid_from: datetime | None = None, valid_to: datetime | None = None,
) -> NewGrant:  # fmt: skip
    """Return a grant to be stored, of what codes name.

    Parameters
    ----------
    jurisdiction
        Where alone it is good; None: everywhere, or where the member of staff is.
    staff
        Codes of a jurisdiction and of the member of its staff who holds it.

    Raises
    ------
    JurisdictionUnknown, StaffUnknown
    """
    home, staff_code = jurisdiction_id(connection, jurisdiction), None
    if staff is not None:
        home, staff_code = get_staff(connection, *staff)
    return NewGrant(role, home, staff_code, valid_from, valid_to)


def own_grids(
    connection: Connection, jurisdiction_id: int, identity: Identity, permission: Permission
) -> frozenset[str] | None:  # fmt: skip
    """Return the grids that an officer is posted to today, by code; None: whoever asks sees all.

    Parameters
    ----------
    permission
        That whoever asks needs: who has it by another grant, too, is not kept to grids.
    """
    if not only_as_officer(identity, permission):
        return None
    if identity.staff is None or identity.staff[0] != jurisdiction_id:
        return frozenset()
    postings = postings_of(connection, jurisdiction_id=jurisdiction_id, staff_code=identity.staff[1])
    return frozenset(one.grid_code for one in postings)


def get_edition(connection: Connection, edition_id: int) -> Edition:
    """Return an edition; raise EditionUnknown."""
    edition = find_edition(connection, edition_id)
    if edition is None:
        raise EditionUnknown(edition=edition_id)
    return edition


def get_layer(layer_id: str) -> Layer:
    """Return the layer of an id; raise LayerUnknown."""
    layer = catalogue().get(layer_id)
    if layer is None:
        raise LayerUnknown(layer=layer_id, layers=", ".join(catalogue()))
    return layer


def whole_bbox(connection: Connection, jurisdiction: Jurisdiction) -> Bbox:
    """Return the box of a jurisdiction; of one across 180 degrees with its east beyond."""
    bbox = jurisdiction.bbox
    if bbox.east - bbox.west < 180:
        return bbox
    outline = outline_at(connection, jurisdiction.id)
    return Bbox(*whole([outline])[0].bounds) if lies_across([outline]) else bbox
