"""A worker that is killed loses nothing; what it does twice is the same message."""

from __future__ import annotations

import time
from collections import defaultdict

import pytest

from tests.cutting import end_connections
from tests.geoservice.services.webhooks.conftest import Post
from tests.geoservice.services.webhooks.inbox import Inbox
from tests.waiting import wait_until


@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_doubles_have_the_same_id(post: Post) -> None:
    def slowly(body: dict[str, object]) -> int:
        time.sleep(0.02)
        return 204

    with Inbox(slowly) as inbox:
        webhook, _ = post.add(inbox.url)
        incidents = post.report(50)
        post.ask(*incidents * 5)
        for kill_at in (40, 120, 200):
            worker = post.worker_process()
            wait_until(lambda at=kill_at: len(inbox.heard) >= at, "so many are heard")
            worker.kill()
            worker.wait()
        worker = post.worker_process()
        inbox.wait_for(300)
        wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")
        worker.terminate()

    assert worker.wait(10) == 0
    ids = defaultdict(set)
    for one in inbox.heard:
        ids[one.number].add(one.id)
    assert all(len(each) == 1 for each in ids.values())
    assert len(ids) == 300
    inbox.assert_in_order()
    print(f"{len(inbox.heard) - 300} of 300 twice")


def test_a_worker_outlives_its_connections(post: Post) -> None:
    with Inbox() as inbox, post.working():
        post.add(inbox.url)
        post.report()
        inbox.wait_for(1)
        ended = end_connections(post.url)
        post.report(5)
        inbox.wait_for(6)

    assert ended > 0


@pytest.mark.slow
def test_two_workers_share_the_work_and_keep_the_order(post: Post) -> None:
    with Inbox() as inbox:
        webhook, _ = post.add(inbox.url)
        post.ask(*post.report(40) * 5)
        with post.working(), post.working():
            inbox.wait_for(240)
            wait_until(lambda: post.webhooks.webhook(webhook.id).waiting == 0, "nothing waits")

    assert len(inbox.heard) == 240
    inbox.assert_in_order()
