"""Make grids, or an outline, of the features of a file, and say what had to be decided on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely import MultiPolygon, Polygon

from geoservice.domain.editing.diff import area_m2
from geoservice.domain.privacy import holds_personal_number
from geoservice.domain.validating.topology import CROSSINGS_MAX
from geoservice.errors import PersonalNumberRefused
from geoservice.reading.file_errors import (
    FieldMissing,
    GridCodeNotExact,
    GridWithoutCode,
    NoFeatures,
    OutlineNotValid,
)
from geoservice.reading.reader import Features
from layers.errors import InvalidGeometry
from layers.geometry import as_multipolygon, polygons_of, union_of
from layers.grids.codes import EXACT_BELOW, EXACT_BELOW_SINGLE, CodeAbsent, CodeNotExact, code_text
from layers.grids.model import Finding, GridShape

_SHOWN = 5


@dataclass(frozen=True)
class GridFields:
    """Which fields of a file say what a grid is."""

    code: str
    #: None: the code is the name as well.
    name: str | None = None
    name_en: str | None = None
    #: Of the larger unit it belongs to, as an export writes it.
    parent_code: str | None = None
    #: Which others to keep. Files about grids tend to carry names and numbers of people, so none unless named.
    keep: tuple[str, ...] = ()
    #: Why ground belongs to nobody, as an export writes it; None: the file does not say.
    unowned: str | None = None


def grids_of(features: Features, fields: GridFields) -> tuple[list[GridShape], list[Finding]]:
    """Return the grids of a file and remarks on how its features became grids.

    Features with one code become one grid of several parts; fields of the first one count.

    Raises
    ------
    FieldMissing, GridWithoutCode, GridCodeNotExact, PersonalNumberRefused
        The file has no such field; a code is not there, or not exact; one to keep holds mobile or identity numbers.
    """
    for field in (fields.code, fields.name, fields.name_en, fields.parent_code, fields.unowned, *fields.keep):
        if field is not None and field not in features.fields:
            raise FieldMissing(field=field, fields=", ".join(features.fields))
    by_code: dict[str, list[int]] = {}
    for number, code in enumerate(codes_of(features, fields.code)):
        by_code.setdefault(code, []).append(number)
    grids, findings = [], _heights(features)
    _require_no_personal_numbers(features, fields)
    for code, numbers in by_code.items():
        geom, remarks = _geometry(features, code, numbers)
        findings += remarks
        grids.append(_grid(code, geom, features, numbers[0], fields))
    return grids, findings


def codes_of(features: Features, field: str) -> list[str]:
    """Return the code of each feature.

    Raises
    ------
    GridWithoutCode, GridCodeNotExact
        One has none, or one that would not be the code that was written.
    """
    codes = []
    for number, properties in enumerate(features.properties, start=1):
        try:
            codes.append(code_text(properties[field], exact_below=_exact_below(features, field)))
        except CodeAbsent as exc:
            raise GridWithoutCode(feature=number, field=field) from exc
        except CodeNotExact as exc:
            raise GridCodeNotExact(feature=number, field=field, **exc.fields) from exc
    return codes


def _exact_below(features: Features, field: str) -> float:
    return EXACT_BELOW_SINGLE if field in features.single else EXACT_BELOW


def outline_of(features: Features) -> MultiPolygon:
    """Return all features of a file as one area; inner borders are dissolved.

    Raises
    ------
    OutlineNotValid
        A feature is not a valid polygon; nothing is repaired.
    """
    for number, geom in enumerate(features.geoms):
        if geom is None or not shapely.is_valid(geom):
            reason = "it has no geometry" if geom is None else shapely.is_valid_reason(geom)
            raise OutlineNotValid(feature=number + 1, reason=reason)
    return _as_one([geom for geom in features.geoms if geom is not None])


def outline_around(grids: Sequence[GridShape]) -> MultiPolygon:
    """Return what grids cover, as one area; raise OutlineNotValid where one of them is no valid area."""
    for grid in grids:
        if grid.geom is None or not shapely.is_valid(grid.geom):
            reason = "it has no geometry" if grid.geom is None else shapely.is_valid_reason(grid.geom)
            raise OutlineNotValid(grid=grid.code, reason=reason)
    return _as_one([grid.geom for grid in grids if grid.geom is not None])


def holes_of(outline: MultiPolygon) -> tuple[float, ...]:
    """Return how large the holes of an outline are, in square metres on the ellipsoid, the largest first."""
    holes = [Polygon(ring) for part in outline.geoms for ring in part.interiors]
    return tuple(sorted((area_m2(hole) for hole in holes), reverse=True))


def _as_one(geoms: Sequence[Any]) -> MultiPolygon:
    """Return valid areas as one."""
    if len(geoms) == 1:
        return as_multipolygon(geoms[0])
    parts = [part for geom in geoms for part in polygons_of(geom)]
    if not parts:
        raise NoFeatures
    try:
        return union_of(parts, crossings_max=CROSSINGS_MAX)
    except InvalidGeometry as exc:
        raise OutlineNotValid(**exc.fields) from exc


def _grid(code: str, geom: MultiPolygon | None, features: Features, number: int, fields: GridFields) -> GridShape:
    properties = features.properties[number]
    kept = {key: properties[key] for key in fields.keep if properties[key] is not None}
    name = code if fields.name is None else text_of(properties[fields.name])
    name_en = None if fields.name_en is None else text_of(properties[fields.name_en]) or None
    parent_code = None if fields.parent_code is None else _parent_code(features, number, fields.parent_code)
    unowned_reason = None if fields.unowned is None else _reason(properties[fields.unowned])
    return GridShape(code, name, name_en, parent_code, geom, kept, unowned_reason)


def _reason(value: object) -> str | None:
    """Return why ground belongs to nobody; what is no text, such as a mark of yes or no, is no reason."""
    return value.strip() or None if isinstance(value, str) else None


def _parent_code(features: Features, number: int, field: str) -> str | None:
    try:
        return code_text(features.properties[number][field], exact_below=_exact_below(features, field))
    except CodeAbsent:
        return None
    except CodeNotExact as exc:
        raise GridCodeNotExact(field=field, **exc.fields) from exc


def _require_no_personal_numbers(features: Features, fields: GridFields) -> None:
    """Raise PersonalNumberRefused when a field that would be kept holds what looks like one; names are kept as well."""
    for field in filter(None, (fields.name, fields.name_en, fields.parent_code, fields.unowned, *fields.keep)):
        for number, properties in enumerate(features.properties):
            if holds_personal_number(str(properties[field])):
                raise PersonalNumberRefused(field=field, feature=number + 1)


def text_of(value: object) -> str:
    """Return a field's value as a name; 540502.0 is 540502, as a spreadsheet meant it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _heights(features: Features) -> list[Finding]:
    if not features.with_heights:
        return []
    count = features.with_heights
    message = f"{count} features have heights or measures; only longitude and latitude are kept."
    return [Finding("heights-dropped", "warning", (), message, size=float(count), unit="features")]


