"""Objects of an OpenStreetMap file, read in the guarded process of `reader_process`.

It knows nothing of the service and imports nothing of it. pyosmium (libosmium) builds the areas: of ways that are
closed and of multipolygons. Of every object the tags that were asked for are taken and nothing else: not who made it,
nor how somebody is reached.
"""

from __future__ import annotations

import json
from typing import Any

import osmium
import pyarrow as pa
import shapely

#: As many names of objects that could not be built are told.
_SHOWN = 20
POINT, LINE, AREA = "point", "line", "area"
#: Relations that are areas. Source: wiki.openstreetmap.org/wiki/Relation:multipolygon
_AREA_TYPES = ("multipolygon", "boundary")


class OsmRefused(Exception):
    """The class of error that the service raises, and its fields."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.error, self.fields = error, fields


class Objects:
    """What was read so far."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._request = request
        self._rows: dict[str, list[Any]] = {"what": [], "osm": [], "tags": [], "geometry": []}
        self._wkb = osmium.geom.WKBFactory()
        #: Names of what should be an area, in the order of the file, and of what became one.
        self._awaited: dict[str, None] = {}
        self._built: set[str] = set()
        self.cut_lines = 0
        self._ways_began = False

    def take(self, one: Any) -> None:
        """Note what an object tells."""
        if one.is_node() and self._ways_began:
            raise RuntimeError("nodes and ways are out of order")  # the ways had no places
        self._ways_began |= one.is_way()
        if one.is_area():
            self._take_area(one)
        elif one.is_way():
            self._take_way(one)
        elif one.is_node():
            if one.location.valid() and self._is_within(one.location.lon, one.location.lat, *[None] * 2):
                self._add(POINT, f"n{one.id}", one, self._wkb.create_point(one))
        elif one.tags.get("type") in _AREA_TYPES and self._is_asked(AREA, one):
            self._awaited[f"r{one.id}"] = None

    def _take_area(self, area: Any) -> None:
        name = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
        self._built.add(name)
        if not self._is_asked(AREA, area):
            return
        places = [(node.lon, node.lat) for ring in area.outer_rings() for node in ring]
        lons, lats = zip(*places, strict=True)
        if self._is_within(min(lons), min(lats), max(lons), max(lats)):
            self._add(AREA, name, area, self._wkb.create_multipolygon(area))

    def _take_way(self, way: Any) -> None:
        runs: list[list[tuple[float, float]]] = [[]]
        for node in way.nodes:
            if node.location.valid():
                runs[-1].append((node.location.lon, node.location.lat))
            elif runs[-1]:
                runs.append([])
        places = [place for run in runs for place in run]
        lons, lats = [lon for lon, _ in places], [lat for _, lat in places]
        if places and not self._is_within(min(lons), min(lats), max(lons), max(lats)):
            return
        if "building" in way.tags:
            self._awaited[f"w{way.id}"] = None
        if not self._is_asked(LINE, way):
            return
        lines = [run for run in runs if len(set(run)) > 1]
        if len(places) < len(way.nodes):
            self.cut_lines += 1  # the extract ends there
        if lines:
            whole = shapely.LineString(lines[0]) if len(lines) == 1 else shapely.MultiLineString(lines)
            self._add(LINE, f"w{way.id}", way, whole.wkb_hex)

    def _is_asked(self, what: str, one: Any) -> bool:
        return any(key in one.tags for key in self._request["keys"][what])

    def _is_within(self, west: float, south: float, east: float | None, north: float | None) -> bool:
        box = self._request["bbox"]
        if box is None:
            return True
        reaches_in = west <= box[2] and south <= box[3]
        return (
            reaches_in and (west if east is None else east) >= box[0] and (south if north is None else north) >= box[1]
        )

    def _add(self, what: str, name: str, one: Any, wkb_hex: str) -> None:
        if not self._is_asked(what, one):
            return
        if len(self._rows["osm"]) >= self._request["features"]:
            raise OsmRefused("TooManyFeatures", most=self._request["features"])
        tags = {key: one.tags[key] for key in self._request["kept"] if key in one.tags}
        row = (what, name, json.dumps(tags, ensure_ascii=False), bytes.fromhex(wkb_hex))
        for column, value in zip(self._rows.values(), row, strict=True):
            column.append(value)

    def table(self) -> Any:
        """Return the objects as an Arrow table."""
        kinds = (pa.string(), pa.string(), pa.string(), pa.binary())
        arrays = [pa.array(values, kind) for values, kind in zip(self._rows.values(), kinds, strict=True)]
        return pa.table(arrays, names=list(self._rows))

    def verdict(self) -> dict[str, Any]:
        """Return how many areas were built, and which were not."""
        lost = [name for name in self._awaited if name not in self._built]
        return {
            "built": self._rows["what"].count(AREA), "lost": len(lost), "lost_shown": lost[:_SHOWN],
            "cut_lines": self.cut_lines,
        }  # fmt: skip


def read_objects(request: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the objects of a file as an Arrow table (what, osm, tags as JSON, geometry as WKB), and the verdict.

    Parameters
    ----------
    request
        path (its ending tells libosmium the format), features, bbox (west, south, east, north; None: all), keys (by
        what: one of these an object must have), kept (the tags to take).
    """
    path = request["path"]
    try:
        try:
            return _read(path, request)
        except RuntimeError as exc:
            # As editors and the interfaces of OpenStreetMap write it; areas are built of what is sorted.
            if "out of order" not in str(exc):
                raise
        return _read(_sorted(path), request)
    except (RuntimeError, ValueError, osmium.InvalidLocationError) as exc:
        raise OsmRefused("FileUnreadable", reason=str(exc).replace(path, "the file")[:200]) from exc


def _read(path: str, request: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    objects = Objects(request)
    file = osmium.FileProcessor(path).with_areas()
    box = file.header.box()
    for one in file:
        objects.take(one)
    corners = [box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat] if box.valid() else None
    return objects.table(), objects.verdict() | {"bbox": corners}


def _sorted(path: str) -> str:
    """Write a file once more beside it, sorted in memory; return its path."""
    target = f"{path}.sorted.osm.pbf"
    sorting = osmium.MergeInputReader()
    sorting.add_file(path)
    with osmium.SimpleWriter(target) as writer:
        sorting.apply(writer)
    return target
