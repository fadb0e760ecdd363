"""The grids of a file, in one step: read, sure of their CRS, made into shapes. Nothing is stored here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geoservice.reading.crs import require_sure
from geoservice.reading.limits import Limits
from geoservice.reading.reader import read_features
from geoservice.reading.shapes import GridFields, grids_of
from layers.crs import Bbox
from layers.grids.model import UNOWNED_FIELD, Finding, GridShape


@dataclass(frozen=True)
class FileGrids:
    """What a file says about grids; nothing is promised about them yet."""

    grids: list[GridShape]
    #: How its features became grids.
    remarks: list[Finding]
    #: What the coordinates were taken for.
    crs: str
    #: Which fields said what; those of the file that an export writes by itself are among them.
    fields: GridFields
    #: What is not sure of its datum, as was allowed; None: nothing.
    ballpark: str | None = None


def grids_of_file(
    path: str, fields: GridFields, *, bbox: Bbox | None = None, crs: str | None = None, encoding: str | None = None,
    layer: str | None = None, allow_ballpark: bool = False, limits: Limits = Limits(),  # noqa: B008  frozen
) -> FileGrids:  # fmt: skip
    """Read the grids of a file, for a new draft or as the next state of one; it takes seconds and needs no database.

    Parameters
    ----------
    path, crs, encoding, layer, allow_ballpark, limits
        See `read_features`.
    bbox
        Of the outline they are to fill, when it is known; see `require_sure`.

    Raises
    ------
    FileRefused
        One of its kin; FieldMissing and PersonalNumberRefused among them.
    """
    features = read_features(
        path, crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark, limits=limits
    )
    require_sure(features.crs, features.geoms, bbox)
    if UNOWNED_FIELD in features.fields:
        fields = replace(fields, unowned=UNOWNED_FIELD)
    grids, remarks = grids_of(features, fields)
    return FileGrids(grids, remarks, features.crs, fields, features.doubt)
