"""Erasing the words of a report takes them from wherever they are kept, tells who heard, and outlives a restore."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import sql

from geoservice.app import create_app
from geoservice.auth.model import Identity, Role
from geoservice.errors import IncidentUnknown
from geoservice.services.backup import dumping, restoring
from geoservice.services.incidents import NewReport
from geoservice.services.retention.erasures import ErasureList
from geoservice.services.retention.errors import ErasureListDamaged, ErasureListNotWritten
from geoservice.services.retention.retention import RetentionService
from geoservice.services.webhooks.fanning import FanningService
from geoservice.services.webhooks.service import WebhookService
from geoservice.settings import DatabaseUrls, Settings
from geoservice.wiring import Services
from layers.crs import declared_position
from layers.db.session import Database
from tests.conftest import as_service, with_database
from tests.factories import make_jurisdiction
from tests.geoservice.services.retention.marked import MARK, Writer, columns_of, found_in_database, found_in_files

STEWARD = Identity(Role.STEWARD, "k9")


@pytest.fixture
def client(services: Services, tmp_path: Path) -> FlaskClient:
    object.__setattr__(services, "retention", RetentionService(services.database, ErasureList(tmp_path / "list")))
    return create_app(Settings(), services=services).test_client()


@pytest.fixture
def writer(client: FlaskClient, services: Services, community_url: str) -> Writer:
    loopback = (ipaddress.ip_network("127.0.0.0/8"),)
    WebhookService(services.database, allowed=loopback).add(
        "http://127.0.0.1:9/hook", topics={}, actor="test", jurisdiction_code="sare"
    )
    return Writer(client, services, community_url)


def test_words_are_nowhere_after_they_were_erased(
    writer: Writer, client: FlaskClient, services: Services, community_url: str, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    incidents = writer.everything()
    while FanningService(services.database).fan_out():
        pass
    before = set(found_in_database(community_url, MARK.encode()))
    # The search finds them where they are known to be, or it would prove nothing.
    assert {"geoservice.incident.description", "geoservice.incident.attributes", "geoservice.incident_event.reason",
            "geoservice.incident.step_reason", "geoservice.incident.overrule_reason"} == before  # fmt: skip
    hashes = request_hashes(community_url, incidents)
    assert hashes

    for one in incidents:
        services.retention.erase(one, because="request", identity=STEWARD)

    assert list(found_in_database(community_url, MARK.encode(), *(one.hex().encode() for one in hashes))) == []
    assert found_in_files(tmp_path, MARK.encode()) == []
    assert MARK not in capfd.readouterr().err
    while FanningService(services.database).fan_out():
        pass
    assert list(found_in_database(community_url, MARK.encode())) == []


def request_hashes(url: str, incidents: list[UUID]) -> list[bytes]:
    """Return what would show by trial which words were sent."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT request_sha256 FROM geoservice.report_key WHERE incident_id = ANY (%s)", [incidents]
        ).fetchall()
    return [row[0] for row in rows]


