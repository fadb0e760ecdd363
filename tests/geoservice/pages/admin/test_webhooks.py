"""Webhooks on pages: made with a secret shown once, switched off and on, what was given up sent again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
import pytest
from pydantic import SecretStr

from geoservice.settings import Settings
from geoservice.wiring import Services, build_services
from tests.conftest import as_service
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted, secret, seen
from tests.geoservice.web.attacks import hostile_texts
from tests.loading import stop

URL = "http://127.0.0.1:9/hidden-in-the-path"
NEW = {"url": URL, "label": "<i>command", "place": "sare", "events": "incident"}


@pytest.fixture
def services(community_url: str) -> Iterator[Services]:
    """Return every service; webhooks may go to this machine, where nobody listens."""
    url = SecretStr(as_service(community_url))
    services = build_services(Settings(database_url=url, pool_size=4, webhook_networks="127.0.0.0/8"))
    yield services
    stop(services)


def test_a_webhook_is_made_switched_off_and_on_and_sent_again(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    told_once = secret(admin.send("new-webhook", **NEW))
    made = services.webhooks.webhooks()[0]
    assert (made.jurisdiction_code, made.topics, made.created_by) == (
        "sare", {"type": frozenset({"incident"})}, "admin:admin-5",
    )  # fmt: skip
    path = f"webhooks/{made.id}"
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.delivery (webhook_id, number, type, body, status, attempts, last_status)"
            " SELECT %s, n, 'incident.reported', '{}', 'dead', 9, 503 FROM generate_series(1, 60) AS n",
            [made.id],
        )
    listed, whole = admin.show("webhooks").text, admin.show(path).text
    for told in (listed, whole):
        assert "&lt;i&gt;command" in told
        assert "127.0.0.1:9" in told
        assert "hidden-in-the-path" not in told
        assert told_once not in told
    assert whole.count("given up</span>") == 50
    assert "before=11" in whole
    assert admin.show(path, "&before=11").text.count("given up</span>") == 10
    assert "60 messages" in admin.show(f"{path}/resend").text
    assert admin.send(f"{path}/resend").status_code == 303
    assert services.webhooks.webhook(made.id).dead == 0
    done = admin.send(f"{path}/off", reason="the receiver moves")
    assert services.webhooks.webhook(made.id).disabled_reason == "the receiver moves"
    assert f'action="/admin/sare/{path}/on?lang=en"' in admin.get(done.headers["Location"]).text
    assert admin.send(f"{path}/on").status_code == 303
    assert services.webhooks.webhook(made.id).disabled_at is None
    assert set(noted(community_url, "webhook_changed")) == {"admin:admin-5"}
    assert admin.show(f"{path}/none").status_code == 404


def test_webhooks_of_others_are_not_there(services: Services, community_url: str) -> None:
    make_town(community_url)
    elsewhere, _ = services.webhooks.add(URL, topics={}, label="of town", jurisdiction_code="town", actor="test")
    everywhere, _ = services.webhooks.add(URL, topics={}, label="of all", actor="test")
    admin, other = Administrator(services), Administrator(services, "admin-6", None)
    for one in (elsewhere, everywhere):
        assert one.label not in admin.show("webhooks").text
        assert admin.show(f"webhooks/{one.id}").status_code == 404
        assert admin.send(f"webhooks/{one.id}/off", reason="").status_code == 404
    assert "of all" in other.show("webhooks").text
    assert "of town" not in other.show("webhooks").text
    assert errors(admin.send("new-webhook", **NEW | {"place": ""})).keys() == {"place"}


@hostile_texts(0)
def test_what_is_wrong_is_told_beside_its_field(services: Services, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    for changed, field in (
        ({"label": "x" * 201}, "label"), ({"url": ""}, "url"),
        ({"url": "ftp://127.0.0.1/"}, "url"), ({"url": "http://10.0.0.1/"}, "url"),
        ({"label": "13800138000"}, "label"), ({"label": "a\x00b"}, "label"), ({"events": "none"}, "events"),
    ):  # fmt: skip
        assert errors(admin.send("new-webhook", **NEW | changed)).keys() == {field}, changed
    assert services.webhooks.webhooks() == ()
    made, _ = services.webhooks.add(URL, topics={}, jurisdiction_code="sare", actor="test")
    path = f"webhooks/{made.id}"
    assert errors(admin.send(f"{path}/off", reason="13800138000")).keys() == {"reason"}
    assert errors(admin.send(f"{path}/off", reason="x" * 500)).keys() == {"reason"}
    assert admin.post(f"/admin/sare/{path}/off", reason="x").status_code == 403
    assert admin.post("/admin/sare/new-webhook", **NEW).status_code == 403
    assert services.webhooks.webhook(made.id).disabled_at is None
    token = admin.token()
    for text in texts:
        answer = admin.post("/admin/sare/new-webhook?lang=en", token=token, **NEW | {"label": text})
        assert answer.status_code in (200, 422), text
    assert "<script>alert" not in admin.show("webhooks").text


def test_an_address_is_refused_with_its_reason(services: Services) -> None:
    admin = Administrator(services)
    for url, said in (
        ("example.org/hook", "not written as it must be"), ("https://u:p@127.0.0.1/", "not written as it must be"),
        ("https://no-such-host.invalid/x", "not found now"), ("https://10.0.0.1/", "may not go there"),
        ("https://169.254.169.254/", "may not go there"),
    ):  # fmt: skip
        assert said in errors(admin.send("new-webhook", **NEW | {"url": url}))["url"], url
    everything = {"url": "x", "label": "13800138000", "place": "none", "events": "none"}
    assert errors(admin.send("new-webhook", **everything)).keys() == everything.keys()
    assert services.webhooks.webhooks() == ()


def test_a_webhook_is_removed_with_what_waits_and_its_secret_changed(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    made, before = services.webhooks.add(URL, topics={}, label="gone", jurisdiction_code="sare", actor="test")
    path = f"webhooks/{made.id}"
    assert "For a day both secrets sign" in admin.show(f"{path}/secret").text
    assert secret(admin.send(f"{path}/secret")) != before
    with psycopg.connect(community_url) as connection:
        connection.execute(
            "INSERT INTO geoservice.delivery (webhook_id, number, type, body) SELECT %s, n, 'x', '{}'"
            "  FROM generate_series(1, 1234) AS n",
            [made.id],
        )
    assert "The 1,234 messages that wait are never sent" in admin.show(f"{path}/remove").text
    assert admin.post(f"/admin/sare/{path}/remove", token="").status_code == 403
    make_town(community_url)
    assert Administrator(services, "admin-6", "town").send(f"{path}/remove").status_code == 404
    assert len(services.webhooks.webhooks()) == 1
    done = admin.send(f"{path}/remove")
    assert "The webhook is removed." in admin.get(done.headers["Location"]).text
    assert services.webhooks.webhooks() == ()
    assert noted(community_url, "webhook_removed") == ["admin:admin-5"]
    assert admin.send(f"{path}/remove").status_code == 404


def test_a_form_that_is_sent_twice_gives_one_secret_and_makes_one_webhook(services: Services) -> None:
    admin = Administrator(services)
    form = {**NEW, "url": "HTTP://127.0.0.1:9/hidden-in-the-path"}
    secret(admin.send("new-webhook", **form))
    assert errors(admin.send("new-webhook", **form)) == {
        "url": "The same events are sent to that address already. Its secret is changed on its own page."
    }
    for other in ({"events": "all"}, {"url": URL + "2"}):
        secret(admin.send("new-webhook", **form | other))
    path = f"webhooks/{services.webhooks.webhooks()[0].id}/secret"
    asked = admin.show(path)
    assert "no more once this is done" not in asked.text
    secret(admin.send(path, seen=seen(asked)))
    again = admin.send(path, seen=seen(asked))
    assert again.status_code == 412
    assert "that from before signs until" in again.text
    secret(admin.send(path, seen=seen(again)))
