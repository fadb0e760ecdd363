"""What people are told when it goes wrong: what is wrong, and how to mend it; in their own script, and no more."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask_openapi3 import OpenAPI
from sqlalchemy import text

from geoservice.web.guard import guard
from geoservice.web.problems import RETRY_AFTER_S, register_problems
from layers.db.session import translate
from layers.errors import DatabaseUnavailable, RefusedByDatabase, SchemaMissing, TooBusy, TookTooLong
from tests.geoservice.web.attacks import ask
from tests.geoservice.web.door import Door

REPORT = {"service_code": "none", "lon": 91.77, "lat": 29.24}
#: Address, body, and: status, kind, words of the detail.
MENDABLE: tuple[tuple[str, dict[str, Any] | None, int, str, str], ...] = (
    ("/v1/owner?lon=29.24&lat=91.77", None, 422, "out-of-range", "swapped"),
    ("/v1/owner?lon=91.77&lat=91.77", None, 422, "out-of-range", "longitude is -180 to 180, latitude -90 to 90"),
    ("/v1/owner?x=1&y=1&crs=gcj2", None, 422, "unknown-crs", "use wgs84, cgcs2000, gcj02, bd09 or epsg:N"),
    ("/v1/owner?x=126.978&y=37.566&crs=gcj02", None, 422, "outside-mainland", "so say wgs84"),
    ("/v1/owner?x=29.24&y=91.77&crs=bd09", None, 422, "out-of-range", "swapped"),
    ("/v1/owner?x=1e9&y=1e9&crs=epsg:4540", None, 422, "outside-crs", "do not lie where the declared CRS"),
    ("/v1/owner?x=91.77&y=29.24&crs=epsg:4610", None, 422, "datum-not-sure", "Xian 1980, off by: about 60 to 100 m"),
    ("/v1/owner?x=91.77&y=29.24&crs=epsg:4214", None, 422, "datum-not-sure", "transformed to CGCS2000 by a surveyor"),
    (
        "/v1/incidents",
        {"service_code": "none", "x": 91.77, "y": 29.24, "crs": "epsg:4610"},
        422,
        "datum-not-sure",
        "Xian 1980",
    ),
    ("/v1/editions/1/export?crs=epsg:4610", None, 422, "datum-not-sure", "name wgs84, cgcs2000 or a CRS of theirs"),
    ("/v1/statistics?jurisdiction=nowhere", None, 404, "jurisdiction-unknown", "jurisdiction: nowhere"),
    ("/v1/statistics?jurisdiction=萨热", None, 404, "jurisdiction-unknown", "jurisdiction: 萨热"),
    ("/v1/grids/none?jurisdiction=sare", None, 404, "grid-unknown", "grid: none"),
    ("/v1/incidents/00000000-0000-0000-0000-000000000000", None, 404, "incident-unknown", "incident: 0000"),
    ("/v1/incidents?after=xyz", None, 400, "invalid-cursor", "Start again without `after`"),
    ("/v1/incidents", REPORT, 422, "service-unknown", "service: none, jurisdiction: sare"),
    ("/v1/incidents", REPORT | {"description": "请打 13800138000"}, 422, "personal-number", "Leave out what looks"),
    ("/v1/incidents", REPORT | {"lon": 29.24, "lat": 91.77}, 422, "out-of-range", "swapped"),
)
#: Address, pointer and words of the first thing that is wrong.
POINTED = (
    ("/v1/owner", "lon, lat", "Give lon and lat in degrees, or x, y and crs"),
    ("/v1/owner?lon=91,77&lat=29", "lon", "write a number with a point, such as 91.77"),
    ("/v1/owner?lon=91.77&lat=29&at=2026-01-31", "at", "2026-01-31T08:00:00Z"),
    ("/v1/owner?lon=91.77&lat=29&at=2026-01-31T08:00:00+08:00", "at", "in an address + is %2B"),
    ("/v1/owner?lon=91.77&lat=29&at=2026-02-30T00:00:00Z", "at", "between the years 1900 and 2200"),
    ("/v1/owner?lon=1&lon=2&lat=3", "lon", "give it once"),
    ("/v1/owner?lon=91.77&lat=29&accuracy_m=-1", "accuracy_m", "greater than or equal to 0"),
    ("/v1/owner?lng=91.77&lat=29", "lng", "Extra inputs"),
    ("/v1/incidents?limit=1001", "limit", "less than or equal to 1000"),
    ("/v1/incidents?status=open", "status", "'reported', 'dispatched'"),
    ("/v1/incidents/1", "id", "00000000-0000-0000-0000-000000000000"),
)


@pytest.mark.parametrize(("path", "body", "status", "kind", "words"), MENDABLE)
def test_a_problem_says_what_is_wrong_and_how_to_mend_it(
    door: Door, path: str, body: dict[str, Any] | None, status: int, kind: str, words: str
) -> None:
    answer = ask(door.client, path, method="POST" if body else "GET", json=body, headers=door.headers())

    answer.assert_tame(statuses={status})
    assert answer.response.json["type"] == f"/docs#problem-{kind}"
    assert words in answer.response.json["detail"]


@pytest.mark.parametrize(("path", "pointer", "words"), POINTED)
def test_a_refused_parameter_is_named_with_what_it_must_be(door: Door, path: str, pointer: str, words: str) -> None:
    answer = ask(door.client, path, headers=door.headers())

    answer.assert_tame(statuses={422})
    first = answer.response.json["errors"][0]
    assert first["pointer"] == pointer
    assert words in first["detail"]


def test_every_thing_that_is_wrong_in_a_body_is_told_at_once(door: Door) -> None:
    body = {"lon": "91.77", "lat": True, "source": "nobody", "accuracy_m": -1, "colour": "red"}

    answer = ask(door.client, "/v1/incidents", method="POST", json=body, headers=door.headers())

    pointers = [error["pointer"] for error in answer.response.json["errors"]]
    assert sorted(pointers) == ["#/accuracy_m", "#/colour", "#/lat", "#/lon", "#/service_code", "#/source"]


def test_chinese_words_come_back_as_they_were_sent(door: Door) -> None:
    words = "三号楼前消防通道被堵，请处理 🚒"
    body = REPORT | {"service_code": door.existing["service_code"], "description": words}

    answer = ask(door.client, "/v1/incidents", method="POST", json=body, headers=door.headers())

    assert answer.status == 201
    assert answer.response.json["description"] == words
    assert words.encode() in answer.response.get_data()
    assert "萨热社区".encode() in ask(door.client, "/v1/jurisdictions").response.get_data()


def test_two_problems_have_two_names(door: Door) -> None:
    names = {ask(door.client, "/nothing").response.json["instance"] for _ in range(2)}

    assert len(names) == 2
    assert all(name.startswith("urn:uuid:") for name in names)


def test_what_nobody_foresaw_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    app = OpenAPI("broken")
    register_problems(app)

    @app.get("/broken")
    @guard("see_health")
    def broken() -> str:
        raise RuntimeError("postgresql://admin:secret@db/x")

    answer = ask(app.test_client(), "/broken")

    assert answer.status == 500
    assert "secret" not in answer.response.get_data(as_text=True)
    instance = answer.response.json["instance"].removeprefix("urn:uuid:")
    logged = capsys.readouterr()
    assert instance in logged.out + logged.err


@pytest.mark.parametrize("error", [TooBusy, TookTooLong, DatabaseUnavailable, SchemaMissing])
def test_what_passes_by_itself_says_when_to_try_again(error: type[Exception]) -> None:
    app = OpenAPI("busy")
    register_problems(app)

    def busy() -> str:
        raise error

    app.add_url_rule("/v1/busy", view_func=busy)

    answer = ask(app.test_client(), "/v1/busy")

    assert answer.status == 503
    assert answer.response.headers["Retry-After"] == str(RETRY_AFTER_S)


def test_a_broken_rule_of_the_data_is_told_without_the_row(door: Door) -> None:
    statement = text("INSERT INTO geoservice.api_key (id, secret_sha256, label) VALUES ('canary', '', 'x')")

    with pytest.raises(RefusedByDatabase) as caught, door.services.database.transaction() as connection:
        connection.execute(statement)

    assert "canary" not in str(caught.value)
    assert "Failing row" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"), RefusedByDatabase),
        (psycopg.errors.NumericValueOutOfRange("value out of range: underflow"), RefusedByDatabase),
        (psycopg.errors.AdminShutdown("terminating connection"), DatabaseUnavailable),
        (psycopg.OperationalError("connection refused"), DatabaseUnavailable),
        (psycopg.errors.UndefinedTable("no such table"), SchemaMissing),
        (psycopg.errors.QueryCanceled("statement timeout"), TookTooLong),
    ],
)
def test_what_the_driver_says_becomes_a_fact_about_data(error: Exception, kind: type[Exception]) -> None:
    fact = translate(error)

    assert type(fact) is kind
    assert "NUL" not in str(fact)
    assert "underflow" not in str(fact)
