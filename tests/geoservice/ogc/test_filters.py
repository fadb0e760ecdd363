"""Part 3: filters give what the same question in plain SQL gives; what can not be asked is refused, in a sentence."""

from __future__ import annotations

import json
import random
from urllib.parse import quote

import pytest
from sqlalchemy import text

from layers.db.scope import VISITOR
from tests.geoservice.ogc.test_standard import ROOT, get
from tests.geoservice.web.attacks import ask
from tests.geoservice.web.door import Door

BOX = "91.768,29.238,91.773,29.242"
RING = "POLYGON((91.768 29.238,91.773 29.238,91.773 29.242,91.768 29.242,91.768 29.238))"
ENVELOPE = "st_makeenvelope(91.768, 29.238, 91.773, 29.242, 4326)"
#: Collection, filter, and what it means in SQL of the relation that the collection is told from.
ACCEPTED: tuple[tuple[str, str, str], ...] = (
    ("buildings", "floors = 3", "floors = 3"),
    ("buildings", "(\"floors\" = 3)", "floors = 3"),
    ("buildings", "floors <> 3", "floors <> 3"),
    ("buildings", "floors > 2 AND floors <= 5", "floors > 2 AND floors <= 5"),
    ("buildings", "floors < 2 OR kind = 'shop'", "floors < 2 OR kind = 'shop'"),
    ("buildings", "NOT (kind = 'residential')", "kind <> 'residential'"),
    ("buildings", "NOT kind = 'residential' AND floors >= 1", "kind <> 'residential' AND floors >= 1"),
    ("buildings", "kind LIKE 'res%'", "kind LIKE 'res%'"),
    ("buildings", "kind NOT LIKE '_esidential'", "kind NOT LIKE '_esidential'"),
    ("buildings", "CASEI(kind) LIKE CASEI('RES%')", "kind LIKE 'res%'"),
    ("buildings", "CASEI(kind) = CASEI('Shop')", "kind = 'shop'"),
    ("buildings", "kind IN ('shop','office')", "kind IN ('shop', 'office')"),
    ("buildings", "floors IN (1,2,3)", "floors IN (1, 2, 3)"),
    ("buildings", "floors BETWEEN 2 AND 4", "floors BETWEEN 2 AND 4"),
    ("buildings", "floors NOT BETWEEN 2 AND 4", "floors NOT BETWEEN 2 AND 4"),
    ("buildings", "floors IS NULL", "floors IS NULL"),
    ("buildings", "name IS NOT NULL", "name IS NOT NULL"),
    ("buildings", "in_use = TRUE", "in_use"),
    ("buildings", "in_use", "in_use"),
    ("buildings", "NOT in_use", "NOT in_use"),
    ("buildings", "households > floors", "households > floors"),
    ("buildings", "code < grid_code", "code COLLATE \"C\" < grid_code COLLATE \"C\""),
    ("buildings", "name = code", "name COLLATE \"C\" = code COLLATE \"C\""),
    ("buildings", "floors * 2 + 1 > 7", "floors * 2 + 1 > 7"),
    ("buildings", "floors - 1 = households / 8", "floors - 1 = households / 8.0"),
    ("buildings", "floors % 2 = 0", "floors % 2 = 0"),
    ("buildings", "floors DIV 2 = 1", "floors / 2 = 1"),
    ("buildings", "floors ^ 2 = 9", "floors * floors = 9"),
    ("buildings", "-floors < -4", "floors > 4"),
    ("buildings", "code = 'O''Brien'", "false"),
    ("buildings", "code = ''' OR 1=1 --'", "false"),
    ("buildings", "1 = 1", "true"),
    ("buildings", f"S_INTERSECTS(geom,BBOX({BOX}))", f"st_intersects(geom, {ENVELOPE})"),
    ("buildings", f"S_INTERSECTS(\"geom\",{RING})", f"st_intersects(geom, {ENVELOPE})"),
    ("buildings", f"S_WITHIN(geom,{RING})", f"st_within(geom, {ENVELOPE})"),
    ("buildings", f"S_DISJOINT(geom,{RING})", f"NOT st_intersects(geom, {ENVELOPE})"),
    ("buildings", f"S_OVERLAPS(geom,{RING})", f"st_overlaps(geom, {ENVELOPE})"),
    ("buildings", f"S_CONTAINS({RING},geom)", f"st_within(geom, {ENVELOPE})"),
    ("buildings", f"S_TOUCHES(geom,{RING})", f"st_touches(geom, {ENVELOPE})"),
    ("buildings", f"S_EQUALS(geom,{RING})", "false"),
    ("buildings", "S_CROSSES(LINESTRING(91.768 29.238,91.773 29.242),geom)",
     "st_crosses(st_setsrid(st_makeline(st_point(91.768, 29.238), st_point(91.773, 29.242)), 4326), geom)"),
    ("grids", "S_INTERSECTS(geom,POINT(91.77 29.24))", "st_intersects(geom, st_setsrid(st_point(91.77, 29.24), 4326))"),
    ("grids", "S_INTERSECTS(geom,GEOMETRYCOLLECTION(POINT(91.77 29.24)))",
     "st_intersects(geom, st_setsrid(st_point(91.77, 29.24), 4326))"),
    ("grids", "households > 300", "households > 300"),
    ("incidents", "reported_at > TIMESTAMP('2026-10-01T00:00:00Z')", "reported_at > '2026-10-01T00:00:00Z'"),
    ("incidents", "reported_at >= DATE('2026-10-01')", "reported_at >= '2026-10-01T00:00:00Z'"),
    ("incidents", "T_AFTER(reported_at,DATE('2026-10-01'))", "reported_at >= '2026-10-02T00:00:00Z'"),
    ("incidents", "T_BEFORE(reported_at,TIMESTAMP('2026-10-01T00:00:00Z'))", "reported_at < '2026-10-01T00:00:00Z'"),
    ("incidents", "T_DURING(reported_at,INTERVAL('2026-09-01','2026-10-31'))",
     "reported_at > '2026-09-01T00:00:00Z' AND reported_at < '2026-10-31T23:59:59.999999Z'"),
    ("incidents", "T_INTERSECTS(reported_at,INTERVAL('2026-10-01T00:00:00Z','..'))",
     "reported_at >= '2026-10-01T00:00:00Z'"),
    ("incidents", "status = 'closed' AND near_border = FALSE", "status = 'closed' AND NOT near_border"),
    ("incidents", "id = '00000000-0000-0000-0000-000000000000'", "false"),
    ("incidents", "id LIKE '0%'", "id::text LIKE '0%'"),
)  # fmt: skip
REFUSED = (
    "nothing = 1", "kind = 1", "floors = 'three'", "floors LIKE '3%'", "kind BETWEEN 'a' AND 'b'", "floors", "1", "'x'",
    "pg_sleep(10) = 1", "pg_read_file('/etc/passwd') = 'x'", "version() = 'x'", "ACCENTI(kind) = 'x'",
    "S_DWITHIN(geom,POINT(1 2),10,'m')", "A_CONTAINS(kind,('a','b'))", "S_INTERSECTS(kind,POINT(1 2))",
    "S_INTERSECTS(geom,POINT(1000 2000))", "S_INTERSECTS(geom,POLYGON((0 0,1 1,1 0,0 1,0 0)))",
    "S_WITHIN(geom,GEOMETRYCOLLECTION(POINT(1 2)))", "S_INTERSECTS(geom)", "geom = geom", "floors / 0 = 1",
    "floors % 0 = 1", "10 ^ 999 = floors", "T_AFTER(floors,DATE('2026-01-01'))", "in_use = 'yes'", "floors = NULL",
    "kind IN ('shop',1)", "kind IN ()", "floors = ", "= 3", "floors = 3;", "floors = 3 --", "(((", ")", "'", "\"", "\\",
    "NOT " * 500 + "in_use", "(" * 2000 + "in_use" + ")" * 2000, "(" * 41 + "in_use" + ")" * 41,
    " OR ".join(["floors = 1"] * 300), "kind = 'x'" + " " * 8000, "floors" + " + floors" * 300 + " = 1",
    "T_AFTER(TIMESTAMP('2026-02-30T00:00:00Z'),DATE('2026-01-01'))", "kind = 'a\x00b'",
)  # fmt: skip
#: Geometries that some reader knows and that are no ground to ask about: empty, endless, of curves, crossing
#: themselves, with positions of unlike dimensions, boxes that stand on their heads.
NO_GROUND = (
    "POINT EMPTY", "point empty", "POINT(EMPTY)", "POINT Z EMPTY", "POINT(NaN NaN)", "POINT(inf 1)", "POINT(1e400 2)",
    "POINT(1e308 1e308)", "POINT(1)", "LINESTRING EMPTY", "LINESTRING(1 2)", "LINESTRING(1 2,1 2)",
    "LINESTRING(1 2,1 2 3)", "POLYGON EMPTY", "POLYGON(EMPTY)", "POLYGON((0 0,1 1))", "POLYGON((0 0,0 0,0 0,0 0))",
    "POLYGON((0 0,2 0,2 2,0 2,0 0),(5 5,6 5,6 6,5 6,5 5))", "MULTIPOINT EMPTY", "MULTIPOINT(EMPTY)",
    "MULTIPOINT(EMPTY,1 2)", "MULTILINESTRING EMPTY", "MULTILINESTRING((0 0,1 1),EMPTY)", "MULTIPOLYGON EMPTY",
    "MULTIPOLYGON(((0 0,1 0,1 1,0 0)),EMPTY)", "GEOMETRYCOLLECTION EMPTY", "GEOMETRYCOLLECTION(POINT EMPTY)",
    "GEOMETRYCOLLECTION(POINT EMPTY,POINT(1 2))", "CIRCULARSTRING(0 0,1 1,2 0)", "COMPOUNDCURVE((0 0,1 1),(1 1,2 2))",
    "CURVEPOLYGON((0 0,1 1,1 0,0 0))", "MULTICURVE((0 0,1 1))", "MULTISURFACE(((0 0,1 1,1 0,0 0)))",
    "TIN(((0 0,1 1,1 0,0 0)))", "TRIANGLE((0 0,1 1,1 0,0 0))", "POLYHEDRALSURFACE(((0 0,1 1,1 0,0 0)))",
    "SRID=4326;POINT(1 2)", "BBOX()", "BBOX(1,2,3)", "BBOX(3,4,1,2)", "BBOX(1,2,9,3,4,8)", "BBOX(1e308,2,1e308,4)",
    "BBOX(-1e308,2,1e308,4)", "BBOX(1e400,1,2,3)", "BBOX(NaN,2,3,4)",
)  # fmt: skip
#: The same as GeoJSON.
NO_GEOJSON = (
    '{"type":"Point"}', '{"type":"Point","coordinates":[null,null]}', '{"type":"Point","coordinates":{"a":1}}',
    '{"type":"Point","coordinates":[1e308,1e308]}', f'{{"type":"Point","coordinates":[1{"0" * 400},3]}}',
    '{"type":"LineString","coordinates":[]}', '{"type":"LineString","coordinates":[[1,2]]}',
    '{"type":"Polygon","coordinates":[]}', '{"type":"Polygon","coordinates":[[]]}',
    '{"type":"MultiPoint","coordinates":[[],[1,2]]}', '{"type":"MultiPolygon","coordinates":[[[]]]}',
    '{"type":"GeometryCollection"}', '{"type":"GeometryCollection","geometries":[]}',
    '{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[]}]}',
    '{"type":"CircularString","coordinates":[[0,0],[1,1],[2,0]]}', '{"type":"FeatureCollection","features":[]}',
    '{"type":"Feature","geometry":null,"properties":{}}', '{"type":5}', '{"type":null}', '{"type":["Point"]}',
    '{"bbox":null}', '{"bbox":[]}', '{"bbox":[1,2,3,4,5]}', '{"bbox":[true,1,2,3]}', '{"bbox":[1e308,1,2,3]}',
    f'{{"bbox":[1{"0" * 400},1,2,3]}}', '{"bbox":[-1e308,1,1e308,3]}', '{"bbox":[3,4,1,2]}',
)  # fmt: skip
#: Pieces of filters, right and wrong.
PIECES = (
    *(f"S_INTERSECTS(geom,{one})" for one in NO_GROUND), "S_WITHIN(geom,POINT EMPTY)", "POINT EMPTY",
    "BBOX(1e308,1,2,3)",
    "floors", "kind", "geom", "in_use", "code", "nothing", "1", "-1", "1e400", "3.5", "'x'", "'", "\"", "''", "(", ")",
    ",", "=", "<>", "<", ">", "<=", "AND", "OR", "NOT", "LIKE", "IN", "BETWEEN", "IS", "NULL", "TRUE", "CASEI(",
    "S_INTERSECTS(", "POINT(1 2)", "POINT(", "BBOX(1,2,3,4)", "POLYGON((0 0,1 1,1 0,0 0))", "TIMESTAMP('2026', ", "+",
    "*", "/", "%", "^", "DIV", "DATE('2026-01-01')", "INTERVAL('..','..')", "T_AFTER(", "NaN", "inf", "\u2028", "网格",
    "--", "/*", ";", "pg_sleep(1)", "[", "]", "{", "}", ":", "\\", "\t", "%00", "{\"op\":\"=\"}",
)  # fmt: skip
FUZZED = 500


