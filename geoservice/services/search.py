"""What somebody means by a few words: a feature, a street, an incident, an officer, or coordinates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.services import lookups
from layers.basemap.queries import streets_named
from layers.catalogue import catalogue
from layers.crs import Bbox, declared_position
from layers.db.session import Database
from layers.errors import LayerError
from layers.features import features_named
from layers.grids.territory import grids_in_force
from layers.incidents.in_hand import incidents_numbered
from layers.layer import Layer
from layers.staff.queries import members_called

#: In which coordinates a pair of numbers may be meant. Which of them is never guessed: each is offered by its name.
CRS_OFFERED = ("wgs84", "gcj02")
_PAIR = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{1,12})?)\s*[,;\s]\s*([+-]?\d{1,3}(?:\.\d{1,12})?)\s*", re.ASCII)
#: Shorter, the beginning of a number is that of too many incidents.
_DIGITS_LEAST = 4
_HEXADECIMAL = re.compile(r"[0-9a-f]{4,32}", re.ASCII)


@dataclass(frozen=True)
class Found:
    """One of the things that may be meant."""

    #: grid, building and so on: a layer's id; street, officer or position.
    kind: str
    #: Its key; of a position, longitude and latitude as they were written.
    id: str
    #: What it is called in Chinese and, where there is such a name, in English.
    name: str
    name_en: str | None
    #: In EPSG:4326; None: it is in no place.
    bbox: Bbox | None
    grids: tuple[str, ...] = ()
    #: Where it is, as people say.
    address: str | None = None
    #: Of an incident.
    status: str | None = None
    #: Of a position: the coordinates in which it was written.
    crs: str | None = None


@dataclass(frozen=True)
class Findings:
    """All that may be meant, by kind; some of each."""

    found: tuple[Found, ...]
    #: Of each kind that there is: how many.
    matched: dict[str, int]


class SearchService:
    """Reads; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self, jurisdiction_code: str, words: str, *, identity: Identity, crs: str | None = None, limit: int = 5
    ) -> Findings:
        """Return what some words may mean in a jurisdiction, of what whoever asks may see; raise JurisdictionUnknown.

        Parameters
        ----------
        crs
            Coordinates are meant in this one; None: in any of CRS_OFFERED.
        limit
            At most so many of each kind.
        """
        said = unicodedata.normalize("NFKC", words).strip().lower()
        with self._database.transaction() as connection:
            home = lookups.get_jurisdiction(connection, jurisdiction_code).id
            if not said:
                return Findings((), {})
            positions = tuple(_positions(said, CRS_OFFERED if crs is None else (crs,)))
            if positions:
                return Findings(positions, {"position": len(positions)})
            return _together(list(_everywhere(connection, home, "".join(said.split()), identity, limit)))


def _together(parts: Sequence[tuple[Sequence[Found], int]]) -> Findings:
    found = tuple(one for those, _ in parts for one in those)
    return Findings(found, {those[0].kind: matched for those, matched in parts if those})


def _everywhere(
    connection: Connection, home: int, words: str, identity: Identity, limit: int
) -> Iterator[tuple[Sequence[Found], int]]:
    """Return what each kind has, and how many there are, those kinds first that people ask for most."""
    digits = words.replace("-", "")
    if _HEXADECIMAL.fullmatch(digits) and permitted(identity, Permission.VIEW_FEATURES):
        yield _incidents(connection, home, digits, limit)
    grids, *layers = _searched(identity, first=("grids", "buildings"))
    yield _features(connection, home, grids, words, limit)
    streets, matched = streets_named(connection, words, jurisdiction_id=home, limit=limit)
    yield [Found("street", one.name, one.name, one.name_en, one.bbox) for one in streets], matched
    for layer in layers:
        yield _features(connection, home, layer, words, limit)
    if permitted(identity, Permission.READ_STAFF):
        yield _officers(connection, home, words, limit)


def _searched(identity: Identity, *, first: tuple[str, ...]) -> list[Layer]:
    """Return the layers that whoever asks may look into for a name: not those of people and of matters."""
    told = [
        layer for layer in catalogue().values()
        if layer.geom == "geom" and not layer.personal and layer.assignment != "routing" and layer.id != "basemap"
        and permitted(identity, Permission(layer.read))
    ]  # fmt: skip
    return sorted(told, key=lambda layer: first.index(layer.id) if layer.id in first else len(first))


def _features(
    connection: Connection, home: int, layer: Layer, words: str, limit: int
) -> tuple[Sequence[Found], int]:  # fmt: skip
    rows, matched = features_named(connection, layer, words, jurisdiction_id=home, limit=limit)
    found = [
        Found(layer.id, row["key"], row.get(layer.head) or row["key"], row.get(f"{layer.head}_en"), Bbox(*row["bbox"]),
              grids=(row["grid_code"],) if row.get("grid_code") else (), address=row.get("address"))
        for row in rows
    ]  # fmt: skip
    return found, matched


def _incidents(connection: Connection, home: int, digits: str, limit: int) -> tuple[Sequence[Found], int]:
    rows, matched = incidents_numbered(connection, digits, jurisdiction_id=home, limit=limit)
    found = [
        Found("incidents", str(one.id), one.service_name, one.service_name_en, Bbox(one.lon, one.lat, one.lon, one.lat),
              grids=() if one.grid_code is None else (one.grid_code,), status=one.status)
        for one in rows
    ]  # fmt: skip
    return found, matched


def _officers(connection: Connection, home: int, words: str, limit: int) -> tuple[Sequence[Found], int]:
    """Return staff, each where the grids are that are served today."""
    rows, matched = members_called(connection, words, jurisdiction_id=home, limit=limit)
    boxes = {str(one["code"]): Bbox(*one["bbox"]) for one in grids_in_force(connection, jurisdiction_id=home)}
    found = [
        Found("officer", one.code, one.call_sign, None, _around([boxes[grid] for grid in grids if grid in boxes]),
              grids=grids)
        for one, grids in rows
    ]  # fmt: skip
    return found, matched


def _around(boxes: Sequence[Bbox]) -> Bbox | None:
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return Bbox(min(wests), min(souths), max(easts), max(norths))


def _positions(words: str, offered: Sequence[str]) -> Iterator[Found]:
    """Return where a pair of numbers is in some coordinates: longitude first, unless only the other way can be."""
    pair = _PAIR.fullmatch(words)
    if pair is None:
        return
    lon, lat = float(pair[1]), float(pair[2])
    if abs(lat) > 90 >= abs(lon):
        lon, lat = lat, lon
    for crs in offered:
        try:
            at = declared_position(lon, lat, crs=crs).position
        except LayerError:
            continue  # nobody writes that place so
        yield Found("position", f"{lon},{lat}", f"{lon}, {lat}", None, Bbox(at.lon, at.lat, at.lon, at.lat), crs=crs)
