"""The table itself: no dead ends, no two steps of one name, and documents that show it as it is."""

from __future__ import annotations

from pathlib import Path

from geoservice.domain.lifecycle.diagram import drawing, figures
from geoservice.domain.lifecycle.table import ACTIONS, STEPS, Party, Status, legal_steps

DOCUMENT = Path(__file__).parents[4] / "docs" / "lifecycle.md"
#: By hand, from the promise: the resident orders, the community dispatches, the officer accepts, the resident rates.
THE_WAY = (("accept", Party.OFFICER), ("resolve", Party.OFFICER), ("rate", Party.REPORTER))


def test_the_document_shows_the_table_as_it_is() -> None:
    assert figures() in DOCUMENT.read_text(encoding="utf-8")
    assert "accepted --> resolved: resolve\n" in drawing()


def test_the_usual_way_is_open_step_by_step() -> None:
    status = Status.DISPATCHED
    for action, party in THE_WAY:
        assert ACTIONS[action] in legal_steps(status, [party])
        status = ACTIONS[action].ends or status
    assert status is Status.CLOSED


def test_from_everywhere_an_incident_can_come_to_an_end() -> None:
    ends = {Status.CLOSED, Status.CANCELLED}
    reached = set(ends)
    for _ in Status:
        reached |= {start for step in STEPS if step.ends in reached for start in step.starts}

    assert reached == set(Status)


def test_each_action_and_each_rule_is_one_step() -> None:
    assert len(ACTIONS) == len(STEPS) == len({step.rule for step in STEPS})
    assert all(1 <= step.stage <= 7 and step.starts and step.by for step in STEPS)


def test_whoever_can_take_no_step_is_nobody() -> None:
    assert legal_steps(Status.DISPATCHED, []) == ()
    assert {party for step in STEPS for party in step.by} == set(Party)
