"""The wall over HTTP: who gets in by the table, what refuses a session that is over, and what it never tells."""

from __future__ import annotations

import re
from urllib.parse import quote

import psycopg
import pytest
from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.auth.permissions import Permission, roles_with
from geoservice.pages.words.catalogue import words
from geoservice.wiring import Services
from tests.geoservice.pages.desk.test_pages import PERSON, Browser
from tests.geoservice.web.attacks import TEXTS

WALL = "/maps/sare/wall"
PARTS = (WALL, f"{WALL}/incidents.json", f"{WALL}/figures")


@pytest.mark.slow
@pytest.mark.parametrize(
    "role", [Role.DISPATCHER, Role.ANALYST, Role.PUBLISHER, Role.STEWARD, Role.AUDITOR, Role.ADMIN]
)
def test_whoever_sees_the_figures_sees_the_wall_and_others_are_told_a_sentence(services: Services, role: Role) -> None:
    browser = Browser(services, "wall-9", role)
    status = 200 if role in roles_with(Permission.VIEW_FIGURES) else 403
    for path in PARTS:
        answer = browser.get(f"{path}?lang=en")
        assert answer.status_code == status, path
        assert ("This account may not open this page" in answer.text) == (status == 403)
    assert (f'href="{WALL}?lang=en"' in browser.get("/maps/sare?lang=en").text) == (status == 200)


def test_without_a_session_nothing_is_told_not_even_what_the_map_tells_visitors(client: FlaskClient) -> None:
    assert client.get(WALL, headers=PERSON).headers["Location"] == f"/signin?next={quote(WALL, safe='')}"
    for path in PARTS[1:]:
        answer = client.get(path)
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_the_page_is_dark_unless_its_address_says_light_and_its_scripts_have_a_nonce(services: Services) -> None:
    browser = Browser(services, "wall-9", Role.AUDITOR)
    answer = browser.get(WALL)
    assert '<html lang="zh-CN" data-theme="dark">' in answer.text
    assert 'data-theme="light"' in browser.get(f"{WALL}?theme=light").text
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert " style=" not in re.sub(r"<script.*?</script>", "", answer.text, flags=re.DOTALL)
    assert "theme.js" not in answer.text
    for text in TEXTS[::7]:
        for name in ("theme", "period", "paused", "lang"):
            assert browser.client.get(WALL, query_string={name: text}, headers=PERSON).status_code in (200, 400, 422)


def test_figures_say_until_when_somebody_is_signed_in(services: Services, community_url: str) -> None:
    browser = Browser(services, "wall-9", Role.AUDITOR)
    found = re.search(r'data-until="(\d+)"', browser.get(f"{WALL}/figures").text)
    with psycopg.connect(community_url) as connection:
        row = connection.execute("SELECT max(floor(extract(epoch FROM expires_at))) FROM geoservice.session").fetchone()
    assert found is not None and row is not None
    assert int(found[1]) == int(row[0])


def test_a_confidential_matter_has_neither_place_nor_name(services: Services, community_url: str) -> None:
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.service SET sensitive = true WHERE code = 'dispute'")
    browser = Browser(services, "wall-9", Role.AUDITOR)
    told = browser.get(f"{WALL}/incidents.json?lang=en").json
    rows = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    kept_back = [row for row in rows if row["service"] == "dispute"]
    assert kept_back
    assert {(row["lon"], row["lat"]) for row in kept_back} == {(None, None)}
    assert all(row["grid"] and row["lon"] for row in rows if row["service"] != "dispute")
    assert told["services"]["dispute"] == [words("wall", "en")["kept_back"]] * 2
    assert told["officers"] == {}
    assert told["total"] == len(rows)
