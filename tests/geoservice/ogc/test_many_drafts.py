"""Drafts pile up: the lists of collections stay small, say how many they leave out, and the others are still read."""

from __future__ import annotations

from flask.testing import FlaskClient

from geoservice.auth.model import Role
from geoservice.services.layers.items import MOST_DRAFTS
from geoservice.wiring import Services
from tests.geoservice.ogc.test_standard import ROOT
from tests.geoservice.web.attacks import ask


def test_the_newest_drafts_are_listed_and_the_others_are_read(client: FlaskClient, services: Services) -> None:
    drafts = [services.drafts.create("sare", title=f"draft {n}").id for n in range(MOST_DRAFTS + 5)]
    headers = {"Authorization": f"Bearer {services.keys.create(Role.ANALYST, 'test')}"}

    collections = ask(client, f"{ROOT}/collections?lang=en", headers=headers)
    described = ask(client, f"{ROOT}/api", headers=headers)

    for answer in (collections, described):
        answer.assert_tame(statuses={200})
    told = collections.response.get_json()
    listed = [one["id"] for one in told["collections"] if one["id"].startswith("draft-")]
    assert listed == [f"draft-{draft}" for draft in drafts[-MOST_DRAFTS:]]
    assert f"The newest {MOST_DRAFTS} of {len(drafts)} drafts" in told["description"]
    assert f"/collections/draft-{drafts[-1]}/items" in described.response.get_json()["paths"]
    for draft in drafts:
        assert client.get(f"{ROOT}/collections/draft-{draft}/items?limit=1", headers=headers).status_code == 200


def test_few_drafts_are_all_listed_and_nothing_is_said_of_it(client: FlaskClient, services: Services) -> None:
    draft = services.drafts.create("sare", title="draft").id
    headers = {"Authorization": f"Bearer {services.keys.create(Role.ANALYST, 'test')}"}

    told = client.get(f"{ROOT}/collections", headers=headers).get_json()

    assert told["collections"][-1]["id"] == f"draft-{draft}"
    assert "description" not in told
