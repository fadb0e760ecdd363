"""Editions follow each other while everybody looks up: no answer mixes two, all see the next one, none fails.

How soon they see it is measured by `make bench ARGS="--only freshness"`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.following import (
    Service,
    faults_in,
    first_edition,
    looking,
    publish_many,
    serving,
    unannounced,
    wait_until_seen_by_all,
)
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.slow]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with serving() as service:
        yield service


def _run(service: Service, publications: int) -> None:
    """Publish, each edition when all see the one before, and look at every answer."""
    first = first_edition(service)
    with looking(service) as lookers:
        published = [
            first,
            *publish_many(service, publications, lambda edition: wait_until_seen_by_all(lookers, edition)),
        ]
    print(f"\n{publications} publications, {len(lookers.looks)} answers; load {os.getloadavg()[0]:.1f}")
    assert lookers.failures == []
    assert faults_in(service, lookers.looks, published) == []
    assert {one.editions[0] for one in lookers.looks} == {edition for edition, *_ in published}


def test_no_answer_is_mixed_or_fails_while_editions_follow_each_other(service: Service) -> None:
    _run(service, 10)


def test_after_a_lost_notification_the_next_comparison_finds_the_edition(service: Service) -> None:
    with unannounced(service):
        _run(service, 3)


def test_without_a_database_every_look_up_is_answered_with_its_age_and_is_fresh_again_by_itself(
    service: Service,
) -> None:
    with looking(service) as lookers:
        service.cluster.stop()
        asked = len(lookers.looks)
        wait_until(
            lambda: len(lookers.looks) > asked + 100 and lookers.looks[-1].age_s >= 2, "answers grow old without it"
        )
        away = lookers.looks[asked:]
        service.cluster.start()
        asked = len(lookers.looks)
        wait_until(
            lambda: len(lookers.looks) > asked + 100 and all(one.age_s == 0 for one in lookers.looks[-100:]),
            "answers are fresh again",
        )

    print(f"\n{len(away)} answers without a database, up to {max(one.age_s for one in away)} s old")
    assert lookers.failures == []
    _run(service, 3)


@pytest.mark.prove
def test_a_thousand_publications_under_load(service: Service) -> None:
    _run(service, 1000)

    assert _largest_worker_mb(service) < 800  # a worker begins with 250 MB


def _largest_worker_mb(service: Service) -> float:
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text(encoding="ascii").split()
    pages = [int(Path(f"/proc/{child}/statm").read_text(encoding="ascii").split()[1]) for child in children]
    return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.prove
def test_publications_that_nobody_announces_are_all_seen(service: Service) -> None:
    with unannounced(service):
        _run(service, 50)
