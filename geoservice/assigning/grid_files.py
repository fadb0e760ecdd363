"""The grids of a file of polygons, which need no database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import CodeNotStated, GridWithoutShape
from geoservice.engine.index import OwnershipIndex
from geoservice.reading.file_errors import FieldMissing
from geoservice.reading.limits import Limits
from geoservice.reading.reader import Features, read_features
from geoservice.reading.shapes import codes_of

#: Names of a field that need not be stated.
CODE_FIELDS = ("grid_code", "code")
#: Looking for overlaps costs about a second for a million vertices; above this nobody asked for it.
VERTICES_LOOKED_AT = 100_000


def owners_of_file(
    file: Path, *, code: str | None, crs: str | None = None, encoding: str | None = None, layer: str | None = None,
    allow_ballpark: bool = False, snap_tolerance_m: float = 0.0, limits: Limits = Limits(),  # noqa: B008  frozen
) -> Owners:  # fmt: skip
    """Return the grids of a file of polygons.

    Parameters
    ----------
    file
        GeoJSON, GeoPackage, shapefile or GeoParquet; features with one code are one grid of several parts.
    code
        Field that holds the code; None: one called grid_code or code.
    crs, encoding, layer, allow_ballpark, limits
        See `read_features`.

    Raises
    ------
    FileRefused, CodeNotStated, GridWithoutShape, NotAnArea
        What is wrong with the file.
    """
    features = read_features(
        str(file), crs=crs, encoding=encoding, layer=layer, allow_ballpark=allow_ballpark, limits=limits
    )
    field = _code_field(features.fields, code)
    codes = codes_of(features, field)
    for number, (one, geom) in enumerate(zip(codes, features.geoms, strict=True), start=1):
        if geom is None or number - 1 in features.unbuildable:
            raise GridWithoutShape(feature=number, grid_code=one)
    index = OwnershipIndex.build(codes, features.geoms)
    return Owners(index, snap_tolerance_m, tuple(_remarks(file, field, codes, features, index)))


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


def _remarks(file: Path, field: str, codes: Sequence[str], features: Features, index: OwnershipIndex) -> list[str]:
    count, parts = len(index.codes), len(features.geoms)
    several = f" in {parts} features" if parts != count else ""
    remarks = [f"{count} grids{several} from {file.name}, code from {field}, coordinates from {features.crs}."]
    if features.doubt is not None:
        remarks.append(f"{file.name}: {features.doubt}")
    geoms = np.array(features.geoms, dtype=object)
    valid = shapely.is_valid(geoms)
    if not valid.all():
        shown = ", ".join(code for code, sound in zip(codes, valid.tolist(), strict=True) if not sound)
        remarks.append(
            f"{(~valid).sum()} of {parts} areas are not valid ({shorten(shown, 100, placeholder=' ...')}): where a ring"
            " crosses itself, what lies inside by turns is owned."
        )
    if _overlap(geoms[valid]):
        remarks.append(
            "Grids overlap or their borders do not fit each other: "
            "where several cover a place, the smallest code owns it."
        )
    return remarks


def _overlap(geoms: NDArray[Any]) -> bool:
    if shapely.get_num_coordinates(geoms).sum() > VERTICES_LOOKED_AT:
        return False
    return not shapely.coverage_is_valid(geoms)
