"""Read OpenStreetMap data through the guarded process: a base map, and the buildings of an outline."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoservice.domain import openstreetmap as tagging
from geoservice.domain.importing.model import ReadFeatures
from geoservice.reading.file_errors import FileMissing, FileTooLarge, NoFeatures, NotOpenStreetMap
from geoservice.reading.limits import Limits
from geoservice.reading.reader import run_child
from layers.crs import Position
from layers.geometry import Plane, metres_per_degree

Shapes = NDArray[np.object_]

#: How far around the outline the base map goes.
AROUND_M = 300.0
#: A piece of an area that is smaller is left by the clipping.
SLIVER_M2 = 5.0
#: A face between streets that is smaller is a crossing; one that is larger is open country.
BLOCK_M2 = (500.0, 200_000.0)
#: What a file begins with, and how its name ends then. Source: wiki.openstreetmap.org/wiki/PBF_Format, RFC 1952.
_BEGINNINGS = ((b"\x1f\x8b", "osm.gz"), (b"BZh", "osm.bz2"), (b"<", "osm"), (b"\xef\xbb\xbf<", "osm"))
#: As a map draws them: what is later lies above.
_ORDER = ("block", "green", "water", "street")


@dataclass(frozen=True)
class OpenStreetMap:
    """What a file tells of an outline."""

    #: For the layers of these names. The keys are those of the objects: w123, r45; of blocks, their places.
    basemap: ReadFeatures
    buildings: ReadFeatures
    #: Areas of the file that could be built, those beyond the outline among them.
    areas_built: int
    #: Ways and relations that should be areas and are not, as they are open or the extract cuts through them.
    areas_not_built: int
    #: The first 20 of them.
    not_built: tuple[str, ...]
    #: Who made the data, to be shown wherever they are, and where the terms are told.
    attribution: str = tagging.ATTRIBUTION
    attribution_url: str = tagging.ATTRIBUTION_URL


class _Object(NamedTuple):
    key: str
    tags: dict[str, str]
    geom: BaseGeometry


class _Drawn(NamedTuple):
    """A feature of the base map."""

    key: str
    kind: str
    name: str | None
    name_en: str | None
    geom: BaseGeometry


@dataclass(frozen=True)
class _Place:
    """Where things are wanted, EPSG:4326."""

    outline: BaseGeometry
    around: BaseGeometry
    plane: Plane

    @classmethod
    def of(cls, outline: BaseGeometry) -> _Place:
        centre = outline.centroid
        scale = np.array(metres_per_degree(centre.y))
        metres = shapely.transform(outline, lambda lonlat: lonlat * scale)
        around = shapely.transform(shapely.buffer(metres, AROUND_M), lambda metres: metres / scale)
        shapely.prepare([outline, around])
        return cls(outline, around, Plane(Position(centre.x, centre.y)))


def read_openstreetmap(
    path: Path,
    *,
    outline: BaseGeometry | None = None,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> OpenStreetMap:
    """Read the base map and the buildings of an outline.

    Parameters
    ----------
    path
        Of a file of OpenStreetMap: .osm, .osm.gz, .osm.bz2 or .osm.pbf, told by its first bytes.
    outline
        Valid area, EPSG:4326. A building belongs to it when a point on its surface is covered by it, and is never cut;
        the base map reaches 300 m beyond. None: the box that the file says it covers.

    Raises
    ------
    FileRefused
        One of its kin; NoFeatures when nothing of the file lies there.
    """
    with tempfile.TemporaryDirectory(prefix="geoservice-osm-") as directory:
        result = Path(directory) / "objects.arrow"
        request = {
            "path": str(_stage(path, Path(directory), limits)), "format": "osm", "result": str(result),
            "features": limits.features, "kept": list(tagging.KEYS),
            "bbox": None if outline is None else list(_Place.of(outline).around.bounds),
            "keys": {"area": tagging.AREA_KEYS, "line": tagging.LINE_KEYS, "point": tagging.POINT_KEYS},
        }  # fmt: skip
        verdict = run_child(request, Path(directory), limits)
        with pa.memory_map(str(result)) as source:
            points, lines, areas, repeated = _objects(pa.ipc.open_file(source).read_all())
    if not lines and not areas:
        raise NoFeatures
    place = _Place.of(outline or _covered(verdict["bbox"], lines + areas))
    remarks = _remarks(verdict, repeated)
    return OpenStreetMap(
        _basemap(lines, areas, place, remarks), _buildings(areas, points, place, remarks),
        verdict["built"], verdict["lost"], tuple(verdict["lost_shown"]),
    )  # fmt: skip


def _stage(path: Path, directory: Path, limits: Limits) -> Path:
    """Copy a file to a name of our own that ends as its format is called; return its path."""
    if not path.is_file():
        raise FileMissing(file=str(path)[:200])
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise FileTooLarge(file=path.name, bytes=size, most=limits.file_bytes)
    with path.open("rb") as file:
        head = file.read(64)
    found = [kind for beginning, kind in _BEGINNINGS if head.startswith(beginning)]
    if b"OSMHeader" in head[:20]:
        found = ["osm.pbf"]
    if not found:
        raise NotOpenStreetMap(file=path.name)
    staged = directory / f"objects.{found[0]}"
    shutil.copyfile(path, staged)
    return staged


def _objects(table: pa.Table) -> tuple[list[_Object], list[_Object], list[_Object], int]:
    """Return points, lines and areas, each object once, and how many came again."""
    found: dict[str, dict[str, _Object]] = {"point": {}, "line": {}, "area": {}}
    geoms = shapely.from_wkb(table.column("geometry").to_numpy())
    told = zip(*(table.column(name).to_pylist() for name in ("what", "osm", "tags")), geoms, strict=True)
    for what, key, tags, geom in told:
        found[what].setdefault(key, _Object(key, json.loads(tags), geom))
    points, lines, areas = (list(found[what].values()) for what in ("point", "line", "area"))
    return points, lines, areas, table.num_rows - len(points) - len(lines) - len(areas)


def _covered(bbox: Sequence[float] | None, objects: list[_Object]) -> BaseGeometry:
    west, south, east, north = bbox or shapely.total_bounds([one.geom for one in objects])
    return shapely.box(west, south, east, north)


def _remarks(verdict: dict[str, Any], repeated: int) -> tuple[str, ...]:
    remarks = []
    if verdict["lost"]:
        told = verdict["lost_shown"]
        shown = ", ".join(told) + (f" … {len(told)} of {verdict['lost']}" if verdict["lost"] > len(told) else "")
        remarks.append(
            f"{verdict['lost']} ways or relations that should be areas are open or not all in the file, and were left"
            f" out: {shown}."
        )
    if verdict["cut_lines"]:
        remarks.append(f"{verdict['cut_lines']} streets or rivers are not all in the file; what is there was taken.")
    if repeated:
        remarks.append(f"{repeated} objects come several times in the file; the first of each was taken.")
    return tuple(remarks)


# --- Buildings --------------------------------------------------------------------------------------------------------


def _buildings(areas: list[_Object], points: list[_Object], place: _Place, remarks: tuple[str, ...]) -> ReadFeatures:
    whole = [one for one in areas if tagging.is_building(one.tags)]
    homeless = _outside([one for one in areas if tagging.is_building_part(one.tags)], whole)
    taken = _belonging(whole + homeless, place.outline)
    within = _within(taken, points)
    names, unshown = _shown([tagging.names_of(one.tags)[0] for one in taken])
    addresses, unshown_too = _shown([tagging.address_of(one.tags) for one in taken])
    values: dict[str, Sequence[object]] = {
        "code": [one.key for one in taken],
        "name": names,
        "kind": [tagging.building_kind(one.tags, within.get(at, ())) for at, one in enumerate(taken)],
        "floors": [tagging.floors_of(one.tags) for one in taken],
        "address": addresses,
    }
    if homeless:
        remarks += (f"{len(homeless)} parts of buildings have no outline around them and were taken as buildings.",)
    return ReadFeatures(
        keys=[one.key for one in taken], values=values, geoms=_array([_multi(one.geom) for one in taken]),
        rows=[int(one.key[1:]) for one in taken], remarks=remarks + _remark_on_names(unshown + unshown_too),
    )  # fmt: skip


def _outside(parts: list[_Object], buildings: list[_Object]) -> list[_Object]:
    """Return the parts that lie in no building."""
    places = shapely.point_on_surface(_array([part.geom for part in parts]))
    inside = set(shapely.STRtree([one.geom for one in buildings]).query(places, predicate="intersects")[0].tolist())
    return [part for at, part in enumerate(parts) if at not in inside]


def _belonging(objects: list[_Object], outline: BaseGeometry) -> list[_Object]:
    covered = shapely.covers(outline, shapely.point_on_surface(_array([one.geom for one in objects])))
    return [one for one, belongs in zip(objects, covered, strict=True) if belongs]


def _within(buildings: list[_Object], points: list[_Object]) -> dict[int, list[tagging.Tags]]:
    """Return the tags of the points in each building, by its place in the list."""
    tree = shapely.STRtree([one.geom for one in buildings])
    point, building = tree.query(_array([one.geom for one in points]), predicate="intersects")
    within: dict[int, list[tagging.Tags]] = {}
    for at, where in sorted(zip(point.tolist(), building.tolist(), strict=True)):
        within.setdefault(where, []).append(points[at].tags)
    return within


def _multi(geom: BaseGeometry) -> BaseGeometry:
    return shapely.MultiPolygon([geom]) if geom.geom_type == "Polygon" else geom


# --- The base map -----------------------------------------------------------------------------------------------------


def _basemap(lines: list[_Object], areas: list[_Object], place: _Place, remarks: tuple[str, ...]) -> ReadFeatures:
    told = {one.key: one for one in _clipped(areas, place)}
    water = [one.geom for one in told.values() if one.kind == "water"]
    near = [one for one in lines if shapely.intersects(place.around, one.geom)]
    for one in near:
        kind = tagging.kind_of_line(one.tags)
        if kind == "street" or (kind == "water" and one.key not in told and not _is_in(one.geom, water)):
            told[one.key] = _Drawn(one.key, kind, *tagging.names_of(one.tags), one.geom)
    streets = [one.geom for one in near if tagging.bounds_blocks(one.tags)]
    drawn = sorted([*told.values(), *_blocks(streets, place)], key=lambda one: _ORDER.index(one.kind))
    names, unshown = _shown([one.name for one in drawn])
    names_en, unshown_too = _shown([one.name_en for one in drawn])
    values: dict[str, Sequence[object]] = {
        "kind": [one.kind for one in drawn], "name": names, "name_en": names_en,
    }  # fmt: skip
    return ReadFeatures(
        keys=[one.key for one in drawn], values=values, geoms=_array([one.geom for one in drawn]),
        rows=range(1, len(drawn) + 1), remarks=remarks + _remark_on_names(unshown + unshown_too),
    )  # fmt: skip


def _clipped(areas: list[_Object], place: _Place) -> list[_Drawn]:
    """Return water and greens, cut where the base map ends."""
    kinds = [tagging.kind_of_area(one.tags) for one in areas]
    meant = [(one, kind) for one, kind in zip(areas, kinds, strict=True) if kind is not None]
    shapes = shapely.intersection(shapely.make_valid(_array([one.geom for one, _ in meant])), place.around)
    told = []
    for (one, kind), shape in zip(meant, shapes, strict=True):
        whole = _without_slivers(shape, place.plane)
        if whole is not None:
            told.append(_Drawn(one.key, kind, *tagging.names_of(one.tags), whole))
    return told


def _without_slivers(shape: BaseGeometry, plane: Plane) -> BaseGeometry | None:
    parts = shapely.get_parts(shapely.get_parts(shape))  # of a collection, too
    large = [part for part in parts if part.geom_type == "Polygon" and plane.area_m2(part) >= SLIVER_M2]
    if not large:
        return None
    return large[0] if len(large) == 1 else shapely.MultiPolygon(large)


def _is_in(line: BaseGeometry, areas: list[BaseGeometry]) -> bool:
    """Return whether more than half of a line lies in areas."""
    return bool(shapely.length(shapely.intersection(line, areas)).sum() > line.length / 2) if areas else False


def _blocks(streets: list[BaseGeometry], place: _Place) -> list[_Drawn]:
    """Return the faces between streets that are as large as a block, and lie in the outline."""
    if not streets:
        return []
    lines = shapely.get_parts(shapely.union_all(streets))
    faces = shapely.get_parts(shapely.polygonize(lines))
    areas = shapely.area(place.plane.project(faces))
    centres = shapely.point_on_surface(faces)
    taken = (areas >= BLOCK_M2[0]) & (areas <= BLOCK_M2[1]) & shapely.covers(place.outline, centres)
    return [
        _Drawn(f"block-{centre.x:.7f}-{centre.y:.7f}", "block", None, None, face)
        for face, centre in zip(faces[taken], centres[taken], strict=True)
    ]


def _shown(names: list[str | None]) -> tuple[list[str | None], int]:
    """Return names as they can be shown, and how many can not."""
    plain = [None if name is None else " ".join(name.split()) for name in names]
    shown = [name if name and tagging.is_shown(name) else None for name in plain]
    return shown, sum(was is not None and now is None for was, now in zip(names, shown, strict=True))


def _remark_on_names(unshown: int) -> tuple[str, ...]:
    if not unshown:
        return ()
    return (f"{unshown} names or addresses were left out: too long, not to be shown, or with a person's number.",)


def _array(geoms: Sequence[BaseGeometry]) -> Shapes:
    array = np.empty(len(geoms), dtype=object)
    array[:] = geoms
    return array
