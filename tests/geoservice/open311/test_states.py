"""Every status arrives at FixMyStreet in a state that is in use there: open or ended as it is."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from geoservice.domain.lifecycle.table import Status
from geoservice.open311.records import CLOSED, OPEN, UPDATE_STATES
from tests.geoservice.open311.moving import ENDED_STATES, OPEN_STATES, Town, json_of, state_of

#: What a report goes through, and the states that FixMyStreet then has it in.
WAYS = [
    (("accepted", "resolved", "dispatched"),
     ["action scheduled", "in progress", "fixed - council", "action scheduled"]),
    (("accepted", "resolved", "closed", "dispatched"),
     ["action scheduled", "in progress", "fixed - council", "closed", "action scheduled"]),
    (("returned", "cancelled"), ["action scheduled", "confirmed", "unable to fix"]),
    (("accepted", "returned"), ["action scheduled", "in progress", "confirmed"]),
    (("cancelled",), ["action scheduled", "unable to fix"]),
]  # fmt: skip


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_state_of_its_kind(status: Status) -> None:
    state = state_of(UPDATE_STATES[status])

    assert (state in OPEN_STATES) is (status in OPEN)
    assert (state in ENDED_STATES) is (status in CLOSED)


@pytest.mark.parametrize(("steps", "states"), WAYS)
def test_a_report_is_in_the_right_state_at_every_step(
    client: FlaskClient, community_url: str, steps: tuple[str, ...], states: list[str]
) -> None:
    town = Town(community_url)
    (made,) = town.report(1)
    for status in steps:
        town.step([made], status)

    told = [one for one in json_of(client, "servicerequestupdates.json") if one["service_request_id"] == made]

    assert [state_of(one["status"]) for one in told] == states