def matched(door: Door, collection: str, filter_: str, language: str = "cql2-text") -> int:
    query = f"filter={quote(filter_)}&filter-lang={language}&limit=1"
    return int(get(door, f"{ROOT}/collections/{collection}/items?{query}").json["numberMatched"])


@pytest.mark.parametrize(("collection", "filter_", "sql"), ACCEPTED)
def test_a_filter_finds_what_plain_sql_finds(door: Door, collection: str, filter_: str, sql: str) -> None:
    held = " AND valid @> now() AND upper_inf(known)" if collection == "grids" else ""
    relation = f"geoservice.served_{collection.removesuffix('s')} AS f"
    query = text(f"SELECT count(*) FROM {relation} WHERE ({sql.replace(':', chr(92) + ':')}){held}")  # noqa: S608 - ours
    with door.services.database.transaction(scope=VISITOR) as connection:  # as `get` is told
        assert matched(door, collection, filter_) == connection.execute(query).scalar_one()


def test_json_says_the_same_as_text(door: Door) -> None:
    for said, written in (
        ({"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [91.768, 29.238, 91.773, 29.242]}]},
         f"S_INTERSECTS(geom,BBOX({BOX}))"),
        ({"op": "not", "args": [{"op": "isNull", "args": [{"property": "floors"}]}]}, "floors IS NOT NULL"),
    ):  # fmt: skip
        assert 0 < matched(door, "buildings", json.dumps(said), "cql2-json") == matched(door, "buildings", written)
    both = "floors > 2 AND kind IN ('shop','residential')"
    first = {"op": ">", "args": [{"property": "floors"}, 2]}
    second = {"op": "in", "args": [{"property": "kind"}, ["shop", "residential"]]}
    assert matched(door, "buildings", both) == matched(
        door, "buildings", json.dumps({"op": "and", "args": [first, second]}), "cql2-json"
    )


@pytest.mark.parametrize("filter_", REFUSED)
def test_what_can_not_be_asked_is_refused_with_400(door: Door, filter_: str) -> None:
    answer = ask(door.client, f"{ROOT}/collections/buildings/items?filter={quote(filter_)}")

    answer.assert_tame(statuses={400})


@pytest.mark.parametrize(
    "said",
    [
        "{", "[]", "5", "null", '{"op":"="}', '{"op":"=","args":[]}', '{"op":"=","args":[{"property":"floors"},[1]]}',
        '{"op":"and","args":[true]}', '{"op":"or","args":[]}', '{"op":5,"args":[1,2]}', '{"property":"floors"}',
        '{"op":"=","args":[{"property":["a"]},1]}', "[" * 1000, '{"op":"not","args":[' * 60 + "true" + "]}" * 60,
        '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":["a"]}]}',
        '{"op":"s_intersects","args":[{"property":"geom"},{"type":"Point","coordinates":[]}]}',
        '{"op":"s_intersects","args":[{"property":"geom"},{"bbox":[1]}]}', '{"timestamp":"x"}', '{"interval":[]}',
    ],
)  # fmt: skip
def test_json_that_can_not_be_asked_is_refused_with_400(door: Door, said: str) -> None:
    query = f"filter={quote(said)}&filter-lang=cql2-json"
    ask(door.client, f"{ROOT}/collections/buildings/items?{query}").assert_tame(statuses={400})


@pytest.mark.parametrize("srid", [None, 4326, 3857, 4540])
@pytest.mark.parametrize("shape", [*NO_GROUND, *NO_GEOJSON])
def test_what_is_no_ground_to_ask_about_is_refused_with_400(door: Door, shape: str, srid: int | None) -> None:
    said, language = f"S_INTERSECTS(geom,{shape})", "cql2-text"
    if shape.startswith("{"):
        said, language = f'{{"op":"s_intersects","args":[{{"property":"geom"}},{shape}]}}', "cql2-json"
    query = f"filter={quote(said)}&filter-lang={language}"
    if srid is not None:
        query += f"&filter-crs=http://www.opengis.net/def/crs/EPSG/0/{srid}"

    ask(door.client, f"{ROOT}/collections/buildings/items?{query}").assert_tame(statuses={400})


def test_heights_and_measures_of_a_geometry_change_nothing(door: Door) -> None:
    plain = matched(door, "buildings", f"S_INTERSECTS(geom,{RING})")
    ring = "91.768 29.238 {0},91.773 29.238 {0},91.773 29.242 {0},91.768 29.242 {0},91.768 29.238 {0}"

    assert plain > 0
    for kind, more in (("Z", "1"), ("M", "1"), ("ZM", "1 2")):
        assert matched(door, "buildings", f"S_INTERSECTS(geom,POLYGON {kind}(({ring.format(more)})))") == plain
    west, south, east, north = BOX.split(",")
    assert matched(door, "buildings", f"S_INTERSECTS(geom,BBOX({west},{south},0,{east},{north},9))") == plain


def test_a_filter_holds_beside_box_and_time_and_properties_by_name(door: Door) -> None:
    path = f"{ROOT}/collections/buildings/items?limit=10000"
    kind = get(door, f"{path}&kind=residential").json["features"]
    assert {one["properties"]["kind"] for one in kind} == {"residential"}

    both = get(door, f"{path}&kind=residential&bbox={BOX}&filter=floors%3E2").json["features"]
    assert 0 < len(both) < len(kind)
    assert all(one["properties"]["floors"] > 2 for one in both)
    assert door.client.get(f"{path}&floors=three").status_code == 400


def test_pages_keep_their_filter(door: Door) -> None:
    path: str | None = f"{ROOT}/collections/buildings/items?limit=3&filter=floors%3E2%20AND%20kind%3C%3E%27shop%27"
    found: list[str] = []
    while path:
        document = get(door, path).json
        found += [one["id"] for one in document["features"]]
        assert all(one["properties"]["floors"] > 2 for one in document["features"])
        path = next((one["href"] for one in document["links"] if one["rel"] == "next"), None)
    assert len(set(found)) == len(found) == document["numberMatched"]


def test_chance_filters_never_break_the_service(door: Door) -> None:
    chance = random.Random(20260101)
    for n in range(FUZZED):
        said = " ".join(chance.choices(PIECES, k=chance.randint(1, 12)))
        language = "cql2-json" if n % 5 == 0 else "cql2-text"
        answer = door.client.get(
            f"{ROOT}/collections/buildings/items?limit=1&filter={quote(said)}&filter-lang={language}"
        )
        assert answer.status_code in {200, 400}, f"{said!r}: {answer.status_code}"
