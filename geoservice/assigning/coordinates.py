"""Which columns hold the coordinates."""

from __future__ import annotations

from collections.abc import Sequence

from geoservice.assigning.model import CoordinateColumns
from geoservice.assigning.point_errors import (
    ColumnMissing,
    ColumnsAlike,
    ColumnTaken,
    CoordinatesAmbiguous,
    CoordinatesNotFound,
)
from geoservice.domain.importing.words import LAT_NAMES, LON_NAMES


def coordinate_columns(names: Sequence[str], stated: CoordinateColumns | None) -> CoordinateColumns:
    """Return the columns of longitude and latitude, or of easting and northing.

    Raises
    ------
    ColumnMissing, CoordinatesNotFound, CoordinatesAmbiguous
        The one stated is not there; none, or several, look like coordinates.
    """
    if stated is not None:
        for name in stated:
            if name not in names:
                raise ColumnMissing(column=name, columns=", ".join(names))
        return stated
    lons, lats = ([name for name in names if name.strip().lower() in known] for known in (LON_NAMES, LAT_NAMES))
    if not lons or not lats:
        raise CoordinatesNotFound(columns=", ".join(names))
    if len(lons) > 1 or len(lats) > 1:
        raise CoordinatesAmbiguous(longitude=" or ".join(lons), latitude=" or ".join(lats))
    return CoordinateColumns(lons[0], lats[0])


def require_different(names: Sequence[str]) -> None:
    """Raise ColumnsAlike when two columns have one name."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ColumnsAlike(columns=", ".join(sorted(twice)))


def require_free(names: Sequence[str], added: Sequence[str]) -> None:
    """Raise ColumnTaken when the file has a column like one that is added; upper or lower case makes no difference.

    GeoPackage and Spark take two names that differ in case only for one.
    """
    taken = {name.lower(): name for name in names}
    for name in added:
        if name.lower() in taken:
            raise ColumnTaken(column=taken[name.lower()])
