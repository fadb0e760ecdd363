"""Doctor: a service in order is told so; each thing that is wrong is a line that says what to do."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from geoservice.cli.doctor import doctor as command
from geoservice.embedded.cluster import Cluster
from geoservice.engine.engines import engine_for
from geoservice.running import doctor
from geoservice.running.doctor import CHECKS, Verdict, diagnose
from geoservice.services.backup.keeping import keep_another
from geoservice.services.preparing import prepare_database
from geoservice.settings import DatabaseUrls, Settings
from tests.conftest import LiveServer, as_service, free_port, serving

OK, WARN, FAIL = "ok", "warn", "fail"


@pytest.fixture
def settings(community_url: str, tmp_path: Path) -> Settings:
    return settings_for(community_url, tmp_path, port=free_port())


def settings_for(url: str, directory: Path, *, port: int) -> Settings:
    return Settings(
        database_url=SecretStr(as_service(url)), database_owner_url=SecretStr(url), data_dir=directory / "data",
        backup_dir=directory / "backups", port=port,
    )  # fmt: skip


def found(settings: Settings, check: str) -> list[Verdict]:
    return [one for one in diagnose(settings) if one.check == check]


def only(settings: Settings, check: str) -> Verdict:
    (one,) = found(settings, check)
    return one


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_service_in_order_is_told_so(cluster_url: str, community_template: str, tmp_path: Path) -> None:
    with serving(cluster_url, community_template) as fresh:  # what others did to one that is shared is told, too
        assert_in_order(fresh, tmp_path)


def assert_in_order(live: LiveServer, tmp_path: Path) -> None:
    settings = settings_for(live.database_url, tmp_path, port=int(live.url.rpartition(":")[2]))
    prepare_database(DatabaseUrls(as_service(live.database_url), live.database_url))  # a copied database stands open
    (tmp_path / "backups").mkdir()
    keep_another(live.database_url, tmp_path / "backups", copies=1)
    run(  # no worker runs beside these tests
        live.database_url, "SELECT geoservice.seal_audit(100000)",
        "SELECT geoservice.number_outbox(most => NULL, waits => true)",
    )  # fmt: skip

    verdicts = diagnose(settings)

    assert [one for one in verdicts if one.level != OK] == []
    assert [one.check for one in verdicts] == [name for name, _, _ in CHECKS]
    assert "holds all 1 editions in force" in only(settings, "loaded editions").said
    assert only(settings, "engine").said.startswith("The compiled kernel" if engine_for().reason == "" else "numpy")


def test_what_answers_look_ups_is_told_here_and_at_the_probe(live: LiveServer, settings: Settings) -> None:
    by_numpy = settings.model_copy(update={"engine": "numpy"})

    with urllib.request.urlopen(f"{live.url}/readyz") as answer:  # noqa: S310  our own
        held = json.load(answer)["held"]

    assert [(one.level, one.remedy) for one in found(by_numpy, "engine")] == [(OK, "")]
    assert held["engine"] == engine_for().name


def test_what_is_in_force_and_not_loaded_is_named(live: LiveServer, community_url: str, tmp_path: Path) -> None:
    """The server that answers holds the editions of another database."""
    run(community_url, "UPDATE geoservice.jurisdiction SET code = 'elsewhere'")
    settings = settings_for(community_url, tmp_path, port=int(live.url.rpartition(":")[2]))

    one = only(settings, "loaded editions")

    assert (one.level, "of elsewhere is in force" in one.said) == (FAIL, True)


def test_an_embedded_database_that_does_not_run_is_one_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL", raising=False)

    verdicts = diagnose(Settings(data_dir=tmp_path))

    assert [(one.check, one.remedy) for one in verdicts if one.level == FAIL] == [("database", "Run: geoservice up")]
    assert any(one.check == "schema" and "Not looked at" in one.said for one in verdicts)


def test_a_newer_revision_and_an_unknown_one_are_told_apart(settings: Settings, community_url: str) -> None:
    run(community_url, "UPDATE geoservice_schema_version SET version_num = '9999'")
    assert (only(settings, "schema").level, "newer" in only(settings, "schema").said) == (FAIL, True)

    run(community_url, "UPDATE geoservice_schema_version SET version_num = '0000'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor.schema, "known_revisions", lambda: frozenset({"0000"}))
        assert only(settings, "schema").remedy == "Run: geoservice db upgrade"


def test_a_jurisdiction_without_grids_is_named(settings: Settings, community_url: str) -> None:
    run(
        community_url,
        "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid, time_zone)"
        " SELECT 'bare', name, st_translate(outline, 5, 0), metric_srid, time_zone FROM geoservice.jurisdiction",
    )

    bare, rest = found(settings, "grids")

    assert (bare.level, "in bare" in bare.said) == (WARN, True)
    assert rest.said == "Grids are in force in 1 of 2 jurisdictions."


@pytest.mark.parametrize(("age", "level"), [("1 minute", OK), ("20 minutes", WARN), ("2 hours", FAIL)])
def test_events_and_deliveries_that_wait_are_told(settings: Settings, community_url: str, age: str, level: str) -> None:
    run(
        community_url,
        "SELECT geoservice.number_outbox(NULL)",
        "INSERT INTO geoservice.outbox (topic, payload) VALUES ('grid', '{}')",
        "INSERT INTO geoservice.webhook (url, secret, created_by, sent_up_to) VALUES ('http://x', 'whsec_x', 'me', 0)",
        "INSERT INTO geoservice.delivery (webhook_id, number, type, body)"
        " SELECT id, 1, 'x', '{}' FROM geoservice.webhook",
    )
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.outbox SET at = now() - %s::interval WHERE number IS NULL", [age])
        connection.execute("UPDATE geoservice.delivery SET due_at = now() - %s::interval", [age])

    assert (only(settings, "outbox").level, only(settings, "deliveries").level) == (level, level)


def test_a_backup_that_is_missing_or_old_is_told(
    settings: Settings, community_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert only(settings.model_copy(update={"backup_dir": None}), "backup").level == WARN
    assert only(settings, "backup").level == FAIL

    assert settings.backup_dir is not None
    settings.backup_dir.mkdir()
    keep_another(community_url, settings.backup_dir, copies=1)
    assert only(settings, "backup").level == OK
    assert only(settings.model_copy(update={"backup_every_h": 1e-9}), "backup").level == FAIL


def test_files_that_others_may_read_are_named_and_what_is_told_closes_them(settings: Settings) -> None:
    assert settings.backup_dir is not None
    settings.backup_dir.mkdir()
    settings.data_dir.mkdir()
    for path in (settings.backup_dir / "geoservice-x.backup", settings.data_dir / "register.key"):
        path.write_text("secret")
        path.chmod(0o644)

    opened = found(settings, "files")

    assert [one.level for one in opened] == [FAIL, FAIL]
    for one in opened:
        assert os.system(one.remedy.removeprefix("Run: ")) == 0  # noqa: S605  our own line
    assert only(settings, "files").level == OK


@pytest.mark.parametrize(("free", "level"), [(500_000_000_000, OK), (1_000_000_000, WARN), (10_000_000, FAIL)])
def test_a_disk_that_fills_up_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type(usage)(10**12, 10**12 - free, free))

    assert {only(settings, "disk").level, only(settings, "disk of backups").level} == {level}


@pytest.mark.parametrize(("ahead_s", "level"), [(0.0, OK), (30.0, WARN), (-300.0, FAIL)])
def test_clocks_that_differ_are_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, ahead_s: float, level: str
) -> None:
    real = time.time
    monkeypatch.setattr(doctor.time, "time", lambda: real() + ahead_s)

    assert only(settings, "clock").level == level


def test_a_check_that_hangs_is_left_to_itself(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs(settings: Settings) -> Iterator[doctor.Found]:
        time.sleep(3)
        yield "ok", "", ""

    monkeypatch.setattr(doctor, "MOST_S", 0.1)
    monkeypatch.setattr(doctor, "CHECKS", (("slow", hangs, False),))

    assert only(settings, "slow").level == FAIL


@pytest.mark.parametrize("error", [OSError(5, "Input/output error", "/x"), psycopg.OperationalError("gone")])
def test_a_check_that_can_not_be_done_is_a_failure_and_no_traceback(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(settings: Settings) -> Iterator[doctor.Found]:
        raise error
        yield

    monkeypatch.setattr(doctor, "CHECKS", (("broken", fails, False),))

    assert only(settings, "broken").level == FAIL


def test_the_command_says_it_in_lines_or_as_json_and_its_exit_code(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = [Verdict("a", "ok", "Fine."), Verdict("b", "warn", "Nearly.", "Look.")]
    monkeypatch.setattr("geoservice.running.doctor.diagnose", lambda settings: verdicts)
    lines = CliRunner().invoke(command)
    assert (lines.exit_code, lines.output) == (0, "ok   a: Fine.\nwarn b: Nearly. Look.\n")

    verdicts.append(Verdict("c", "fail", "Broken.", "Mend it."))
    told = CliRunner().invoke(command, ["--json"])
    assert told.exit_code == 1
    assert orjson.loads(told.output)[2] == {"check": "c", "level": "fail", "said": "Broken.", "remedy": "Mend it."}


@pytest.fixture
def embedded() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="gs-") as name:
        Path(name).chmod(0o755)  # the service account must be able to walk through
        cluster = Cluster(Path(name) / "data", free_port())
        cluster.ensure()
        yield cluster
        cluster.stop()


def test_an_embedded_database_without_its_schema_is_told_how_to_get_it(
    embedded: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GEOSERVICE_DATABASE_URL", raising=False)
    settings = Settings(data_dir=embedded.layout.data_dir, database_port=embedded.port)
    assert only(settings, "database").remedy == "Run: geoservice db upgrade"

    prepare_database(DatabaseUrls(embedded.service_url, embedded.url))

    assert {one.check for one in diagnose(settings) if one.level == FAIL} == set()
    assert only(settings, "openings").level == OK
    assert only(settings, "files").level == OK
