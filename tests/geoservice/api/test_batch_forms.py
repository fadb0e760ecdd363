"""Many positions as CSV, NDJSON, GeoJSON and Arrow: same answers, bad rows in place, limits with a status."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from geoservice.api.batch import answering
from geoservice.api.batch.rows import NO_POSITION
from geoservice.app import create_app
from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.conftest import DatabaseMaker
from tests.factories import make_draft, make_jurisdiction, publish, validate
from tests.loading import stop, wait_until_loaded
from tests.oracles import random_lonlats
from tests.places import area, lonlat, multi

BATCH = "/v1/owner/batch"
ARROW = "application/vnd.apache.arrow.stream"
OVER_THE_DEMO = (91.755, 29.225, 91.785, 29.255)


@pytest.fixture(scope="module", params=["from the database", "from memory"])
def services(request: pytest.FixtureRequest, cluster_url: str, community_template: str) -> Iterator[Services]:
    maker = DatabaseMaker(cluster_url)
    services = build_services(Settings(database_url=SecretStr(maker.clone(community_template)), pool_size=4))
    if request.param == "from memory":
        wait_until_loaded(services)
    yield services
    stop(services)
    maker.drop_all()


@pytest.fixture(scope="module")
def client(services: Services) -> FlaskClient:
    return create_app(Settings(database_url=SecretStr("postgresql://unused")), services=services).test_client()


def sent(client: FlaskClient, body: bytes | str, media_type: str, **query: object) -> TestResponse:
    return client.post(BATCH, data=body, content_type=media_type, query_string=query)


def arrow_stream(**columns: Any) -> bytes:
    table = pa.table(columns)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=1000)
    return out.getvalue()


def read_arrow(response: TestResponse) -> list[dict[str, Any]]:
    return pa.ipc.open_stream(response.data).read_all().to_pylist()


def test_every_form_gives_the_answers_of_json(client: FlaskClient) -> None:
    lonlats = random_lonlats(OVER_THE_DEMO, 3000, seed=4)
    lon, lat = lonlats.T
    expected = client.post(BATCH, json={"positions": lonlats.tolist()}).json["results"]
    pairs = [(row["grid_code"], row["method"], row["near_border"], row["edition"]) for row in expected]
    assert len({code for code, *_ in pairs}) > 5

    text = "lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in lonlats.tolist())
    rows = list(csv.DictReader(io.StringIO(sent(client, text, "text/csv").text)))
    assert [
        (r["grid_code"] or None, r["method"], r["near_border"] == "true", int(r["edition"]) if r["edition"] else None)
        for r in rows
    ] == pairs
    lines = "\n".join(json.dumps({"lon": x, "lat": y}) for x, y in lonlats.tolist())
    answered = [json.loads(line) for line in sent(client, lines, "application/x-ndjson").text.splitlines()]
    assert [(r["grid_code"], r["method"], r["near_border"], r["edition"]) for r in answered] == pairs
    features = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": xy}, "properties": {}}
        for xy in lonlats.tolist()
    ]
    document = json.dumps({"type": "FeatureCollection", "features": features})
    answered = [one["properties"] for one in sent(client, document, "application/geo+json").json["features"]]
    assert [(r["grid_code"], r["method"], r["near_border"], r["edition"]) for r in answered] == pairs
    answered = read_arrow(sent(client, arrow_stream(id=np.arange(3000), lon=lon, lat=lat), ARROW))
    assert [(r["grid_code"], r["method"], r["near_border"], r["edition"]) for r in answered] == pairs


def test_csv_rows_come_back_as_they_were_with_bad_ones_told_in_place(client: FlaskClient) -> None:
    text = (
        '\ufeffid,Lon,LAT,note\n007,91.77,29.24,"a ""b"", c"\n8,x,29.24,\n9,29.24,91.77,\n10,91.77\n\n'
        "11,nan,1,é\n12,1\x00,1,\n"
    )

    response = sent(client, text.encode(), "text/csv")
    header, *rows = csv.reader(io.StringIO(response.text))

    assert header == [
        "id",
        "Lon",
        "LAT",
        "note",
        "grid_code",
        "method",
        "near_border",
        "edition",
        "unowned_reason",
        "problem",
    ]
    assert rows[0][:6] == ["007", "91.77", "29.24", 'a "b", c', "540502001001002", "covers"]
    assert [row[0] for row in rows] == ["007", "8", "9", "10", "11", "12"]
    assert [bool(row[9]) for row in rows] == [False, True, True, True, True, True]
    assert {len(row) for row in rows} == {10}
    assert response.headers["Content-Type"].startswith("text/csv")


def test_lines_that_are_no_positions_are_told_in_place(client: FlaskClient) -> None:
    lines = '{"id": "a", "lon": 91.77, "lat": 29.24}\n[91.77, 29.24]\nnonsense\n\n{"lon": "1", "lat": 2}\n' + "[" * 500

    rows = [json.loads(line) for line in sent(client, lines, "application/x-ndjson").text.splitlines()]

    assert [row.get("grid_code") for row in rows] == ["540502001001002"] * 2 + [None] * 3
    assert rows[0]["id"] == "a"
    assert ["problem" in row for row in rows] == [False, False, True, True, True]


def test_a_line_that_is_no_json_says_so_in_its_place(client: FlaskClient) -> None:
    strange = (
        b'{"lon":91.77,"lat":29.24',
        b"nonsense",
        b"[" * 30 + b"]" * 30,
        b'{"n":1e400}',
        b'{"n":"\xb5\xda"}',
        b"{}{}",
    )
    body = b"\n".join([b'{"lon":91.77,"lat":29.24,"id":1}', *strange, b"null", b"{}"])
    first, *rows = [json.loads(line) for line in sent(client, body, "application/x-ndjson").text.splitlines()]
    assert (first["id"], "problem" in first) == (1, False)
    problems = [row["problem"] for row in rows]
    assert all("no" in one and "JSON" in one for one in problems[: len(strange)])
    assert set(problems[len(strange) :]) == {NO_POSITION}
    assert {row["grid_code"] for row in rows} == {None}


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/geo+json", "text/csv"])
def test_a_byte_order_mark_is_none_of_the_first_row(client: FlaskClient, media_type: str) -> None:
    point = '{"type":"Feature","geometry":{"type":"Point","coordinates":[91.77,29.24]},"properties":{}}'
    bodies = {
        "application/x-ndjson": '{"lon":91.77,"lat":29.24}\n[91.77,29.24]\n', "text/csv": "lon,lat\n91.77,29.24\n",
        "application/geo+json": f'{{"type":"FeatureCollection","features":[{point}]}}',
    }  # fmt: skip
    body = bodies[media_type]
    plain = sent(client, body, media_type)
    assert plain.status_code == 200
    assert sent(client, b"\xef\xbb\xbf" + body.encode(), media_type).data == plain.data


@pytest.mark.parametrize("others", [0, 1_500])
def test_what_was_wrong_before_is_not_told_again(client: FlaskClient, others: int) -> None:
    answered = {"lon": 91.77, "lat": 29.24, "grid_code": None, "method": None, "problem": "of an older answer"}
    lines = "\n".join([json.dumps(answered), *['{"lon":91.77,"lat":29.24}'] * others])
    one, *more = [json.loads(line) for line in sent(client, lines, "application/x-ndjson").text.splitlines()]
    assert one["method"] == "covers"
    assert "problem" not in one
    assert all(row == one for row in more)

    point = {"type": "Point", "coordinates": [91.77, 29.24]}
    features = [
        {"type": "Feature", "geometry": geometry, "properties": {"problem": "old"}} for geometry in (point, None)
    ]
    body = json.dumps({"type": "FeatureCollection", "features": features})
    found = [one["properties"] for one in sent(client, body, "application/geo+json").json["features"]]
    assert "problem" not in found[0]
    assert found[1]["problem"] == NO_POSITION


@pytest.mark.parametrize("before", [b"", b"\n" * 240_000])
def test_a_line_is_too_long_wherever_it_stands(client: FlaskClient, before: bytes) -> None:
    for length, status in ((65_536, 200), (65_537, 422)):
        line = b'{"lon":1,"lat":2,"a":"' + b"x" * (length - 24) + b'"}'
        assert len(line) == length
        rows = before + line + b"\n[1,2]\n"
        assert sent(client, rows, "application/x-ndjson").status_code == status


def test_features_keep_what_they_had(client: FlaskClient) -> None:
    features = [
        {"type": "Feature", "id": 7, "geometry": {"type": "Point", "coordinates": [91.77, 29.24, 3600]},
         "properties": {"name": "well"}},
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "properties": None},
        5,
    ]  # fmt: skip

    answered = sent(client, json.dumps({"features": features}), "application/geo+json").json["features"]

    assert answered[0]["id"] == 7
    assert answered[0]["properties"]["name"] == "well"
    assert answered[0]["properties"]["grid_code"] == "540502001001002"
    assert ["problem" in one["properties"] for one in answered] == [False, True, True]


def test_arrow_takes_numbers_of_any_kind_and_tells_missing_ones_in_place(client: FlaskClient) -> None:
    body = arrow_stream(
        lon=pa.array([91.77, None, float("nan"), 29.24], pa.float64()),
        lat=pa.array([29.24, 29.24, 1, 91.77], pa.float32()),
    )

    rows = read_arrow(sent(client, body, ARROW))

    assert [row["grid_code"] for row in rows] == ["540502001001002", None, None, None]
    assert [row["problem"] is None for row in rows] == [True, False, False, False]
    assert rows[1]["method"] is None


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-ndjson", "application/geo+json", ARROW])
def test_no_rows_are_answered_by_no_rows(client: FlaskClient, media_type: str) -> None:
    empty = {
        "text/csv": b"lon,lat\n", "application/x-ndjson": b"", "application/geo+json": b'{"features":[]}',
        ARROW: arrow_stream(lon=pa.array([], pa.float64()), lat=pa.array([], pa.float64())),
    }  # fmt: skip

    response = sent(client, empty[media_type], media_type)

    assert response.status_code == 200
    assert response.content_type.startswith(media_type)


BROKEN = {
    "no header": (b"", "text/csv"),
    "no such columns": (b"a,b\n1,2\n", "text/csv"),
    "a column twice": (b"lon,lat,lon\n1,2,3\n", "text/csv"),
    "a column that the answer adds": (b"lon,lat,grid_code\n1,2,3\n", "text/csv"),
    "a quote left open": (b'lon,lat\n1,"2\n' + b"3,4\n" * 50_000, "text/csv"),
    "an endless line": (b"lon,lat\n" + b"1" * 200_000, "text/csv"),
    "too many columns": (b"lon,lat" + b",x" * 400, "text/csv"),
    "not UTF-8": (b"lon,lat,note\n1,2,\xff\xfe\n", "text/csv"),
    "an endless NDJSON line": (b"[1,2]\n" + b" " * 99_999 + b"x", "application/x-ndjson"),
    "no GeoJSON": (b"{", "application/geo+json"),
    "no collection": (b'{"type": "Point", "coordinates": [1, 2]}', "application/geo+json"),
    "deep GeoJSON": (b'{"features":' + b"[" * 90_000, "application/geo+json"),
    "projected GeoJSON": (b'{"features":[],"crs":{"properties":{"name":"EPSG:4545"}}}', "application/geo+json"),
    "no Arrow": (b"lon,lat\n1,2\n", ARROW),
    "nothing": (b"", ARROW),
    "Arrow without lon": (arrow_stream(x=[1.0], lat=[2.0]), ARROW),
    "Arrow of texts": (arrow_stream(lon=["east"], lat=["north"]), ARROW),
    "half a stream": (arrow_stream(lon=np.zeros(5000), lat=np.zeros(5000))[:9000], ARROW),
    "a length beyond all measure": (b"\xff\xff\xff\xff\xff\xff\xff\x7f" + b"\0" * 64, ARROW),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_can_not_be_read_is_refused_in_words(client: FlaskClient, name: str) -> None:
    body, media_type = BROKEN[name]

    response = sent(client, body, media_type)

    assert response.status_code in (400, 422), response.text
    assert response.content_type == "application/problem+json"
    assert response.json["type"].rpartition("-")[0], response.json


@pytest.mark.parametrize("seed", range(60))
def test_a_spoilt_arrow_stream_is_refused_or_answered_but_never_fatal(client: FlaskClient, seed: int) -> None:
    rng = np.random.default_rng(seed)
    stream = bytearray(arrow_stream(lon=rng.uniform(91, 92, 300), lat=rng.uniform(29, 30, 300), name=["x"] * 300))
    for place in rng.integers(0, len(stream), rng.integers(1, 12)):
        stream[place] = rng.integers(0, 256)

    assert sent(client, bytes(stream), ARROW).status_code in (200, 400, 413, 422)


def test_a_compressed_body_is_refused(client: FlaskClient) -> None:
    response = client.post(BATCH, data=b"x", content_type="text/csv", headers={"Content-Encoding": "gzip"})

    assert response.status_code == 415


@pytest.mark.slow
def test_strangers_get_fewer_rows_than_holders_of_a_key(
    client: FlaskClient, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MAX_ROWS", 12_000)
    body = {rows: arrow_stream(lon=np.zeros(rows), lat=np.zeros(rows)) for rows in (10_000, 10_001, 12_001)}
    shown = {"Authorization": f"Bearer {key}"}

    assert sent(client, body[10_000], ARROW).status_code == 200
    assert sent(client, body[10_001], ARROW).status_code == 413
    assert client.post(BATCH, data=body[10_001], content_type=ARROW, headers=shown).status_code == 200
    refused = client.post(BATCH, data=body[12_001], content_type=ARROW, headers=shown)
    assert refused.status_code == 413
    assert "12000" in refused.json["detail"]


def test_a_body_beyond_the_limit_is_refused_unread(services: Services) -> None:
    settings = Settings(database_url=SecretStr("postgresql://unused"), max_stream_bytes=5000)
    client = create_app(settings, services=services).test_client()

    response = sent(client, b"lon,lat\n" + b"1,2\n" * 2000, "text/csv")

    assert response.status_code == 413
    assert "5000" in response.json["detail"]


def test_what_is_asked_stands_in_the_address(client: FlaskClient) -> None:
    text = "lon,lat\n91.77,29.24\n"

    near = list(csv.DictReader(io.StringIO(sent(client, text, "text/csv", accuracy_m=100).text)))
    assert near[0]["near_border"] == "true"
    before = sent(client, text, "text/csv", at="2001-01-01T00:00:00Z")
    assert next(csv.DictReader(io.StringIO(before.text)))["method"] == "none"
    assert sent(client, text, "text/csv", jurisdiction="nowhere").status_code == 404
    assert sent(client, text, "text/csv", acuracy_m=1).status_code == 422


@pytest.fixture(params=["from the database", "from memory"])
def park_client(request: pytest.FixtureRequest, database_url: str) -> Iterator[FlaskClient]:
    """Return a client of a town of two grids, with grounds of nobody, b and d, beside each."""
    with psycopg.connect(database_url) as connection:
        town = make_jurisdiction(connection, outline=multi(area(0, 0, 32, 8)))
        shapes = {code: multi(area(8 * place, 0, 8 * place + 8, 8)) for place, code in enumerate("abcd")}
        draft = make_draft(connection, town, shapes)
        for code, reason in REASONS.items():
            connection.execute(
                "UPDATE geoservice.grid SET unowned_reason = %s WHERE edition_id = %s AND code = %s",
                [reason, draft, code],
            )
        validate(connection, draft)
        publish(connection, draft)
    services = build_services(Settings(database_url=SecretStr(database_url), pool_size=4))
    if request.param == "from memory":
        wait_until_loaded(services)
    yield create_app(Settings(database_url=SecretStr("postgresql://unused")), services=services).test_client()
    stop(services)


REASONS = {"b": "公园，湖", "d": 'a "wood"'}


def test_every_form_says_why_nobody_owns_as_one_look_up_does(park_client: FlaskClient) -> None:
    places = [*(lonlat(x, 4) for x in (4, 12, 8, 20, 28, 24, 32, 16)), (0.0, 0.0)]
    lon, lat = zip(*places, strict=True)
    one_by_one = [
        park_client.get("/v1/owner", query_string={"lon": repr(x), "lat": repr(y)}).json["unowned_reason"]
        for x, y in places
    ]

    of_json = park_client.post(BATCH, json={"positions": [*places, [500, 0]]}).json["results"]
    text = "lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in places) + "x,y\n"
    of_csv = list(csv.DictReader(io.StringIO(sent(park_client, text, "text/csv").text)))
    lines = "\n".join(json.dumps({"lon": x, "lat": y}) for x, y in places)
    of_lines = [json.loads(line) for line in sent(park_client, lines, "application/x-ndjson").text.splitlines()]
    features = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": xy}} for xy in places]
    document = json.dumps({"type": "FeatureCollection", "features": features})
    of_features = [one["properties"] for one in sent(park_client, document, "application/geo+json").json["features"]]
    of_arrow = read_arrow(sent(park_client, arrow_stream(lon=np.array(lon), lat=np.array(lat)), ARROW))

    assert one_by_one == [None, "公园，湖", None, None, 'a "wood"', None, 'a "wood"', None, None]
    assert [one["unowned_reason"] for one in of_json] == [*one_by_one, None]
    assert [one["unowned_reason"] or None for one in of_csv] == [*one_by_one, None]
    for rows in (of_lines, of_features, of_arrow):
        assert [one["unowned_reason"] for one in rows] == one_by_one
