"""Webhooks over HTTP: made, looked at, changed and ended by admins; the secret is told once."""

from __future__ import annotations

from typing import Any

import pytest

from geoservice.auth.model import Role
from tests.geoservice.web.attacks import Answer, ask
from tests.geoservice.web.door import WEBHOOK_URL, Door


def call(door: Door, method: str, path: str, body: dict[str, Any] | None = None, role: Role = Role.ADMIN) -> Answer:
    more = {} if body is None else {"json": body}
    return ask(door.client, f"/v1/webhooks{path}", method=method, headers=door.headers(role), **more)


@pytest.fixture
def made(door: Door) -> dict[str, Any]:
    body = {"url": WEBHOOK_URL, "jurisdiction": "sare", "topics": {"grid": ["02", "01"]}, "label": "wall"}
    answer = call(door, "POST", "", body)
    assert answer.status == 201
    told: dict[str, Any] = answer.response.json
    assert answer.response.headers["Location"] == f"/v1/webhooks/{told['id']}"
    return told


def test_the_secret_is_told_once(door: Door, made: dict[str, Any]) -> None:
    one = call(door, "GET", f"/{made['id']}")
    every = call(door, "GET", "")

    assert made["secret"].startswith("whsec_")
    assert one.response.json == {name: value for name, value in made.items() if name != "secret"}
    assert one.response.json["topics"] == {"grid": ["01", "02"]}
    assert "whsec_" not in every.response.get_data(as_text=True)


def test_a_new_secret_is_another_and_both_sign_for_a_day(door: Door, made: dict[str, Any]) -> None:
    rotated = call(door, "POST", f"/{made['id']}/rotate", {})

    assert rotated.response.json["secret"] not in ("", made["secret"])
    assert call(door, "GET", f"/{made['id']}").response.json["previous_secret_until"] is not None


def test_disabled_and_enabled(door: Door, made: dict[str, Any]) -> None:
    off = call(door, "POST", f"/{made['id']}/disable", {"reason": "moving house"})
    on = call(door, "POST", f"/{made['id']}/enable", {})

    assert off.response.json["disabled_reason"] == "moving house"
    assert (on.response.json["disabled_at"], on.response.json["disabled_reason"]) == (None, None)


def test_removed_is_gone(door: Door, made: dict[str, Any]) -> None:
    assert call(door, "DELETE", f"/{made['id']}").status == 200
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/deliveries")):
        answer = call(door, method, f"/{made['id']}{path}")
        answer.assert_tame(statuses={404})
        assert answer.response.json["type"] == "/docs#problem-webhook-unknown"


def test_an_event_to_come_can_not_be_replayed(door: Door, made: dict[str, Any]) -> None:
    answer = call(door, "POST", f"/{made['id']}/replay", {"after": 10**15})

    answer.assert_tame(statuses={422})
    assert answer.response.json["type"] == "/docs#problem-event-unknown"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://10.0.0.1/", "may not go"),
        ("https://[::1]/", "may not go"),
        ("ftp://127.0.0.1/", "https://"),
        ("http://me:secret@127.0.0.1/", "password"),
        ("https://169.254.169.254/latest", "may not go"),
    ],
)
def test_a_url_that_leads_where_webhooks_may_not_go_is_refused(door: Door, url: str, says: str) -> None:
    answer = call(door, "POST", "", {"url": url})

    answer.assert_tame(statuses={422})
    assert answer.response.json["type"] == "/docs#problem-webhook-refused"
    assert says in answer.response.json["detail"]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.DISPATCHER, Role.AUDITOR])
def test_only_admins_see_and_change_webhooks(door: Door, made: dict[str, Any], role: Role) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {"url": WEBHOOK_URL}),
        ("DELETE", f"/{made['id']}", None),
    ):
        answer = call(door, method, path, body, role)
        assert answer.status == 403
        assert f"role: {role.value}, roles: admin" in answer.response.json["detail"]
