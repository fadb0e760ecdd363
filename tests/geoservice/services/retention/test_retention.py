"""What is past its time goes, by itself and in pieces; what is counted stays; what is kept for good is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from geoservice.app import create_app
from geoservice.auth.model import Identity, Role
from geoservice.cli.main import geoservice
from geoservice.errors import TownFileWrong
from geoservice.records.retention.queries import PIECE, Due
from geoservice.records.schedule.queries import add_jobs, job_ages
from geoservice.services.clock import JOBS, Scheduler
from geoservice.services.incidents import NewReport
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.services.retention.erasures import ErasureList
from geoservice.services.retention.retention import RetentionService
from geoservice.services.town.plan import read_plan
from geoservice.settings import Settings
from geoservice.wiring import Services
from layers.crs import declared_position
from layers.errors import RefusedByDatabase
from tests.geoservice.services.retention.marked import MARK, Writer, found_in_database
from tests.waiting import wait_until

[JOB] = [job for job in JOBS if job.name == "retention"]


@pytest.fixture
def retention(services: Services, tmp_path: Path) -> RetentionService:
    return RetentionService(services.database, ErasureList(tmp_path / "list"))


@pytest.fixture
def client(services: Services) -> Iterator[FlaskClient]:
    yield create_app(Settings(), services=services).test_client()


def age(url: str, days: int, incidents: list[UUID]) -> None:
    """Have reports be as if all of it had been so many days ago."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        asked = {"by": timedelta(days=days), "ids": incidents}
        connection.execute(
            "UPDATE geoservice.incident SET status_since = status_since - %(by)s WHERE id = ANY (%(ids)s)", asked
        )
        connection.execute("UPDATE geoservice.report_key SET at = at - %(by)s WHERE incident_id = ANY (%(ids)s)", asked)


def of(found: tuple[Due, ...], kind: str) -> Due:
    [one] = [one for one in found if (one.jurisdiction, one.kind) == ("sare", kind)]
    return one


def test_words_go_by_their_time_and_figures_stay(
    client: FlaskClient, services: Services, community_url: str, retention: RetentionService
) -> None:
    incidents = Writer(client, services, community_url).everything()
    open_report = NewReport("light", declared_position(91.77, 29.24), "resident", f"{MARK} open")
    still, _ = services.incidents.report(open_report, identity=Identity(Role.PUBLIC))
    JurisdictionService(services.database).keep("sare", {"words": 30, "report_keys": 5})
    statement = "UPDATE geoservice.incident SET status = 'resolved' WHERE id = %s AND status = 'accepted'"
    with psycopg.connect(community_url) as connection:  # what Open311 took is open yet
        connection.execute(statement.encode(), [incidents[2]])
        row = connection.execute("SELECT status FROM geoservice.incident WHERE id = %s", [incidents[2]]).fetchone()
    assert row == ("dispatched",)
    over = [one for one in incidents if one != incidents[2]]
    age(community_url, 29, incidents)
    assert of(retention.due(), "words").due == 0
    age(community_url, 2, incidents)

    due = of(retention.due(), "words")
    assert (due.due, due.kept >= due.due) == (len(over), True)
    assert due.oldest is not None
    assert due.until is not None
    assert due.oldest < due.until
    assert of(retention.due(), "report_keys").due == 3
    assert of(retention.due(), "words").due == len(over)  # a look changes nothing
    figures = client.get("/v1/statistics?jurisdiction=sare").json
    list(retention.run(actor="test"))

    assert client.get("/v1/statistics?jurisdiction=sare").json == figures
    assert [of(retention.due(), kind).due for kind in ("words", "report_keys")] == [0, 0]
    with psycopg.connect(community_url) as connection:
        left = connection.execute(
            "SELECT id FROM geoservice.incident WHERE description LIKE %s OR attributes::text LIKE %s",
            [f"%{MARK}%"] * 2,
        ).fetchall()
        runs = connection.execute("SELECT kind, removed FROM geoservice.retention_run ORDER BY kind").fetchall()
    assert {row[0] for row in left} == {still.id, incidents[2]}
    assert runs == [("report_keys", 3), ("words", len(over))]


