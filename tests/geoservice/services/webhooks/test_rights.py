"""Where webhooks may go, and who may read of them."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from geoservice.errors import EventUnknown, JurisdictionUnknown, PersonalNumberRefused, WebhookUnknown
from geoservice.services.webhooks.service import WebhookService
from geoservice.settings import Settings
from geoservice.webhooks.webhook_errors import AddressRefused, UrlRefused
from layers.db.session import Database
from tests.geoservice.services.webhooks.conftest import Post
from tests.geoservice.services.webhooks.inbox import Inbox
from tests.waiting import wait_until

SECRETS = ("SELECT secret FROM geoservice.webhook", "SELECT body FROM geoservice.delivery")


def test_a_private_network_is_shut_unless_the_operator_opens_it(post: Post, database: Database) -> None:
    with pytest.raises(AddressRefused):
        WebhookService(database).add("https://127.0.0.1/hook", topics={}, actor="test")
    with pytest.raises(UrlRefused):
        post.add("ftp://127.0.0.1/hook")

    assert post.webhooks.webhooks() == ()


@pytest.mark.slow
def test_a_network_that_was_shut_later_is_not_sent_to(post: Post) -> None:
    with Inbox() as inbox:
        webhook, _ = post.add(inbox.url)
        post.report()
        worker = post.worker_process(GEOSERVICE_WEBHOOK_NETWORKS="")
        wait_until(lambda: any(one.attempts for one in post.ledger(webhook)), "one was attempted")
        worker.terminate()
        worker.wait()

    [delivery] = post.ledger(webhook)
    assert inbox.heard == []
    assert delivery.last_reason is not None
    assert "may not go" in delivery.last_reason


@pytest.mark.parametrize("networks", ["10.0.0.0/8, fd00::/8", "192.0.2.1", ""])
def test_networks_are_read(networks: str) -> None:
    assert len(Settings(webhook_networks=networks).allowed_networks) == len([n for n in networks.split(",") if n])


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "everywhere", "10.0.0.0/8;10.1.0.0/16"])
def test_what_is_no_network_is_refused_with_a_sentence(networks: str) -> None:
    with pytest.raises(ValueError, match=r"write networks as 10\.1\.0\.0/16"):
        Settings(webhook_networks=networks)


@pytest.mark.parametrize("role", ["geoservice_reader", "geoservice_analyst"])
@pytest.mark.parametrize("query", SECRETS)
def test_readers_and_analysts_read_no_secret_and_no_message(database_url: str, role: str, query: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(query.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE geoservice.webhook SET url = 'https://elsewhere.example/'",
        "UPDATE geoservice.delivery SET body = '{}'",
        "UPDATE geoservice.delivery SET message_id = 'msg_1'",
        "TRUNCATE geoservice.delivery",
    ],
)
def test_the_service_itself_writes_neither_a_url_nor_a_message_anew(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("SET ROLE geoservice_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_what_is_shown_of_a_webhook_holds_no_secret(post: Post) -> None:
    webhook, secret = post.add("http://127.0.0.1:9/token-in-the-path")

    assert secret.startswith("whsec_")
    assert "whsec_" not in repr(webhook) + repr(post.webhooks.webhooks())
    assert "token-in-the-path" not in repr(webhook)


def test_what_is_not_there_is_said(post: Post) -> None:
    webhook, _ = post.add("http://127.0.0.1:9/")

    for call in (post.webhooks.webhook, post.webhooks.deliveries):
        with pytest.raises(WebhookUnknown):
            call(webhook.id + 1)
    for change in (post.webhooks.remove, post.webhooks.rotate, post.webhooks.enable, post.webhooks.replay):
        with pytest.raises(WebhookUnknown):
            change(webhook.id + 1, actor="test")
    with pytest.raises(EventUnknown):
        post.webhooks.replay(webhook.id, after=10**9, actor="test")
    with pytest.raises(JurisdictionUnknown):
        post.webhooks.add("http://127.0.0.1:9/", topics={}, jurisdiction_code="nowhere", actor="test")


def test_no_label_and_no_reason_holds_a_personal_number(post: Post) -> None:
    webhook, _ = post.add("http://127.0.0.1:9/")

    with pytest.raises(PersonalNumberRefused):
        post.webhooks.add("http://127.0.0.1:9/", topics={}, label="call 13912345678", actor="test")
    with pytest.raises(PersonalNumberRefused):
        post.webhooks.disable(webhook.id, "13912345678 said so", actor="test")
    with pytest.raises(psycopg.errors.CheckViolation):
        post.do("UPDATE geoservice.webhook SET label = '13912345678'")


def test_a_webhook_of_a_jurisdiction_hears_of_no_other(post: Post) -> None:
    with Inbox() as inbox, post.working():
        post.webhooks.add(inbox.url, topics={}, jurisdiction_code="town", actor="test")
        post.do("INSERT INTO geoservice.outbox (topic, payload) VALUES ('edition.published', '{}')")
        post.report()
        inbox.wait_for(1)

    assert [one.body["type"] for one in inbox.heard] == ["incident.reported"]


def test_a_webhook_that_is_removed_takes_its_deliveries_along(post: Post) -> None:
    with Inbox() as inbox, post.working():
        webhook, _ = post.add(inbox.url)
        post.report(3)
        inbox.wait_for(3)
        wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")
        post.webhooks.remove(webhook.id, actor="test")

    assert post.value("SELECT count(*) FROM geoservice.delivery") == 0
