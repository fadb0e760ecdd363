"""The page of auditors over HTTP: who gets in, what the address narrows, and that each look leaves an entry."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, roles_with
from geoservice.pages.words.catalogue import words
from geoservice.services.audit.anchors import AnchorFile, AnchorUnreadable
from geoservice.wiring import Services
from tests.geoservice.pages.desk.test_pages import Browser, some

LINE = re.compile(r'<time datetime="([^"]+)">([^<]+)</time>')
WHAT = re.compile(r'<td class="what">([^<]*)</td>')


@pytest.fixture
def auditor(services: Services) -> Browser:
    return Browser(services, "audit-5", Role.AUDITOR)


def whats(browser: Browser, query: str = "") -> list[str]:
    answer = browser.get(f"/audit/sare?lang=en{query}")
    assert answer.status_code == 200, answer.text
    return WHAT.findall(answer.text)


def test_an_auditor_is_led_to_his_jurisdiction_and_everybody_else_by_the_table(services: Services) -> None:
    for number, role in enumerate(role for role in Role if role not in (Role.PUBLIC, Role.OFFICER)):
        browser = Browser(services, f"post-{number}", role)
        may = role in roles_with(Permission.READ_AUDIT)
        answer = browser.get("/audit")
        assert answer.status_code == (303 if may else 403), role
        if may:
            assert answer.headers["Location"] == "/audit/sare"
        assert browser.get("/audit/sare").status_code == (200 if may else 403), role


def test_each_look_leaves_an_entry_that_the_next_one_shows(auditor: Browser) -> None:
    assert whats(auditor)[0] == "signed in"
    assert whats(auditor)[:2] == ["read the audit", "signed in"]
    assert "查看审计" in auditor.get("/audit/sare").text


def test_entries_are_told_by_the_clocks_of_the_jurisdiction(auditor: Browser, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET time_zone = 'Pacific/Kiritimati' WHERE code = 'sare'")
    instant, told = LINE.findall(auditor.get("/audit/sare?what=sign_in").text)[0]

    with psycopg.connect(community_url) as connection:
        there = connection.execute(
            "SELECT to_char(CAST(%s AS timestamptz) AT TIME ZONE 'Pacific/Kiritimati', 'YYYY-MM-DD HH24:MI:SS')",
            [instant],
        ).fetchone()
    assert (told,) == there


def test_filters_narrow_and_say_so(auditor: Browser) -> None:
    incident = some(auditor)
    auditor.client.get(f"/v1/incidents/{incident['id']}")

    assert set(whats(auditor, "&what=incident_read")) == {"read an incident"}
    assert whats(auditor, f"&incident={incident['id']}") == ["read an incident"]
    assert whats(auditor, f"&incident={uuid4()}") == []
    assert whats(auditor, "&who=nobody:there") == []
    assert len(whats(auditor, "&who=auditor:audit-5")) >= 3
    assert whats(auditor, "&until=2020-01-01") == []
    assert whats(auditor, "&since=2020-01-01T00:00:00Z") != []
    told = auditor.get(f"/audit/sare?lang=en&incident={incident['id']}").text
    assert f"/desk/sare?lang=en&amp;open={incident['id']}" in told
    assert "No entries fit the filters." in auditor.get("/audit/sare?lang=en&who=nobody:there").text


def test_an_incident_whose_words_were_erased_is_found_by_it(auditor: Browser, services: Services) -> None:
    incident = some(auditor)
    services.retention.erase(UUID(incident["id"]), because="request", identity=Identity(Role.STEWARD, "k9"))
    assert "erasure of words added" in whats(auditor, f"&incident={incident['id']}")


def test_the_last_day_counts_whole(auditor: Browser, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        row = connection.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date::text").fetchone()
    assert row is not None
    assert whats(auditor, f"&since={row[0]}&until={row[0]}") != []


def test_more_goes_on_where_the_page_ends(auditor: Browser, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "SELECT geoservice.note_audit('exported', j.id, jsonb_build_object('count', n))"
            " FROM geoservice.jurisdiction AS j, generate_series(1, 120) AS n WHERE j.code = 'sare' ORDER BY n"
        )
    seen: list[str] = []
    path = "/audit/sare?lang=en&what=exported"
    pages = []
    while path:
        text = auditor.get(path).text
        counts = re.findall(r"count</span> ([\d,]+)", text)
        seen += counts
        pages.append(re.search(r'id="shown">([^<]*)', text)[1].strip())  # type: ignore[index]
        more = re.search(r'id="more" href="([^"]+)"', text)
        path = more[1].replace("&amp;", "&") if more else ""

    assert seen[:120] == [str(n) for n in range(120, 0, -1)]
    assert pages[0].startswith("50 of ")
    assert pages[1].startswith("50 on this page")


@pytest.mark.parametrize("query", [
    "since=yesterday", "until=2026-13-01", "since=2026-11-30T10:00:00", "until=9999-12-31", "incident=x", "what=A",
    "before=0", "before=x", f"before={'9' * 30}", f"who={'x' * 201}",
])  # fmt: skip
def test_what_can_not_be_understood_is_told_in_words(auditor: Browser, query: str) -> None:
    answer = auditor.get(f"/audit/sare?lang=en&{query}")
    assert answer.status_code == 422
    assert words("shell", "en")["error.422"] in answer.text


def test_the_page_keeps_the_policy_and_is_not_stored(auditor: Browser) -> None:
    for path in ("/audit/sare", "/audit/nowhere", "/audit/sare?since=x"):
        answer = auditor.get(path)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert " style=" not in answer.text
        assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=", answer.text)


def test_another_jurisdiction_is_not_his(services: Services, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.jurisdiction (code, name, outline, metric_srid)"
            " SELECT 'town', 'Town', st_translate(outline, 1, 0), metric_srid FROM geoservice.jurisdiction"
        )
    browser = Browser(services, "audit-6", Role.AUDITOR, jurisdiction="town")
    assert browser.get("/audit").headers["Location"] == "/audit/town"
    assert browser.get("/audit/sare").status_code == 403


def test_every_kind_of_entry_has_words() -> None:
    said = words("audit", "en")
    root = Path(__file__).parents[4]
    schema = (root / "migrations" / "schema" / "audit.sql").read_text(encoding="utf-8")
    attached = set(re.findall(r"attach_audit\('geoservice\.([a-z_]+)'", schema))
    noted = set(re.findall(r"note_audit\('([a-z_]+)'", schema)) | {"edition_published", "edition_withdrawn"}
    sources = "".join(path.read_text(encoding="utf-8") for path in (root / "geoservice").rglob("*.py"))
    noted |= set(re.findall(r'note(?:_read)?\(\s*connection, "([a-z_]+)"', sources))
    noted |= {f"{one}_{verb}" for one in attached for verb in ("added", "changed", "removed")}
    ended = (root / "migrations" / "schema" / "ended_rights.sql").read_text(encoding="utf-8")
    noted |= {f"{one}_ended" for one in re.findall(r"SELECT '([a-z_]+)'", ended)}
    assert {f"what.{one}" for one in noted} <= set(said)


def test_the_last_anchor_is_told_and_one_that_can_not_be_read(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "anchors.jsonl")
    assert file.last() is None
    line = '{{"seq": {seq}, "hash": "' + "ab" * 32 + '", "at": "2026-11-30T10:00:00+00:00"}}\n'
    file.path.write_text("".join(line.format(seq=seq) for seq in range(1, 50)))
    found = file.last()
    assert found is not None
    assert (found.seq, found.at is not None) == (49, True)
    file.path.write_text("no anchor\n")
    with pytest.raises(AnchorUnreadable):
        file.last()
