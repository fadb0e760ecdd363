"""What is read of OpenStreetMap and counted from a register can be stored as it is, and read again is no difference."""

from __future__ import annotations

from pathlib import Path

import shapely
from sqlalchemy import text

from geoservice.counting.register import count_register
from geoservice.demo.community import build_community
from geoservice.demo.people import FLOATING, RESIDENTS
from geoservice.domain.importing.model import ReadFeatures
from geoservice.reading.osm import OpenStreetMap, read_openstreetmap
from geoservice.wiring import Services
from layers.changes.model import Difference
from tests.geoservice.counting.made_registers import AS_OF, HEADER, csv_of, in_memory, persons_of
from tests.geoservice.demo.conftest import NOW
from tests.geoservice.reading.made_osm import Drawing


def town(folder: Path, outline: shapely.Geometry) -> OpenStreetMap:
    """Read a town of streets 100 m apart, with a house in each block, a park and a lake across the outline's edge."""
    west, south, east, north = outline.bounds
    drawing = Drawing()
    for number in range(12):
        lon, lat = round(west + number * 0.001, 7), round(south + number * 0.001, 7)
        drawing.way(100 + number, [(lon, south - 0.01), (lon, north + 0.01)], highway="residential", name="东街")
        drawing.way(
            200 + number, [(west - 0.01, lat), (east + 0.01, lat)], highway="footway" if number % 2 else "primary"
        )
        for block in range(6):
            house = (round(lon + 0.0003, 7), round(south + block * 0.001 + 0.0003, 7))
            drawing.square(1000 + 10 * number + block, *house, 0.0002, building="apartments", building__levels="6")
    drawing.square(900, round(east - 0.002, 7), round(south + 0.001, 7), 0.05, leisure="park", name="公园")
    drawing.square(901, round(west - 0.05, 7), round(south + 0.001, 7), 0.052, natural="water", name__en="Lake")
    path = folder / "town.osm"
    path.write_text(drawing.text(), encoding="utf-8")
    return read_openstreetmap(path, outline=outline)


def import_whole(services: Services, layer: str, features: ReadFeatures) -> Difference:
    """Import features in place of all that are stored; return what importing them once more would change."""
    applied = services.layer_imports.apply(
        "sare", layer, features, actor="test", door="command", removed="delete", confirmed=True
    )
    assert applied.difference.refused == ()
    assert applied.difference.added == len(features.keys)
    return services.layer_imports.compare("sare", layer, features)


def test_openstreetmap_is_stored_as_it_is_read(services: Services, tmp_path: Path) -> None:
    with services.database.transaction() as connection:
        wkb = connection.execute(text("SELECT st_asbinary(outline) FROM geoservice.jurisdiction")).scalar_one()
    made = town(tmp_path, shapely.from_wkb(bytes(wkb)))
    assert set(made.basemap.values["kind"]) == {"block", "green", "water", "street"}
    assert len(made.buildings.keys) > 20

    assert import_whole(services, "basemap", made.basemap).is_empty
    applied = services.layer_imports.apply("sare", "buildings", made.buildings, actor="test", door="command")
    assert (applied.difference.refused, applied.difference.added) == ((), len(made.buildings.keys))
    assert services.layer_imports.compare("sare", "buildings", made.buildings).changed == 0


def test_counts_of_a_register_are_stored_as_they_are_counted(services: Services) -> None:
    community = build_community(now=NOW)
    with in_memory(csv_of([HEADER, *persons_of(community.households)])) as descriptor:
        counted = count_register(
            descriptor, buildings={one.code: one.code for one in community.buildings}, as_of=AS_OF, refuse_above=0
        )

    assert import_whole(services, "households", counted.features).is_empty
    with services.database.transaction() as connection:
        sums = connection.execute(
            text("SELECT sum(residents), sum(floating), sum(households) FROM geoservice.household")
        )
        assert tuple(sums.one()) == (RESIDENTS, FLOATING, 3200)
