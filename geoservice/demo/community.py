"""The demo community put together: one seed in, one frozen value out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import shapely
from shapely import LineString, MultiPolygon, Polygon, box

from geoservice.demo.blocks import Block, cut_alleys, land_between, lay_out_blocks, water_of
from geoservice.demo.buildings import name_buildings
from geoservice.demo.cameras import mount_cameras
from geoservice.demo.footprints import build_footprints
from geoservice.demo.grids import grid_faces, grid_seeds, outline_of
from geoservice.demo.incident_places import PlaceFinder
from geoservice.demo.incidents import happen
from geoservice.demo.model import BasemapFeature, BasemapKind, Community
from geoservice.demo.organisations import found_organisations
from geoservice.demo.people import settle
from geoservice.demo.plan import RIVER_NAME
from geoservice.demo.plane import to_lonlat
from geoservice.demo.services import SERVICES
from geoservice.demo.staff import staff_and_postings
from geoservice.demo.streets import Street, midstream, planned_streets, trimmed

#: Any number would do; this one spells the centre, 91.77 E 29.24 N.
SEED = 91772924
BUILDING_COUNT = 903
#: CGCS2000 / 3-degree Gauss-Kruger CM 93E, the zone of 91.5 E to 94.5 E, without a zone number in the easting.
METRIC_SRID = 4540
TIME_ZONE = "Asia/Shanghai"

#: What the base map shows around the outline, so that the community does not float: half sizes in metres.
_SURROUNDINGS = box(-800.0, -620.0, 800.0, 620.0)


def build_community(*, now: datetime, seed: int = SEED) -> Community:
    """Build the demo community.

    Parameters
    ----------
    now
        The instant that counts as the present; must carry a zone. Incidents end before it, postings began before it.
    seed
        Where all chance comes from. The totals hold for any seed; which house stands where does not.

    Returns
    -------
    Community
        All geometry in EPSG:4326, rounded to 1e-7 degrees; equal arguments give an equal community.

    Raises
    ------
    ValueError
        When `now` has no zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone")
    zone = ZoneInfo(TIME_ZONE)
    river, plan = midstream(seed), planned_streets(seed)
    faces = grid_faces([street.line for street in plan if street.border] + [river])
    streets = [trimmed(street, plan) for street in plan] + cut_alleys(faces, plan, river=river, seed=seed)
    blocks = lay_out_blocks(faces, streets, river=river, seed=seed)
    footprints = build_footprints(blocks, count=BUILDING_COUNT, seed=seed)
    buildings = name_buildings(footprints, blocks, streets=streets)
    rim = outline_of(faces)
    outline, grids = MultiPolygon([to_lonlat(rim)]), grid_seeds(faces)
    staff, postings = staff_and_postings(grids, today=now.astimezone(zone).date(), seed=seed)
    finder = PlaceFinder(grids, outline, streets=streets, buildings=buildings, seed=seed)
    return Community(
        code="sare",
        name="萨热社区",
        name_en="Sare community",
        outline=outline,
        metric_srid=METRIC_SRID,
        time_zone=TIME_ZONE,
        basemap=_basemap(rim, blocks, streets, river),
        grids=grids,
        buildings=tuple(building.seed for building in buildings),
        households=settle(buildings, seed=seed),
        cameras=mount_cameras(streets, buildings, outline=rim, seed=seed),
        organisations=found_organisations(buildings, seed=seed),
        staff=staff,
        postings=postings,
        services=SERVICES,
        incidents=happen(finder, now=now, zone=zone, seed=seed),
    )


def _basemap(
    rim: Polygon, blocks: Sequence[Block], streets: Sequence[Street], river: LineString
) -> tuple[BasemapFeature, ...]:
    """Return water, blocks, greens and streets, in the order in which a map draws them."""
    water = water_of(river).intersection(_SURROUNDINGS)
    outside = land_between(_SURROUNDINGS.difference(rim), streets, river=river)
    features = [BasemapFeature("water", *RIVER_NAME, to_lonlat(water))]
    features += [BasemapFeature("block", "", "", to_lonlat(piece)) for piece in outside]
    for block in blocks:
        kind: BasemapKind = "green" if block.use in ("park", "riverside") else "block"
        features.append(BasemapFeature(kind, block.name, block.name_en, to_lonlat(block.shape)))
    for street in streets:
        line = shapely.intersection(street.line, _SURROUNDINGS)
        features.append(BasemapFeature("street", street.name, street.name_en, to_lonlat(line)))
    return tuple(features)
