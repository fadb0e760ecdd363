"""Who did what: every door leaves the entries that it should, with nobody's words, and tells those who may know."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from geoservice.auth.model import Home, Identity, LoginRole, Role
from geoservice.auth.permissions import Permission, roles_with
from geoservice.auth.scope import scope_of
from geoservice.cli.main import geoservice as command
from geoservice.services.accounts.account_errors import SignInRefused
from geoservice.services.incidents import NewReport
from geoservice.services.logins import LoginLimits, grant_login, revoke_login
from layers.crs import declared_position
from tests import places
from tests.analysts import OpenTown, open_town
from tests.conftest import DatabaseMaker
from tests.factories import make_town
from tests.geoservice.api import draft_calls
from tests.geoservice.web.door import Door, open_door

WORDS = "marked 三号楼门口"
COLUMNS = ("id", "who", "role", "jurisdiction_id", "what", "purpose", "touched", "request")
QUERY = f"SELECT {', '.join(COLUMNS)} FROM geoservice.audit_entry WHERE id > %s ORDER BY id"  # noqa: S608  names of ours


@dataclass
class Audited:
    """An application, and what it entered since somebody looked."""

    door: Door
    url: str
    #: The community's id, a key of another town, and an incident with words.
    here: int
    stranger: str
    incident: str
    seen: int = 0

    def entries(self) -> list[dict[str, Any]]:
        """Return what was entered since it was asked last."""
        with psycopg.connect(self.url) as connection:
            found = [dict(zip(COLUMNS, row, strict=True)) for row in connection.execute(QUERY, [self.seen])]
        self.seen = max([self.seen, *(one["id"] for one in found)])
        return found

    def whats(self) -> list[str]:
        return [one["what"] for one in self.entries()]

    def get(self, path: str, role: Role = Role.DISPATCHER, status: int = 200) -> Any:
        answer = self.door.client.get(path, headers=self.door.headers(role))
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer

    def who(self, role: Role) -> str:
        """Return how entries name the key of a role."""
        key = self.door.keys[role]
        return f"{role}:G03" if role is Role.OFFICER else f"{role}:{key.split('_')[1]}"


@pytest.fixture(scope="module")
def hall(cluster_url: str, community_template: str) -> Iterator[Audited]:
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(community_template)
    with psycopg.connect(url) as connection:
        make_town(connection)
        row = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'").fetchone()
    with open_door(url) as door:
        known = door.existing
        report = NewReport(known["service_code"], declared_position(known["lon"], known["lat"]), "patrol", WORDS)
        incident, _ = door.services.incidents.report(report, identity=Identity(Role.DISPATCHER))
        stranger = door.services.keys.create(Role.ADMIN, "other town", jurisdiction="town")
        yield Audited(door, url, row[0], stranger, str(incident.id))
    maker.drop_all()


@pytest.fixture
def audited(hall: Audited) -> Audited:
    hall.entries()
    return hall


def only(entries: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(entries) == 1, entries
    return entries[0]


# Reads of words.


@pytest.mark.parametrize(("path", "part"), [("", "incident"), ("/history", "history"), ("/why", "why")])
def test_whoever_reads_an_incident_is_entered(audited: Audited, path: str, part: str) -> None:
    audited.get(f"/v1/incidents/{audited.incident}{path}")

    entry = only(audited.entries())
    assert entry["request"] is not None
    assert {name: entry[name] for name in COLUMNS[1:-1]} == {
        "who": audited.who(Role.DISPATCHER), "role": "dispatcher", "jurisdiction_id": audited.here,
        "what": "incident_read", "purpose": "read_incidents", "touched": {"incident": audited.incident, "part": part},
    }  # fmt: skip


def test_who_read_an_incident_is_asked_for_by_its_id(audited: Audited) -> None:
    audited.get(f"/v1/incidents/{audited.incident}")

    told = audited.get(f"/v1/audit?incident={audited.incident}&what=incident_read", Role.ADMIN).json
    assert {entry["who"] for entry in told["entries"]} >= {audited.who(Role.DISPATCHER)}
    assert {entry["touched"]["incident"] for entry in told["entries"]} == {audited.incident}


def test_a_list_is_one_entry_with_its_count_and_filter(audited: Audited) -> None:
    told = audited.get("/v1/incidents?jurisdiction=sare&status=dispatched,accepted&limit=7").json

    entry = only(audited.entries())
    assert (entry["what"], entry["jurisdiction_id"]) == ("incidents_read", audited.here)
    assert entry["touched"] == {
        "count": len(told["incidents"]), "filter": {"status": ["dispatched", "accepted"], "sort": "new"}
    }  # fmt: skip


def test_an_officers_own_list_too(audited: Audited) -> None:
    audited.get("/v1/incidents?own=true&sort=due", Role.OFFICER)

    entry = only(audited.entries())
    assert (entry["who"], entry["touched"]["filter"]) == ("officer:G03", {"own": True, "sort": "due"})


def test_what_was_looked_for_and_not_found_is_not_entered(audited: Audited) -> None:
    """It may be anything that somebody typed."""
    audited.get("/v1/incidents?jurisdiction=sare&grid=marked-13800138000")

    assert audited.entries() == []


def test_open311_leaves_an_entry_where_it_tells_words(audited: Audited) -> None:
    path = "/open311/v2/requests.json?jurisdiction_id=sare"
    assert any(WORDS == one["description"] for one in audited.get(path).json)
    assert only(audited.entries())["what"] == "incidents_read"

    assert all(one["description"] is None for one in audited.get(path, Role.READER).json)
    assert audited.entries() == []


def test_what_visitors_see_is_nobodys_doing(audited: Audited) -> None:
    for path in ("/v1/layers/households/features?jurisdiction=sare", "/open311/v2/requests.json?jurisdiction_id=sare"):
        audited.door.client.get(path)
    audited.get("/v1/statistics/population?jurisdiction=sare", Role.PUBLIC)

    assert audited.entries() == []


# Reads of counts, and copies.


@pytest.mark.parametrize("path", [
    "/v1/layers/households/features?jurisdiction=sare&limit=3", "/maps/sare/layers/households.geojson",
    "/ogc/sare/collections/households/items?limit=3", "/v1/statistics/population?jurisdiction=sare",
])  # fmt: skip
def test_whoever_reads_counts_of_households_is_entered(audited: Audited, path: str) -> None:
    audited.get(path, Role.ADMIN)

    entry = only(audited.entries())
    assert (entry["who"], entry["what"]) == (audited.who(Role.ADMIN), "counts_read")
    assert entry["jurisdiction_id"] == audited.here


@pytest.mark.parametrize("path", ["/v1/layers/cameras/features?jurisdiction=sare", "/maps/sare/layers/cameras.geojson"])
def test_whoever_reads_the_map_is_not(audited: Audited, path: str) -> None:
    audited.get(path, Role.ADMIN)

    assert audited.entries() == []


def test_copies_are_entered(audited: Audited) -> None:
    edition = audited.door.existing["editions.id"]
    audited.get(f"/v1/editions/{edition}/export?format=geojson", Role.ANALYST)

    entry = only(audited.entries())
    assert (entry["what"], entry["touched"]["edition"]) == ("exported", int(edition))
    assert entry["touched"]["count"] == 8


# Refusals.


def test_whoever_is_refused_is_entered(audited: Audited) -> None:
    audited.get("/v1/webhooks", status=403)

    entry = only(audited.entries())
    assert (entry["who"], entry["what"], entry["purpose"]) == (
        audited.who(Role.DISPATCHER), "refused", "manage_webhooks",
    )  # fmt: skip
    assert entry["touched"] == {"method": "GET", "route": "/v1/webhooks", "problem": "forbidden"}


def test_whoever_comes_from_another_town_is_entered_there(audited: Audited) -> None:
    headers = {"Authorization": f"Bearer {audited.stranger}"}
    answer = audited.door.client.get("/v1/incidents?jurisdiction=sare", headers=headers)

    entry = only(audited.entries())
    assert (answer.status_code, entry["touched"]["problem"]) == (403, "not-here")
    assert entry["who"] == f"admin:{audited.stranger.split('_')[1]}"
    assert entry["jurisdiction_id"] not in (None, audited.here)


def test_whoever_shows_nothing_is_nobody(audited: Audited) -> None:
    assert audited.door.client.get("/v1/incidents").status_code == 401
    assert audited.entries() == []


# Signing in and out.


def test_people_who_sign_in_and_out_are_entered(audited: Audited) -> None:
    services = audited.door.services
    password = services.accounts.create("desk-9", Role.DISPATCHER, created_by="test", jurisdiction="sare")
    audited.entries()

    begun = services.sessions.sign_in(" Desk-9 ", password, address="192.0.2.1")
    entry = only(audited.entries())
    assert (entry["who"], entry["role"], entry["what"]) == ("dispatcher:desk-9", "dispatcher", "sign_in")
    assert entry["jurisdiction_id"] == audited.here

    with pytest.raises(SignInRefused):
        services.sessions.sign_in("desk-9", "wrong marked", address="192.0.2.1")
    assert [(one["who"], one["what"]) for one in audited.entries()] == [("dispatcher:desk-9", "sign_in_refused")]

    services.sessions.sign_out(begun.secret)
    assert audited.whats() == ["sign_out"]


def test_what_was_typed_as_a_name_may_be_a_password_and_is_not_kept(audited: Audited) -> None:
    with pytest.raises(SignInRefused):
        audited.door.services.sessions.sign_in("marked-password", "x", address="192.0.2.2")

    entry = only(audited.entries())
    assert (entry["who"], entry["what"], entry["touched"]) == ("unknown", "sign_in_refused", {})


# Administration, through the interface and by commands.


def test_staff_services_and_webhooks_are_entered_with_names_of_columns_alone(audited: Audited) -> None:
    client, headers = audited.door.client, audited.door.headers(Role.ADMIN)
    body = {"call_sign": "网格员九号", "role": "grid_officer"}
    for sign in ("网格员九号", "网格员十号"):
        answer = client.put("/v1/staff/G99?jurisdiction=sare", json=body | {"call_sign": sign}, headers=headers)
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
    made = client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/x", "label": "marked"}, headers=headers)
    client.post(f"/v1/webhooks/{made.json['id']}/rotate", json={}, headers=headers)

    added, changed, webhook, rotated = audited.entries()
    assert (added["what"], added["touched"]) == ("staff_added", {"count": 1, "ids": ["G99"]})
    assert changed["what"] == "staff_changed"
    assert changed["touched"] == {"count": 1, "ids": ["G99"], "columns": ["call_sign"]}
    assert {one["who"] for one in (added, changed, webhook, rotated)} == {audited.who(Role.ADMIN)}
    assert (webhook["what"], rotated["what"]) == ("webhook_added", "webhook_changed")
    assert "secret" in rotated["touched"]["columns"]


@pytest.mark.parametrize(("arguments", "what"), [
    (["key", "create", "--role", "reader", "--label", "marked", "--jurisdiction", "sare"], "api_key_added"),
    (["account", "add", "post-9", "--role", "reader", "--jurisdiction", "sare"], "account_added"),
    (["account", "disable", "post-9"], "account_changed"),
    (["jurisdiction", "set", "sare", "--visitors", "grids"], "jurisdiction_changed"),
    (["jurisdiction", "set", "sare", "--visitors", "open"], "jurisdiction_changed"),
    (["staff", "export", "{folder}/staff.csv", "--jurisdiction", "sare"], "exported"),
    (["service", "export", "{folder}/services.csv", "--jurisdiction", "sare"], "exported"),
    (["layer", "export", "households", "{folder}/h.csv", "--jurisdiction", "sare"], "exported"),
    (["webhook", "add", "http://127.0.0.1:9/y"], "webhook_added"),
])  # fmt: skip
def test_commands_are_entered_by_who_runs_them(
    audited: Audited, arguments: list[str], what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEOSERVICE_DATABASE_URL", audited.url)
    monkeypatch.setenv("GEOSERVICE_WEBHOOK_NETWORKS", "127.0.0.0/8")
    said = CliRunner().invoke(command, [one.format(folder=tmp_path) for one in arguments], catch_exceptions=False)
    assert said.exit_code == 0, said.output

    entries = audited.entries()
    given = [one for one in entries if one["what"] == "access_grant_added"]
    assert len(given) == (arguments[1] in ("add", "create") and arguments[0] in ("account", "key"))
    entry = only([one for one in entries if one not in given])
    assert (entry["who"], entry["role"], entry["what"]) == (f"cli:{getpass.getuser()}", "operator", what)
    assert {one["who"] for one in given} <= {entry["who"]}
    assert entry["purpose"] == arguments[0]
    assert entry["request"] is not None


def test_logins_of_people_are_entered(audited: Audited) -> None:
    grant_login(audited.url, "audit_anna", LoginRole.ANALYST, LoginLimits(5, 60, 60), jurisdiction="sare")
    try:
        entry = only(audited.entries())
        assert (entry["what"], entry["touched"]["ids"]) == ("login_grant_added", ["audit_anna"])
    finally:
        revoke_login(audited.url, "audit_anna")
    assert audited.whats() == ["login_grant_removed"]


# Drafts and what becomes of them.


def test_drafts_are_entered_from_their_making_to_their_end(audited: Audited) -> None:
    draft = draft_calls.ready(audited.door)
    headers = audited.door.headers(Role.ANALYST) | {"If-Match": draft.etag}
    split = draft_calls.body(draft, "/v1/editions/{id}/split")
    answer = audited.door.client.post(f"/v1/editions/{draft.id}/split", json=split, headers=headers)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    withdrawn = audited.door.client.post(
        f"/v1/editions/{draft.id}/withdraw", json={},
        headers=audited.door.headers(Role.ANALYST) | {"If-Match": answer.headers["ETag"]},
    )  # fmt: skip
    assert withdrawn.status_code == 200, withdrawn.get_data(as_text=True)

    made, step, gone = audited.entries()
    assert (made["what"], step["what"], gone["what"]) == ("draft_added", "draft_changed", "edition_withdrawn")
    assert step["touched"] == {"edition": draft.id, "step": 1, "verb": "split", "grids": step["touched"]["grids"]}
    assert step["who"] == gone["who"] == audited.who(Role.ANALYST)


# Straight in the database.


@pytest.fixture(scope="module")
def town(cluster_url: str, template: str) -> Iterator[OpenTown]:
    with open_town(cluster_url, template) as town:
        yield town


def entered(town: OpenTown, *, after: int) -> list[dict[str, Any]]:
    with psycopg.connect(town.url) as connection:
        return [dict(zip(COLUMNS, row, strict=True)) for row in connection.execute(QUERY, [after])]


def last(town: OpenTown) -> int:
    return max((one["id"] for one in entered(town, after=0)), default=0)


def test_a_publication_is_entered(town: OpenTown) -> None:
    published = [one for one in entered(town, after=0) if one["what"] == "edition_published"]

    assert [one["touched"] for one in published] == [{"edition": town.published}]
    assert published[0]["jurisdiction_id"] == town.jurisdiction_id


def test_a_copy_of_many_features_is_one_entry(town: OpenTown) -> None:
    before = last(town)
    with town.as_login(town.analyst) as connection:
        with connection.cursor().copy(
            "COPY geoservice.organisation (jurisdiction_id, code, name, kind, geom) FROM STDIN"
        ) as copy:
            for number in range(2000):
                copy.write_row((town.jurisdiction_id, f"o{number}", "one", "partner", "SRID=4326;POINT(91.77 29.24)"))
        connection.execute("UPDATE geoservice.organisation SET name = 'other' WHERE code = 'o7'")
        connection.commit()

    entry = only(entered(town, after=before))
    assert (entry["who"], entry["role"], entry["what"]) == (town.analyst, "analyst", "layer_written")
    assert (entry["purpose"], entry["jurisdiction_id"]) == ("sql", town.jurisdiction_id)
    touched = entry["touched"]
    assert (touched["layer"], touched["added"], touched["changed"]) == ("organisations", 2000, 1)
    with psycopg.connect(town.url) as connection:
        change = connection.execute("SELECT actor FROM geoservice.change WHERE id = %s", [touched["change"]]).fetchone()
    assert change == (town.analyst,)


def test_incidents_and_grids_that_somebody_writes_himself_are_entered(town: OpenTown) -> None:
    with psycopg.connect(town.url) as connection:
        connection.execute(
            "INSERT INTO geoservice.service (jurisdiction_id, code, name) VALUES (%s, 'light', 'light')"
            " ON CONFLICT DO NOTHING", [town.jurisdiction_id],
        )  # fmt: skip
    before = last(town)
    with town.as_login(town.analyst) as connection:
        connection.execute(
            "INSERT INTO geoservice.incident (service_code, geom, description)"
            " SELECT 'light', %s::geometry, 'marked' FROM generate_series(1, 30)",
            [places.CENTRE.wkt],
        )
        connection.execute("UPDATE geoservice.draft_grid SET name = 'drawn' WHERE edition_id = %s", [town.draft])
        connection.commit()

    incidents, grids = entered(town, after=before)
    assert (incidents["what"], incidents["who"], incidents["touched"]["count"]) == (
        "incident_added", town.analyst, 30,
    )  # fmt: skip
    assert len(incidents["touched"]["ids"]) == 20
    assert (grids["what"], grids["who"], grids["touched"]["edition"]) == ("draft_changed", town.analyst, town.draft)


def test_what_is_not_kept_is_not_entered(town: OpenTown) -> None:
    before = last(town)
    with town.as_login(town.analyst) as connection:
        connection.execute("DELETE FROM geoservice.organisation")

    assert entered(town, after=before) == []


# Nothing is told without a trace.


@pytest.mark.parametrize(
    "path", ["/v1/incidents/{id}", "/v1/incidents/{id}/history", "/v1/incidents?jurisdiction=sare"]
)
def test_words_are_kept_back_when_no_entry_can_be_written(audited: Audited, path: str) -> None:
    with psycopg.connect(audited.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE geoservice.audit_entry RENAME TO audit_gone")
        try:
            answer = audited.get(path.format(id=audited.incident), status=503)
        finally:
            connection.execute("ALTER TABLE geoservice.audit_gone RENAME TO audit_entry")

    assert WORDS not in answer.get_data(as_text=True)
    assert WORDS in audited.get(f"/v1/incidents/{audited.incident}").get_data(as_text=True)


def test_who_is_refused_is_refused_though_no_entry_can_be_written(audited: Audited) -> None:
    with psycopg.connect(audited.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE geoservice.audit_entry RENAME TO audit_gone")
        try:
            audited.get("/v1/webhooks", status=403)
        finally:
            connection.execute("ALTER TABLE geoservice.audit_gone RENAME TO audit_entry")


# Who may see it.


def test_auditors_see_pages_of_it_and_leave_a_trace_themselves(audited: Audited) -> None:
    for _ in range(3):
        audited.get(f"/v1/incidents/{audited.incident}")
    audited.entries()
    query = f"/v1/audit?jurisdiction=sare&what=incident_read&who={audited.who(Role.DISPATCHER)}&limit=2"
    first = audited.get(query, Role.AUDITOR).json
    second = audited.get(f"{query}&before={first['next']}", Role.AUDITOR).json

    assert len(first["entries"]) == 2 <= first["total"] - 1
    assert second["total"] is None
    ids = [one["id"] for one in first["entries"] + second["entries"]]
    assert ids == sorted(set(ids), reverse=True)
    shown = first["entries"][0]
    assert (shown["jurisdiction"], shown["what"], shown["touched"]["incident"]) == (
        "sare", "incident_read", audited.incident,
    )  # fmt: skip
    entry = audited.entries()[0]
    assert (entry["what"], entry["who"]) == ("audit_read", audited.who(Role.AUDITOR))
    assert entry["touched"] == {"count": 2, "filter": ["who", "what", "jurisdiction_id"]}


def test_it_is_narrowed_by_time(audited: Audited) -> None:
    audited.get(f"/v1/incidents/{audited.incident}")

    assert audited.get("/v1/audit?until=2020-01-01T00:00:00Z", Role.AUDITOR).json["total"] == 0
    assert audited.get("/v1/audit?since=2020-01-01T00:00:00Z", Role.AUDITOR).json["total"] > 0


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
def test_guards_and_rows_agree_on_who_sees_it(audited: Audited, role: Role) -> None:
    allowed = role in roles_with(Permission.READ_AUDIT)
    audited.get("/v1/audit", role, status=200 if allowed else 403)
    audited.get(f"/v1/incidents/{audited.incident}")

    scope = scope_of(Identity(role, home=Home(audited.here, "sare")))
    with audited.door.services.database.transaction(scope=scope) as connection:
        query = text("SELECT DISTINCT jurisdiction_id FROM geoservice.audit_entry")
        found = connection.execute(query).scalars().all()
    assert found == ([audited.here] if allowed else [])


def test_an_auditor_of_one_town_sees_nothing_of_another(audited: Audited) -> None:
    keys = audited.door.services.keys
    there, here = (keys.create(Role.AUDITOR, "one town", jurisdiction=code) for code in ("town", "sare"))

    def told(key: str, query: str = "") -> Any:
        return audited.door.client.get(f"/v1/audit{query}", headers={"Authorization": f"Bearer {key}"})

    audited.get(f"/v1/incidents/{audited.incident}")
    assert {one["jurisdiction"] for one in told(here).json["entries"]} == {"sare"}
    assert "incident_read" not in {one["what"] for one in told(there).json["entries"]}
    assert told(there, "?jurisdiction=sare").status_code == 403


def test_entries_hold_no_words_keys_or_passwords(audited: Audited) -> None:
    """After all of the above."""
    with psycopg.connect(audited.url) as connection:
        rows = connection.execute("SELECT geoservice.audit_line(e) FROM geoservice.audit_entry AS e").fetchall()
    everything = "\n".join(line for (line,) in rows)

    assert len(rows) > 50
    for hidden in ("marked", "三号楼", "13800138000", "argon2", "whsec_", "grd_", "rpt_", "192.0.2", "127.0.0.1"):
        assert hidden not in everything, hidden
