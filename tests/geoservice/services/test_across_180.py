"""A jurisdiction across 180 degrees is imported, healed, drawn, published and written as the same one elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely import LineString, affinity, box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from geoservice.domain.proposing.reckoning import Wish
from geoservice.errors import LiesAcross180
from geoservice.reading.file_errors import OutlineNotValid
from geoservice.reading.shapes import GridFields
from geoservice.services.drafting.proposals import ProposalService
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.exporting import ExportService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.sheets import SheetService
from geoservice.services.tiles.pyramids import PyramidService
from geoservice.services.viewing import ViewingService
from layers.crs import Position
from layers.db.session import Database
from layers.grids.model import Finding
from tilegen.store import StoreLimits, TileStore

FIELDS = GridFields("code")
#: Taveuni in Fiji lies across 180 degrees; the same grids 20 degrees farther west are the oracle.
LAT, TURN = -16.85, 20.0


def six_grids(gap: float = 0.0) -> dict[str, BaseGeometry]:
    """Return two rows of three grids, running beyond 180 degrees; a gap so many degrees wide lies across it."""
    borders = [179.96, 179.985, 180.013, 180.04]
    slanted = [shapely.LineString([(lon, LAT - 0.02), (lon + 0.0037, LAT + 0.02)]) for lon in borders]
    cells = {}
    for row, south in enumerate((LAT - 0.02, LAT)):
        for column in range(3):
            west, east = (
                slanted[number].intersection(box(0, south, 360, south + 0.02)) for number in (column, column + 1)
            )
            # A border that is cut has a vertex there.
            middle = [(180, south), (180, south + 0.02)] if column == 1 else []
            ring = [*middle[:1], *west.coords, *middle[1:], *reversed(east.coords)]
            cells[f"{row}{column}"] = shapely.Polygon(ring)
    if gap:
        cells["11"] = shapely.transform(cells["11"], lambda xy: np.where(xy == LAT, LAT + gap, xy))
    return cells


def shifted(geom: BaseGeometry) -> BaseGeometry:
    return affinity.translate(geom, -TURN)


def cut_by_hand(geom: BaseGeometry) -> BaseGeometry:
    parts = [
        geom.intersection(box(0, -90, 180, 90)),
        affinity.translate(geom.intersection(box(180, -90, 360, 90)), -360),
    ]
    return shapely.multipolygons([part for part in parts if part.area])


def jumping(geom: BaseGeometry) -> BaseGeometry:
    return shapely.transform(
        geom, lambda xy: np.column_stack((np.where(xy[:, 0] > 180, xy[:, 0] - 360, xy[:, 0]), xy[:, 1]))
    )


FORMS = {"beyond 180": lambda geom: geom, "cut": cut_by_hand, "jumping": jumping,
         "beyond -180": lambda geom: affinity.translate(geom, -360)}  # fmt: skip


def written(path: Path, geoms: dict[str, BaseGeometry]) -> str:
    features = [{"type": "Feature", "properties": {"code": code}, "geometry": shapely.geometry.mapping(geom)}
                for code, geom in geoms.items()]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return str(path)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, tuple[str, ...], object]]:
    return [
        (
            one.rule,
            one.severity,
            one.grid_codes,
            pytest.approx(one.size, rel=1e-6) if one.rule != "unmatched-edge" else None,
        )
        for one in findings
    ]


def add(database: Database, code: str, path: str, heal_m: float | None = None) -> tuple[int, tuple[Finding, ...]]:
    made = JurisdictionService(database).add_from_grids(
        code, name=code, grids_path=path, fields=FIELDS, heal_m=heal_m, time_zone="Pacific/Fiji"
    )
    return made.draft.edition_id, made.draft.findings


def stored(database: Database, edition: int) -> dict[str, shapely.MultiPolygon]:
    query = text("SELECT code, st_asbinary(geom) FROM geoservice.grid WHERE edition_id = :id ORDER BY code")
    with database.transaction() as connection:
        return {code: shapely.from_wkb(bytes(geom)) for code, geom in connection.execute(query, {"id": edition})}


def whole(geom: BaseGeometry) -> BaseGeometry:
    """Return a stored shape beyond 180 degrees, by nothing of ours."""
    parts = [affinity.translate(part, 360) if part.bounds[0] < 0 else part for part in shapely.get_parts(geom)]
    return shapely.union_all(parts)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_file_is_stored_cut_and_found_clean(tmp_path: Path, database: Database, form: str) -> None:
    grids = six_grids()
    path = written(tmp_path / "a.geojson", {code: FORMS[form](geom) for code, geom in grids.items()})
    beside = written(tmp_path / "b.geojson", {code: shifted(geom) for code, geom in grids.items()})

    edition, findings = add(database, "fiji", path)
    _, expected = add(database, "oracle", beside)

    assert told(findings) == told(expected)
    found = stored(database, edition)
    for code, geom in grids.items():
        assert np.abs(shapely.bounds(found[code])[[0, 2]]).max() <= 180
        assert whole(found[code]).symmetric_difference(geom).area < 1e-10
        assert shapely.get_num_geometries(found[code]) == (2 if code[1] == "1" else 1)
    EditionService(database).publish(edition, actor="analyst")


def test_a_gap_across_is_one_gap_and_is_healed_as_elsewhere(tmp_path: Path, database: Database) -> None:
    grids = six_grids(gap=2e-6)
    path = written(tmp_path / "a.geojson", {code: cut_by_hand(geom) for code, geom in grids.items()})
    beside = written(tmp_path / "b.geojson", {code: shifted(geom) for code, geom in grids.items()})

    _, findings = add(database, "fiji", path)
    _, expected = add(database, "oracle", beside)
    edition, healed = add(database, "healed", path, heal_m=0.5)
    other, also = add(database, "also", beside, heal_m=0.5)

    assert told(findings) == told(expected)
    assert told(healed) == told(also) == []
    mended, oracle = stored(database, edition), stored(database, other)
    for code in grids:
        assert affinity.translate(whole(mended[code]), -TURN).hausdorff_distance(oracle[code]) < 1e-8
        assert affinity.translate(whole(mended[code]), -TURN).symmetric_difference(oracle[code]).area < 1e-9


def test_drawing_across_does_what_it_does_elsewhere(tmp_path: Path, database: Database) -> None:
    editions, drafts = EditionService(database), DraftService(database)
    grids = six_grids()
    files = [written(tmp_path / "a.geojson", {code: jumping(geom) for code, geom in grids.items()}),
             written(tmp_path / "b.geojson", {code: shifted(geom) for code, geom in grids.items()})]  # fmt: skip
    found = []
    for town, path in zip(("fiji", "oracle"), files, strict=True):

        def at(lon: float, lat: float, town: str = town) -> Position:
            return Position((lon - 360 if lon > 180 else lon) if town == "fiji" else lon - TURN, lat)

        first, _ = add(database, town, path)
        editions.publish(first, actor="analyst")
        draft = drafts.create(town, title="drawn", from_edition=None, actor="analyst").id
        drafts.merge(draft, ["11", "12"], "11", revision=None)
        drafts.split(draft, "01", LineString([at(179.98, LAT - 0.012), at(180.02, LAT - 0.008)]), revision=None)
        drafts.move_vertex(draft, at(180.013 + 0.0037 / 2, LAT), at(180.014, LAT + 0.001), tolerance_m=5, revision=None)
        drafts.redraw_border(
            draft, ("00", "10"), LineString([at(179.96 + 0.0037 / 2, LAT), at(179.975, LAT + 0.002),
                                             at(179.985 + 0.0037 / 2, LAT)]), revision=None,
        )  # fmt: skip
        drafts.undo(draft, revision=None)
        drafts.redo(draft, revision=None)
        findings = editions.validate(draft, actor="analyst")
        change = drafts.compare(first, draft)
        published = stored(database, draft)
        editions.publish(draft, actor="analyst")
        found.append((published, told(findings), sorted(one.code for one in change.redrawn)))

    (fiji, fiji_findings, fiji_redrawn), (oracle, oracle_findings, oracle_redrawn) = found
    assert fiji_findings == oracle_findings
    assert fiji_redrawn == oracle_redrawn
    assert sorted(fiji) == sorted(oracle)
    for code, geom in oracle.items():
        assert affinity.translate(whole(fiji[code]), -TURN).symmetric_difference(geom).area < 1e-9


def test_an_edition_is_written_cut_and_comes_back_the_same(tmp_path: Path, database: Database) -> None:
    path = written(tmp_path / "a.geojson", six_grids())
    edition, _ = add(database, "fiji", path)

    for name in ("out.geojson", "out.gpkg", "out.zip"):
        ExportService(database).export(edition, tmp_path / name)
        changed = DraftService(database).take_file(edition, str(tmp_path / name), fields=FIELDS, commit=False)
        assert (changed.difference.added, changed.difference.redrawn) == ((), ()), name

    told_lons = [lon for feature in json.loads((tmp_path / "out.geojson").read_text())["features"]
                 for lon in shapely.get_coordinates(shapely.geometry.shape(feature["geometry"]))[:, 0]]  # fmt: skip
    assert max(map(abs, told_lons)) == 180


def test_what_only_seems_to_lie_across_is_refused_as_before(tmp_path: Path, database: Database) -> None:
    grids = {"a": box(200, 10, 200.01, 10.01), "b": box(10, 10, 10.01, 10.01), "c": box(10.01, 10, 10.02, 10.01)}
    path = written(tmp_path / "a.geojson", grids)

    with pytest.raises(OutlineNotValid):
        add(database, "nowhere", path)


def test_what_is_not_done_for_such_a_jurisdiction_is_refused(tmp_path: Path, database: Database) -> None:
    edition, _ = add(database, "fiji", written(tmp_path / "a.geojson", six_grids()))
    EditionService(database).publish(edition, actor="analyst")

    with pytest.raises(LiesAcross180, match="lies across 180 degrees, where this is not done"):
        SheetService(database).town("fiji")
    assert ViewingService(database).jurisdiction_view("fiji").bbox[::2] == (179.96, pytest.approx(180.0437))
    pyramids = PyramidService(lambda: database, TileStore(tmp_path / "tiles", StoreLimits(10**7, 0)))
    with pytest.raises(LiesAcross180):
        pyramids.export("fiji", "grids", tmp_path / "a.pmtiles")


def as_stored(moved: BaseGeometry) -> str:
    """Return a shape cut at 180 degrees, as WKT."""
    parts = [
        moved.intersection(box(0, -90, 180, 90)),
        affinity.translate(moved.intersection(box(180, -90, 360, 90)), -360),
    ]
    return shapely.union_all([part for part in parts if not part.is_empty]).wkt if moved.bounds[2] > 180 else moved.wkt


def settle(database: Database, town: str) -> None:
    """Have fifteen households live at each of 10 times 8 places, and streets run along their rows."""
    lons, lats = np.linspace(179.9717, 180.0349, 10), np.linspace(LAT - 0.018, LAT + 0.017, 8)
    places = [as_stored(shapely.Point(lon, lat)) for lat in lats for lon in lons]
    streets = [as_stored(LineString([(179.95, lat + 0.001), (180.05, lat + 0.001)])) for lat in lats]
    settled = text("""
        INSERT INTO geoservice.household (jurisdiction_id, geom, households, age_18_59)
        SELECT j.id, st_geomfromtext(p, 4326), 15, 30
          FROM geoservice.jurisdiction AS j, unnest(CAST(:wkts AS text[])) AS p WHERE j.code = :town
    """)
    paved = text("""
        INSERT INTO geoservice.basemap_feature (jurisdiction_id, kind, geom)
        SELECT j.id, 'street', st_geomfromtext(p, 4326)
          FROM geoservice.jurisdiction AS j, unnest(CAST(:wkts AS text[])) AS p WHERE j.code = :town
    """)
    with database.transaction(actor="test") as connection:
        connection.execute(settled, {"town": town, "wkts": places})
        connection.execute(paved, {"town": town, "wkts": streets})


@pytest.mark.parametrize(
    ("wish", "fewest", "most"),
    [
        (Wish(minimum=150, maximum=300, count=5), 150, 300),
        (Wish(grid="11", minimum=100, maximum=150, count=2), 100, 240),
    ],
)
def test_a_proposal_across_is_a_partition_of_grids_of_that_size(
    tmp_path: Path, database: Database, wish: Wish, fewest: int, most: int
) -> None:
    editions, grids = EditionService(database), six_grids()
    proposals = ProposalService(database, editions)
    path = written(tmp_path / "a.geojson", {code: cut_by_hand(geom) for code, geom in grids.items()})
    edition, _ = add(database, "fiji", path)
    editions.publish(edition, actor="analyst")
    settle(database, "fiji")
    draft = DraftService(database).create("fiji", title="proposed", from_edition=None, actor="analyst").id

    proposed = proposals.propose(draft, wish, actor="analyst")
    proposals.take(draft, wish, name=proposed.reckoned.name, codes=None, revision=None, actor="analyst")

    findings = editions.validate(draft, actor="analyst")
    assert {one.rule for one in findings} <= {"few-households"}  # 300 are wanted where nothing else is said
    sizes = [one.after.households for one in proposed.impact.grids if one.after is not None]
    assert sum(sizes) == 10 * 8 * 15
    assert min(sizes) >= fewest
    assert max(sizes) <= most
    taken = stored(database, draft)
    assert len(taken) == (5 if wish.grid is None else 7)
    assert shapely.union_all([*map(whole, taken.values())]).symmetric_difference(
        shapely.union_all([*grids.values()])
    ).area < 1e-9  # fmt: skip
    assert np.abs(shapely.bounds([*taken.values()])[:, [0, 2]]).max() <= 180