def test_the_search_reads_every_column_that_can_hold_words(community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("CREATE TABLE geoservice.tomorrow (note text, sealed bytea, more jsonb)")
        connection.execute(
            "INSERT INTO geoservice.tomorrow VALUES (%s, %s, %s)", [MARK, MARK.encode(), json.dumps({"a": MARK})]
        )
        assert ("geoservice", "incident_event", "reason") in columns_of(connection)
    assert len([one for one in found_in_database(community_url, MARK.encode()) if "tomorrow" in one]) == 3


def test_what_is_counted_stays(writer: Writer, client: FlaskClient, services: Services) -> None:
    incident, _ = writer.by_resident()

    def figures() -> list[object]:
        key = {"Authorization": f"Bearer {services.keys.create(Role.DISPATCHER, 'desk')}"}
        asked = ("/v1/statistics?jurisdiction=sare", *(
            f"/v1/statistics/handling?jurisdiction=sare&by={by}&until=2100-01-01T00:00:00Z&since=2000-01-01T00:00:00Z"
            for by in ("grid", "officer", "service")))  # fmt: skip
        return [client.get(one, headers=key).json for one in asked]

    before = figures()
    services.retention.erase(UUID(incident), because="request", identity=STEWARD)

    assert figures() == before


def test_whoever_is_sent_events_is_told_to_erase(writer: Writer, services: Services, community_url: str) -> None:
    incident, _ = writer.cancelled()
    services.retention.erase(UUID(incident), because="mistake", identity=STEWARD)
    while FanningService(services.database).fan_out():
        pass
    with psycopg.connect(community_url) as connection:
        [(body,)] = connection.execute(
            "SELECT body FROM geoservice.delivery WHERE type = 'incident.words_erased'"
        ).fetchall()
        [noted] = connection.execute("SELECT incident_id, actor, because FROM geoservice.erasure").fetchall()
    assert json.loads(body)["data"]["incident"] == incident
    assert noted == (UUID(incident), "steward:k9", "mistake")


def test_a_reporter_erases_his_own_and_is_told_when(writer: Writer, client: FlaskClient) -> None:
    incident, token = writer.by_resident()
    own = {"Report-Token": token}
    assert client.get("/v1/report", headers=own).json["words_gone_at"] is None
    assert client.post("/v1/report/erase", json={}, headers=own).status_code == 422
    assert client.post("/v1/report/erase", json={"sure": True}, headers={"Report-Token": "rpt_no"}).status_code == 404

    told = client.post("/v1/report/erase", json={"sure": True}, headers=own).json

    assert told["words_gone_at"] is not None
    assert (told["description"], told["said"], told["rating"], told["status"]) == ("", [], 2, "closed")
    assert client.get("/v1/report", headers=own).json == told
    desk = client.get(f"/v1/incidents/{incident}", headers={"Authorization": f"Bearer {writer._keys[Role.DISPATCHER]}"})
    assert desk.json["words_gone_at"] == told["words_gone_at"]


def test_words_that_are_written_afterwards_are_words_again(writer: Writer, client: FlaskClient) -> None:
    told = writer.call("/v1/report", service_code="light", lon=91.77, lat=29.24, description=MARK)
    client.post("/v1/report/erase", json={"sure": True}, headers={"Report-Token": told["token"]})
    writer.step(told["id"], "ask", reason=MARK)
    assert client.get("/v1/report", headers={"Report-Token": told["token"]}).json["words_gone_at"] is None


@pytest.mark.parametrize("role", [one for one in Role if one not in (Role.STEWARD, Role.ADMIN)])
def test_nobody_else_erases(writer: Writer, client: FlaskClient, services: Services, role: Role) -> None:
    incident, _ = writer.cancelled()
    staff = ("sare", "G03") if role is Role.OFFICER else None
    key = None if role is Role.PUBLIC else services.keys.create(role, "test", staff=staff)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    answer = client.post(f"/v1/incidents/{incident}/erase", json={}, headers=headers)
    assert answer.status_code == (401 if role is Role.PUBLIC else 403)


def test_a_steward_erases_at_home_alone_and_reads_nothing(
    writer: Writer, client: FlaskClient, services: Services, community_url: str
) -> None:
    incident, _ = writer.cancelled()
    with psycopg.connect(community_url) as connection:
        make_jurisdiction(connection, code="town")
    at_home, elsewhere = (
        {"Authorization": f"Bearer {services.keys.create(Role.STEWARD, 'test', jurisdiction=code)}"}
        for code in ("sare", "town")
    )
    address = f"/v1/incidents/{incident}/erase"
    assert client.post(address, json={}, headers=elsewhere).status_code == 404
    assert client.get(f"/v1/incidents/{incident}", headers=at_home).status_code == 403
    assert client.post(address, json={}, headers=at_home).status_code == 200


def test_a_history_is_written_by_nobody_anew(writer: Writer, community_url: str) -> None:
    incident, _ = writer.cancelled()
    for change in ("reason = 'other'", "reason = NULL, actor = 'other'", "to_status = 'closed'"):
        with psycopg.connect(community_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                f"UPDATE geoservice.incident_event SET {change} WHERE incident_id = %s".encode(),  # noqa: S608  ours
                [incident],
            )


def test_a_report_that_is_sent_again_after_its_words_were_erased_is_not_stored(
    writer: Writer, client: FlaskClient
) -> None:
    sent = {"service_code": "light", "lon": 91.77, "lat": 29.24, "description": MARK}
    told = writer.call("/v1/report", key="once-and-once-again", **sent)
    client.post("/v1/report/erase", json={"sure": True}, headers={"Report-Token": told["token"]})
    answer = client.post("/v1/report", json=sent, headers={"Idempotency-Key": "once-and-once-again"})
    assert answer.status_code in (409, 422)


@pytest.fixture
def empty_url(cluster_url: str) -> Iterator[str]:
    name = f"erased_{os.getpid()}_{uuid4().hex[:8]}"
    with psycopg.connect(cluster_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield with_database(cluster_url, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.slow
def test_a_restore_of_an_older_backup_erases_again(
    writer: Writer, services: Services, community_url: str, empty_url: str, tmp_path: Path
) -> None:
    incidents = writer.everything()
    dumping.back_up(community_url, tmp_path / "older.backup")
    for one in incidents:
        services.retention.erase(one, because="request", identity=STEWARD)
    erasures = ErasureList(tmp_path / "list").incident_ids()
    (tmp_path / "w").mkdir()

    extracted = restoring.extract(tmp_path / "older.backup", tmp_path / "w", lambda count: None)
    told = restoring.restore(
        DatabaseUrls(as_service(empty_url), empty_url), extracted, erasures=(*erasures, uuid4())
    )  # fmt: skip

    assert (told.erased, told.listed) == (5, 6)
    assert list(found_in_database(empty_url, MARK.encode())) == []


def test_nothing_is_erased_that_a_restore_would_bring_back(services: Services, tmp_path: Path) -> None:
    report = NewReport("light", declared_position(91.77, 29.24), "resident", MARK)
    incident, token = services.incidents.report(report, identity=Identity(Role.PUBLIC))
    (tmp_path / "full").write_text("a file")
    retention = RetentionService(services.database, ErasureList(tmp_path / "full" / "list"))

    with pytest.raises(ErasureListNotWritten):
        retention.erase(incident.id, because="request", identity=STEWARD)
    with pytest.raises(ErasureListNotWritten):
        retention.erase_as_reporter(token)
    assert services.incidents.incident(incident.id).description == MARK


def test_a_list_that_can_not_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    one = uuid4()
    kept = ErasureList(tmp_path / "list")
    assert kept.incident_ids() == ()
    kept.add(one)
    kept.add(one)
    assert kept.incident_ids() == (one,)
    assert (tmp_path / "list").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "list").open("a") as opened:
        opened.write("half a li")
    with pytest.raises(ErasureListDamaged) as refused:
        kept.incident_ids()
    assert refused.value.fields["line"] == 3


def test_an_unknown_report_is_said_to_be_unknown(services: Services, database: Database, tmp_path: Path) -> None:
    with pytest.raises(IncidentUnknown):
        RetentionService(services.database, ErasureList(tmp_path / "l")).erase(
            uuid4(), because="request", identity=STEWARD
        )
