"""The grids of a jurisdiction that are or were in force, as the database keeps them."""

from __future__ import annotations

from datetime import datetime

from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import NothingInForce
from geoservice.engine.index import OwnershipIndex
from geoservice.services.edition_builder import READ_TIMEOUT_S, SnapshotDiffers
from geoservice.services.lookups import get_jurisdiction
from layers.db.session import Database
from layers.grids.published_editions import published_edition_at, shapes_of


def owners_in_force(
    database: Database, jurisdiction_code: str, *, at: datetime | None = None, snap_tolerance_m: float | None = None
) -> Owners:
    """Return the grids of a jurisdiction in force at an instant (now when None).

    Parameters
    ----------
    snap_tolerance_m
        None takes the jurisdiction's own.

    Raises
    ------
    JurisdictionUnknown, NothingInForce
        There is no such jurisdiction; it had no grids then.
    """
    with database.transaction(timeout_s=READ_TIMEOUT_S, one_view=True) as connection:
        jurisdiction = get_jurisdiction(connection, jurisdiction_code)
        edition = published_edition_at(connection, jurisdiction_id=jurisdiction.id, at=at)
        if edition is None:
            raise NothingInForce(jurisdiction=jurisdiction_code, at=at and at.isoformat())
        shapes = shapes_of(connection, edition.edition_id)
    if shapes.content_hash != edition.content_hash:
        raise SnapshotDiffers(edition=edition.edition_id)
    since = edition.valid_from.isoformat(timespec="seconds")
    remark = f"{len(shapes.codes)} grids of {jurisdiction_code}, edition {edition.edition_id}, in force since {since}."
    tolerance = edition.snap_tolerance_m if snap_tolerance_m is None else snap_tolerance_m
    index = OwnershipIndex.build(shapes.codes, list(shapes.geoms))
    return Owners(index, tolerance, (remark,), shapes.unowned)