def _geometry(features: Features, code: str, numbers: list[int]) -> tuple[MultiPolygon | None, list[Finding]]:
    unbuildable = [number for number in numbers if number in features.unbuildable]
    if unbuildable:
        which = ", ".join(str(number + 1) for number in unbuildable[:_SHOWN])
        which += f" … {_SHOWN} of {len(unbuildable)}" if len(unbuildable) > _SHOWN else ""
        message = f"Grid {code} has a ring of too few points, or one that is not closed (feature {which})."
        return None, [Finding("invalid-ring", "error", (code,), message)]
    geoms = [features.geoms[number] for number in numbers if features.geoms[number] is not None]
    if len(numbers) == 1:
        return (as_multipolygon(geoms[0]) if geoms else None), []
    message = f"{len(numbers)} features have the code {code}; they became one grid."
    remark = Finding("code-in-several-features", "warning", (code,), message, float(len(numbers)), "features")
    return _dissolved(geoms), [remark]


def _dissolved(geoms: list[Any]) -> MultiPolygon | None:
    """Return the exact union of the features of one grid.

    Parts that lie apart keep every vertex. An invalid part stays as it is, so that validation names it.
    """
    together = MultiPolygon([part for geom in geoms for part in polygons_of(geom)])
    if together.is_empty:
        return None
    if shapely.is_valid(together) or not shapely.is_valid(geoms).all():
        return together
    try:
        return union_of(list(together.geoms), crossings_max=CROSSINGS_MAX)
    except InvalidGeometry:  # no union in a reasonable time: what overlaps itself is told as invalid
        return together
