"""Doctor: what ends soon, what is not sealed, where no anchor can be told and words that stay are a line each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from geoservice.auth.model import Role
from geoservice.running import doctor_checks
from geoservice.services.keys import KeyService
from geoservice.settings import Settings
from geoservice.wiring import Services
from tests.conftest import as_service, free_port
from tests.geoservice.running.test_doctor import FAIL, OK, WARN, found, only, run


@pytest.fixture
def settings(community_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=SecretStr(as_service(community_url)), database_owner_url=SecretStr(community_url),
        data_dir=tmp_path / "data", port=free_port(),
    )  # fmt: skip


def test_what_ends_soon_is_named_and_what_is_over_or_void_is_not(settings: Settings, services: Services) -> None:
    keys = KeyService(services.database)
    now = datetime.now(UTC)
    for label, days in (("soon", 3), ("later", 40), ("over", -1)):
        keys.create(Role.READER, label, expires_at=now + timedelta(days=days), jurisdiction="sare")
    void = keys.create(Role.READER, "void", expires_at=now + timedelta(days=3), jurisdiction="sare")
    keys.revoke(void.split("_")[1])
    services.accounts.create("desk-7", Role.READER, created_by="test", expires_at=now + timedelta(days=5))

    key, account = found(settings, "keys and accounts")
    assert (key.level, account.level) == (WARN, WARN)
    assert "(soon) ends on" in key.said
    assert "account desk-7 ends on" in account.said


def test_of_many_that_end_some_are_named_and_all_are_counted(settings: Settings, services: Services) -> None:
    keys = KeyService(services.database)
    for number in range(13):
        expires_at = datetime.now(UTC) + timedelta(days=3)
        keys.create(Role.READER, f"key {number}", expires_at=expires_at, jurisdiction="sare")
    told = found(settings, "keys and accounts")
    assert len(told) == 11
    assert told[-1].said.startswith("3 more keys and accounts end")


def test_entries_that_wait_for_their_seal_are_told(settings: Settings, community_url: str) -> None:
    run(community_url, "SELECT geoservice.seal_audit(100000)")
    assert only(settings, "audit").level == OK
    run(
        community_url,
        "INSERT INTO geoservice.audit_entry (era, who, what, at) VALUES (1, 'x', 'sign_in', now() - interval '1 hour')",
    )
    told = only(settings, "audit")
    assert (told.level, "1 entries wait" in told.said, "worker" in told.remedy) == (WARN, True, True)


def test_where_no_anchor_can_be_told_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(settings, "anchors").level == OK
    monkeypatch.setattr(doctor_checks, "_may_write", lambda path: False)  # root may write everywhere
    assert only(settings, "anchors").level == FAIL


@pytest.mark.parametrize(("age", "level"), [("1 hour", OK), ("3 days", WARN)])
def test_retention_that_does_not_run_is_told(settings: Settings, community_url: str, age: str, level: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.scheduled_job (job, done_at) VALUES ('retention', now() - CAST(%s AS interval))"
            " ON CONFLICT (job) DO UPDATE SET done_at = excluded.done_at", [age],
        )  # fmt: skip
    told = only(settings, "retention")
    assert (told.level, bool(told.remedy)) == (level, level == WARN)