def test_what_is_kept_for_good_is_kept(
    client: FlaskClient, services: Services, community_url: str, retention: RetentionService
) -> None:
    incident, _ = Writer(client, services, community_url).cancelled()
    JurisdictionService(services.database).keep("sare", {"words": None})
    age(community_url, 20_000, [UUID(incident)])
    due = of(retention.due(), "words")
    assert (due.due, due.until) == (0, None)
    list(retention.run())
    assert list(found_in_database(community_url, MARK.encode()))


def test_deliveries_and_sessions_go(community_url: str, retention: RetentionService) -> None:
    with psycopg.connect(community_url) as connection:
        [(here,)] = connection.execute("SELECT id FROM geoservice.jurisdiction").fetchall()
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "INSERT INTO geoservice.webhook (jurisdiction_id, url, secret, created_by, sent_up_to)"
            " SELECT j, 'http://127.0.0.1', 'whsec_x', 'test', 0 FROM unnest(ARRAY[%s, NULL]::integer[]) AS j", [here]
        )  # fmt: skip
        connection.execute(
            "INSERT INTO geoservice.delivery (webhook_id, number, type, body, status, delivered_at, at)"
            " SELECT w.id, n, 'test', 'body', s, CASE s WHEN 'delivered' THEN now() END, now() - d * interval '1 day'"
            "   FROM geoservice.webhook AS w, (VALUES (1, 'delivered', 31), (2, 'dead', 31), (3, 'waiting', 31),"
            "        (4, 'delivered', 29)) AS v (n, s, d)"
        )
        connection.execute(
            "INSERT INTO geoservice.account (login, password_hash, must_change, created_by)"
            " VALUES ('desk', '$argon2id$', false, 'test')"
        )
        connection.execute(
            "INSERT INTO geoservice.access_grant (login, role, jurisdiction_id) VALUES ('desk', 'reader', %s)", [here]
        )
        connection.execute(
            "INSERT INTO geoservice.session (secret_sha256, login, created_at, expires_at, revoked_at)"
            " SELECT sha256(n::text::bytea), 'desk', now() - interval '20 days', now() + e, now() + r"
            "   FROM (VALUES (1, interval '-8 days', NULL), (2, interval '1 day', interval '-8 days'),"
            "        (3, interval '1 day', NULL::interval), (4, interval '-6 days', NULL)) AS v (n, e, r)"
        )
    due = retention.due()
    assert [(of(due, kind).due, of(due, kind).kept) for kind in ("deliveries", "sessions")] == [(2, 4), (2, 4)]

    list(retention.run())

    with psycopg.connect(community_url) as connection:
        left = connection.execute("SELECT number FROM geoservice.delivery ORDER BY webhook_id, number").fetchall()
        sessions = connection.execute("SELECT count(*) FROM geoservice.session").fetchone()
    assert [row[0] for row in left] == [3, 4, 3, 4]  # of the webhook for all jurisdictions, too
    assert sessions == (2,)


