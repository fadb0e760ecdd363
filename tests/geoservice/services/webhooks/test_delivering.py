"""What happens reaches every receiver: at least once, in the order of each incident, whatever the receiver does."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import psycopg
import pytest

from geoservice.records.retention.queries import run_retention
from geoservice.records.webhooks.queries import lock_webhook
from geoservice.services.webhooks.fanning import FanningService
from layers.db.session import Database
from tests.geoservice.services.webhooks.conftest import Post
from tests.geoservice.services.webhooks.inbox import Inbox, verifies
from tests.waiting import wait_until


def test_an_event_arrives_signed_and_says_what_the_stream_says(post: Post) -> None:
    with Inbox() as inbox, post.working():
        webhook, secret = post.add(inbox.url)
        [incident] = post.report()
        inbox.wait_for(1)
        wait_until(lambda: post.ledger(webhook)[0].status == "delivered", "it is noted as delivered")

    [received] = inbox.heard
    assert verifies(received, secret)
    assert received.body.keys() == {"type", "timestamp", "data"}
    assert received.body["type"] == "incident.reported"
    assert received.body["data"] == {
        "number": received.number, "jurisdiction": "town", "incident": incident, "service": "light",
        "status": "reported", "from_status": None, "grid": "B", "from_grid": None, "officer": None, "edition": 1,
        "method": "covers", "rating": None, "original_status": None,
    }  # fmt: skip
    [delivery] = post.ledger(webhook)
    assert (delivery.message_id, delivery.attempts, delivery.last_status) == (received.id, 1, 204)


def test_topics_choose_and_what_was_before_is_not_sent(post: Post) -> None:
    post.report(3)
    with Inbox() as inbox, post.working():
        post.value("SELECT geoservice.number_outbox()")
        post.add(inbox.url, {"type": frozenset({"incident.asked"}), "grid": frozenset({"B"})})
        [incident] = post.report()
        post.ask(incident)
        inbox.wait_for(1)

    assert [one.body["type"] for one in inbox.heard] == ["incident.asked"]


def test_what_was_committed_while_another_gave_numbers_is_not_sent(post: Post) -> None:
    post.report(3)
    with Inbox() as inbox, psycopg.connect(post.url) as other:
        other.execute("SELECT geoservice.number_outbox(1)")  # and has not committed
        adding = threading.Thread(target=post.add, args=(inbox.url,))
        adding.start()
        wait_until(
            lambda: post.value("SELECT count(*) FROM pg_locks WHERE NOT granted") > 0,
            "the adding waits for the numbers",
        )
        other.commit()
        adding.join(20)
        with post.working():
            [after] = post.report()
            inbox.wait_for(1)

    assert [one.incident for one in inbox.heard] == [after]


@pytest.mark.slow
def test_a_thousand_events_of_a_hundred_incidents_arrive_in_order(post: Post) -> None:
    with Inbox() as inbox:
        webhook, _ = post.add(inbox.url)
        incidents = post.report(100)
        steps = incidents * 9
        random.shuffle(steps)
        post.ask(*steps)
        with post.working():
            wait_until(lambda: bool(inbox.heard), "the first message is heard")
            began = time.monotonic()
            inbox.wait_for(1000)
            took_s = time.monotonic() - began
            wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")

    print(f"{1000 / took_s:.0f} deliveries a second")
    assert len(inbox.heard) == 1000
    assert {one.number for one in inbox.heard} == {one.number for one in post.ledger(webhook)}
    inbox.assert_in_order()


def test_a_receiver_down_then_slow_then_failing_then_gone_then_back_gets_everything_in_order(post: Post) -> None:
    inbox = Inbox()
    webhook, _ = post.add(inbox.url)
    incidents = post.report(8)
    with post.working():
        wait_until(lambda: sum(one.attempts > 0 for one in post.ledger(webhook)) == 8, "each was attempted once")
        down = {one.last_reason for one in post.ledger(webhook)}

        def slow_then_500(body: dict[str, Any]) -> int:
            time.sleep(0.5)
            return 500

        inbox.answer = slow_then_500
        with inbox:
            post.report()
            wait_until(lambda: len(inbox.heard) > 0, "a slow message is heard")
        inbox.answer = lambda body: 410
        with inbox:
            post.report()
            wait_until(lambda: post.webhooks.webhook(webhook.id).disabled_at is not None, "the webhook is switched off")
        gone = post.webhooks.webhook(webhook.id)
        waiting = gone.waiting
        post.ask(incidents[0])

        inbox.answer = lambda body: 204
        with inbox:
            time.sleep(1)
            assert inbox.taken == []
            post.webhooks.enable(webhook.id, actor="test")
            inbox.wait_for(11)
            wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")

    assert down == {"Nobody listens at the receiver's port."}
    assert gone.disabled_reason == "The receiver answered 410 Gone. It wants no more messages."
    assert waiting == 10
    assert all(one.status == "delivered" for one in post.ledger(webhook))
    inbox.assert_in_order()


def test_when_a_receiver_is_back_nobody_waits_out_a_failure(post: Post) -> None:
    inbox = Inbox()
    webhook, _ = post.add(inbox.url)
    with post.working():
        post.report(5)
        wait_until(lambda: sum(one.attempts > 0 for one in post.ledger(webhook)) == 5, "each was attempted once")
        post.do("UPDATE geoservice.delivery SET due_at = now() + interval '9 hours'")
        with inbox:
            post.report()
            inbox.wait_for(6)


@pytest.mark.slow
def test_what_a_receiver_never_takes_is_not_attempted_with_every_success_of_others(post: Post) -> None:
    [bad] = post.report()
    with Inbox(lambda body: 500 if body["data"]["incident"] == bad else 204) as inbox, post.working():
        webhook, _ = post.add(inbox.url)
        post.ask(bad)
        wait_until(lambda: bool(inbox.heard), "a message is heard")
        for count in range(1, 11):
            post.report()
            inbox.wait_for(count)

        refused = next(one for one in post.ledger(webhook) if str(one.incident_id) == bad)

    assert refused.attempts <= 3


def test_what_a_receiver_put_off_keeps_its_time(post: Post) -> None:
    [later] = post.report()
    with Inbox(lambda body: 429 if body["data"]["incident"] == later else 204) as inbox, post.working():
        webhook, _ = post.add(inbox.url)
        post.ask(later)
        wait_until(
            lambda: post.ledger(webhook)[:1] != [] and post.ledger(webhook)[0].attempts == 1, "it was attempted once"
        )
        post.report(10)
        inbox.wait_for(10)
        wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 1, "one waits")

    assert post.ledger(webhook)[0].attempts == 1


def test_a_url_that_can_not_be_read_fails_and_stops_nobody(post: Post) -> None:
    with Inbox() as inbox, post.working():
        webhook, _ = post.add(inbox.url)
        post.do("UPDATE geoservice.webhook SET url = 'nowhere'")
        post.add(inbox.url)
        post.report()
        inbox.wait_for(1)
        wait_until(lambda: post.ledger(webhook)[0].attempts == 1, "it was attempted once")

    assert post.ledger(webhook)[0].last_reason == "The URL is not one of the web. Begin it with https://"


def test_a_slow_receiver_costs_the_others_nothing(post: Post) -> None:
    release = threading.Event()

    def hang(body: dict[str, Any]) -> int:
        release.wait(30)
        return 204

    with Inbox(hang) as slow, Inbox() as quick, post.working():
        post.add(slow.url)
        post.add(quick.url)
        post.report(20)
        quick.wait_for(20)
        assert slow.taken == []
        release.set()
        slow.wait_for(20)


def test_dead_after_the_last_attempt_and_the_next_of_the_incident_goes_on(post: Post) -> None:
    answers = {"status": 500}
    with Inbox(lambda body: answers["status"]) as inbox:
        webhook, _ = post.add(inbox.url)
        [incident] = post.report()
        with post.working():
            wait_until(
                lambda: post.ledger(webhook)[:1] != [] and post.ledger(webhook)[0].attempts == 1,
                "it was attempted once",
            )
            post.do("UPDATE geoservice.delivery SET attempts = 14, due_at = now()")
            wait_until(lambda: post.ledger(webhook)[0].status == "dead", "it is dead")
            answers["status"] = 204
            post.ask(incident)
            inbox.wait_for(1)
            assert inbox.taken[0].body["type"] == "incident.asked"

            assert post.webhooks.replay(webhook.id, actor="test") == 1
            inbox.wait_for(2)

    first = post.ledger(webhook)[0]
    assert first.message_id == inbox.taken[1].id == inbox.heard[0].id
    assert (first.attempts, first.status) == (1, "delivered")


def test_a_replay_after_a_number_sends_the_same_messages_again(post: Post) -> None:
    with Inbox() as inbox, post.working():
        webhook, _ = post.add(inbox.url)
        post.report(10)
        inbox.wait_for(10)
        wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")
        fourth = post.ledger(webhook)[3].number

        assert post.webhooks.replay(webhook.id, after=fourth, actor="test") == 6
        wait_until(lambda: len(inbox.heard) == 16, "six come again")
        time.sleep(0.5)

    assert sorted(one.id for one in inbox.heard[10:]) == sorted(one.message_id for one in post.ledger(webhook)[4:])
    assert {one.number for one in inbox.heard[10:]} == {one.number for one in post.ledger(webhook)[4:]}


def test_a_later_webhook_can_have_what_was_before_it(post: Post) -> None:
    post.report(5)
    post.value("SELECT geoservice.number_outbox()")
    with Inbox() as inbox, post.working():
        webhook, _ = post.add(inbox.url, {"type": frozenset({"incident"})})
        post.webhooks.replay(webhook.id, after=0, actor="test")
        inbox.wait_for(5)


def test_while_a_secret_is_rotated_both_verify(post: Post) -> None:
    with Inbox() as inbox, post.working():
        webhook, before = post.add(inbox.url)
        after = post.webhooks.rotate(webhook.id, actor="test")
        post.report()
        inbox.wait_for(1)
        post.do("UPDATE geoservice.webhook SET previous_secret_until = now()")
        post.report()
        inbox.wait_for(2)

    during, then = inbox.heard
    assert (verifies(during, before), verifies(during, after)) == (True, True)
    assert (verifies(then, before), verifies(then, after)) == (False, True)


def test_a_long_queue_stays_in_the_outbox(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoservice.services.webhooks.fanning.MAX_WAITING", 20)
    monkeypatch.setattr("geoservice.services.webhooks.fanning.PIECE", 10)
    inbox = Inbox()
    webhook, _ = post.add(inbox.url)
    post.report(100)
    with post.working():
        wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 20, "twenty wait")
        time.sleep(0.5)
        assert post.webhooks.webhook(webhook.id).waiting == 20
        with inbox:
            post.webhooks.enable(webhook.id, actor="test")
            inbox.wait_for(100)


def test_what_was_delivered_long_ago_is_forgotten(post: Post, database: Database) -> None:
    with Inbox() as inbox, post.working():
        webhook, _ = post.add(inbox.url)
        post.report(3)
        inbox.wait_for(3)
        wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")
    post.do("UPDATE geoservice.delivery SET at = now() - interval '31 days' WHERE number = (SELECT min(number)"
            " FROM geoservice.delivery)")  # fmt: skip
    with database.transaction(actor="service") as connection:
        assert run_retention(connection) == 1
    assert len(post.ledger(webhook)) == 2


def test_of_a_long_queue_no_more_is_counted_than_matters(post: Post, database: Database) -> None:
    webhook, _ = post.add("https://127.0.0.1:1/")
    post.report(30)
    FanningService(database).fan_out()
    post.do("UPDATE geoservice.delivery SET status = 'dead' WHERE number % 3 = 0")

    with database.transaction() as connection:
        behind = lock_webhook(connection, webhook.id, waiting_most=5)
    assert behind is not None
    assert behind.waiting == 5
    assert post.webhooks.webhook(webhook.id).waiting == 20
