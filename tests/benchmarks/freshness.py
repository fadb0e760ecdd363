"""How long an edition that is over is still told after its successor was published, while everybody looks up."""

from __future__ import annotations

import time

from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers
from tests.benchmarks.scale import Scale
from tests.faults.following import Service, faults_in, first_edition, lags, looking, publish_many, serving, unannounced

TITLE = "Freshness: after a publication"
#: Seconds after its successor's commit in which an edition may still be told; unannounced, it is found by comparing.
GOAL_ANNOUNCED_S, GOAL_UNANNOUNCED_S = 0.2, 2.0
#: Between two publications: the service is to be measured, not how it shares two cores with the making of drafts.
PAUSE_S = 0.25
#: What nobody announces is seen within a second or two.
PAUSE_UNANNOUNCED_S = 2.5


def _late(service: Service, publications: int, pause_s: float) -> Figures:
    first = first_edition(service)
    with looking(service) as lookers:
        published = [first, *publish_many(service, publications, lambda _: time.sleep(pause_s))]
    if wrong := lookers.failures + faults_in(service, lookers.looks, published):
        raise WrongAnswers("; ".join(wrong[:5]))
    late = sorted(lags(lookers.looks, published)) or [0.0]
    return {
        "publications": publications, "answers": len(lookers.looks), "late": len(late),
        "half_s": late[len(late) // 2], "last_s": late[-1],
    }  # fmt: skip


def measured(scale: Scale, say: Say) -> Figures:
    """Return how late answers were, by whether publications are announced."""
    with serving() as service:
        say(f"freshness: {scale.freshness_publications} publications")
        announced = _late(service, scale.freshness_publications, PAUSE_S)
        say("freshness: publications that nobody announces")
        with unannounced(service):
            return {
                "announced": announced,
                "unannounced": _late(service, max(3, scale.freshness_publications // 10), PAUSE_UNANNOUNCED_S),
            }


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    told = "freshness: the last answer of an edition that is over"
    return [
        below(f"{told}, announced", found["announced"]["last_s"], GOAL_ANNOUNCED_S, " s"),
        below(f"{told}, found by comparing", found["unannounced"]["last_s"], GOAL_UNANNOUNCED_S, " s"),
    ]


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        "Editions follow each other while everybody looks up; an answer is late when it was asked for after its",
        "edition's successor was committed. Every answer is compared with the edition that it names.",
        "",
        "| publications | how many | answers | late | half within s | the last after s |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {name} | {number(one['publications'])} | {number(one['answers'])} | {number(one['late'])} |"
            f" {number(one['half_s'])} | {number(one['last_s'])} |"
            for name, one in found.items()
        ),
    ]