def test_the_clock_does_it_in_pieces_once_a_day(services: Services, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(
            "UPDATE geoservice.incident SET status_since = now() - interval '181 days', status = 'cancelled',"
            " closed_at = NULL, rating = NULL, duplicate_of = NULL"
        )
        row = connection.execute("SELECT count(*) FROM geoservice.incident").fetchone()
    assert row is not None
    count = row[0]
    assert PIECE < count < 2 * PIECE
    scheduler = Scheduler(services.database, [JOB])
    with services.database.transaction(actor="service") as connection:
        add_jobs(connection, ["retention"])
    gone = []
    for _ in range(3):
        with services.database.transaction() as connection:
            scheduler.look(connection)
        with psycopg.connect(community_url) as admin:
            one = admin.execute("SELECT count(*) FROM geoservice.incident WHERE words_gone_at IS NOT NULL").fetchone()
        assert one is not None
        gone.append(one[0])
    assert gone == [PIECE, count, count]
    assert JOB.period_s == 86_400
    with services.database.transaction() as connection:
        assert job_ages(connection)["retention"] is not None


def test_intake_does_not_wait(services: Services, community_url: str, retention: RetentionService) -> None:
    """While a piece is taken away and not committed yet, somebody reports; and who works on a report is passed over."""
    with psycopg.connect(community_url) as admin:
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(
            "UPDATE geoservice.incident SET status_since = now() - interval '181 days'"
            " WHERE status IN ('closed', 'cancelled')"
        )
    with psycopg.connect(community_url) as held, psycopg.connect(community_url) as running:
        held.execute("SELECT FROM geoservice.incident WHERE status = 'closed' ORDER BY id LIMIT 1 FOR UPDATE")
        running.execute("SET LOCAL statement_timeout = '4s'")
        running.execute("SELECT geoservice.run_retention()")
        report = NewReport("light", declared_position(91.77, 29.24), "resident")
        services.incidents.report(report, identity=Identity(Role.PUBLIC))
    assert of(retention.due(), "words").due <= 1


@pytest.mark.parametrize("days", [{"words": 7}, {"words": 0}, {"deliveries": 0}, {"sessions": 40_000}])
def test_days_that_can_not_be_meant_are_refused(services: Services, days: dict[str, int]) -> None:
    with pytest.raises(RefusedByDatabase, match="kept"):
        JurisdictionService(services.database).keep("sare", days)


def test_commands_tell_first_and_do_on_demand(
    client: FlaskClient, services: Services, community_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    incident, _ = Writer(client, services, community_url).cancelled()
    age(community_url, 100, [UUID(incident)])
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", community_url)
    monkeypatch.setenv("GEOSERVICE_DATA_DIR", str(tmp_path))
    run = CliRunner()

    def said(*words: str) -> str:
        done = run.invoke(geoservice, words)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    assert "words         90 days" in said("retention", "set", "sare", "--words", "90", "--deliveries", "kept")
    told = said("retention", "run")
    assert "words         1 of " in told
    assert "kept for good" in told
    assert "would go: say --commit." in told
    assert list(found_in_database(community_url, MARK.encode()))
    assert "are gone." in said("retention", "run", "--commit")
    assert list(found_in_database(community_url, MARK.encode())) == []
    other = services.incidents.report(
        NewReport("light", declared_position(91.77, 29.24), "resident", MARK), identity=Identity(Role.PUBLIC)
    )[0]
    assert "were erased at" in said("incident", "erase", str(other.id), "--reason", "request", "--yes")
    assert str(other.id) in (tmp_path / "erasures" / "erasures.jsonl").read_text()
    shown = client.get("/v1/jurisdictions/sare").json["retention"]
    assert shown == {"words": 90, "deliveries": None, "report_keys": 7, "sessions": 7}


def test_pages_of_the_database_are_rid_of_words_as_the_guide_says(
    client: FlaskClient, services: Services, community_url: str, retention: RetentionService
) -> None:
    incident, _ = Writer(client, services, community_url).cancelled()
    retention.erase(UUID(incident), because="request", identity=Identity(Role.STEWARD, "k"))
    with psycopg.connect(community_url, autocommit=True) as owner:
        row = owner.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row is not None
        database = Path(row[0]) / "base" / str(row[1])

        def is_rid() -> bool:
            # What a transaction that is still open may look at, whosever it is, is kept for it.
            owner.execute("VACUUM FULL geoservice.incident, geoservice.incident_event")
            owner.execute("CHECKPOINT")
            files = [path for path in database.iterdir() if path.is_file()]
            assert files
            return not any(MARK.encode() in path.read_bytes() for path in files)

        wait_until(is_rid, "no file of the database holds the words")


def test_a_town_says_for_how_long_in_its_file(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "town.toml"
    file.write_text('[town]\ncode = "t"\nname = "t"\n[retention]\nwords = 90\nsessions = "kept"\n')
    assert read_plan(file).retention.days == {"words": 90, "sessions": None}
    file.write_text('[town]\ncode = "t"\nname = "t"\n[retention]\nwords = "long"\n')
    with pytest.raises(TownFileWrong, match=r"retention\.words"):
        read_plan(file)
    JurisdictionService(services.database).keep("sare", {"words": 90, "sessions": None})
    [now] = JurisdictionService(services.database).jurisdictions()
    assert (now.retention.words, now.retention.sessions, now.retention.deliveries) == (90, None, 30)
