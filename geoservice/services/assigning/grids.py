"""The grids that own places: read from a file, or those of a jurisdiction in force at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.engine.answers import Method
from geoservice.engine.edges import Floats
from geoservice.engine.index import OwnershipIndex
from geoservice.services.assigning.errors import CodeNotStated, GridWithoutCode, GridWithoutShape, NothingInForce
from geoservice.services.assigning.model import NO_POSITION
from geoservice.services.importing.errors import FieldMissing
from geoservice.services.importing.reader import Features, read_features
from geoservice.services.known import known_jurisdiction
from geoservice.services.snapshots import READ_TIMEOUT_S, SnapshotDiffers
from layers.db.session import Database
from layers.grids.holdings import holding_at, shapes_of

#: Names of a field that need not be stated.
CODE_FIELDS = ("grid_code", "code")
#: Looking for overlaps costs about a second for a million vertices; above this nobody asked for it.
VERTICES_LOOKED_AT = 100_000


@dataclass(frozen=True)
class Owners:
    """An index of grids and how it is asked. It can be pickled: other processes build the index again."""

    index: OwnershipIndex
    #: Metres, 0 to 1000: a grid as near as that owns what none covers.
    snap_tolerance_m: float
    #: What a person should know of the grids.
    remarks: tuple[str, ...] = ()

    def ask(self, lon: Floats, lat: Floats) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """Return the owner of each position as index into the codes, and how it was reached.

        Parameters
        ----------
        lon, lat
            (n,) degrees, EPSG:4326; NaN where there is none.

        Returns
        -------
        owner, method
            (n,) -1 for no owner; a number of Method, or NO_POSITION.
        """
        if self.snap_tolerance_m > 0:
            found = self.index.lookup(lon, lat, accuracy_m=0.0, snap_tolerance_m=self.snap_tolerance_m)
            owner, method = found.owner, found.method
        else:
            owner = self.index.owners(lon, lat)
            method = np.where(owner >= 0, np.int8(Method.COVERS), np.int8(Method.NONE))
        method[np.isnan(lon)] = NO_POSITION
        return owner, method


def owners_of_file(
    file: Path, *, code: str | None, crs: str | None = None, encoding: str | None = None,
    snap_tolerance_m: float = 0.0,
) -> Owners:  # fmt: skip
    """Return the grids of a file of polygons.

    Parameters
    ----------
    file
        GeoJSON, GeoPackage, shapefile or GeoParquet; features with one code are one grid of several parts.
    code
        Field that holds the code; None: one called grid_code or code.
    crs, encoding
        See `read_features`.

    Raises
    ------
    FileRefused, CodeNotStated, FieldMissing, GridWithoutCode, GridWithoutShape, NotAnArea
        What is wrong with the file.
    """
    features = read_features(str(file), crs=crs, encoding=encoding)
    field = _code_field(features.fields, code)
    codes = [_text(one[field]) for one in features.properties]
    for number, (one, geom) in enumerate(zip(codes, features.geoms, strict=True), start=1):
        if not one:
            raise GridWithoutCode(feature=number, field=field)
        if geom is None or number - 1 in features.unbuildable:
            raise GridWithoutShape(feature=number, grid_code=one)
    index = OwnershipIndex.build(codes, features.geoms)
    return Owners(index, snap_tolerance_m, tuple(_remarks(file, field, features, index)))


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
        jurisdiction = known_jurisdiction(connection, jurisdiction_code)
        holding = holding_at(connection, jurisdiction_id=jurisdiction.id, at=at)
        if holding is None:
            raise NothingInForce(jurisdiction=jurisdiction_code, at=at and at.isoformat())
        shapes = shapes_of(connection, holding.edition_id)
    if shapes.content_hash != holding.content_hash:
        raise SnapshotDiffers(edition=holding.edition_id)
    since = holding.valid_from.isoformat(timespec="seconds")
    remark = f"{len(shapes.codes)} grids of {jurisdiction_code}, edition {holding.edition_id}, in force since {since}."
    tolerance = holding.snap_tolerance_m if snap_tolerance_m is None else snap_tolerance_m
    return Owners(OwnershipIndex.build(shapes.codes, list(shapes.geoms)), tolerance, (remark,))


def _code_field(fields: Sequence[str], stated: str | None) -> str:
    if stated is not None:
        if stated not in fields:
            raise FieldMissing(field=stated, fields=", ".join(fields))
        return stated
    for name in CODE_FIELDS:
        alike = [one for one in fields if one.lower() == name]
        if len(alike) == 1:
            return alike[0]
    raise CodeNotStated(fields=", ".join(fields))


def _text(value: object) -> str:
    """Return a code as text; 540502.0 is 540502, as a spreadsheet meant it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _remarks(file: Path, field: str, features: Features, index: OwnershipIndex) -> list[str]:
    count, parts = len(index.codes), len(features.geoms)
    several = f" in {parts} features" if parts != count else ""
    remarks = [f"{count} grids{several} from {file.name}, code from {field}, coordinates from {features.crs}."]
    if _overlap(np.array(features.geoms, dtype=object)):
        remarks.append(
            "Grids overlap or their borders do not fit each other: "
            "where several cover a place, the smallest code owns it."
        )
    return remarks


def _overlap(geoms: NDArray[Any]) -> bool:
    if shapely.get_num_coordinates(geoms).sum() > VERTICES_LOOKED_AT or not shapely.is_valid(geoms).all():
        return False
    return not shapely.coverage_is_valid(geoms)
