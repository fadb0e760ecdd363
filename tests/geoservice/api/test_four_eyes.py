"""Who draws and who puts in force, by HTTP: the publisher, and a jurisdiction that wants four eyes."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import shapely
from flask.testing import FlaskClient

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, roles_with
from geoservice.services.incidents import NewReport
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.wiring import Services
from layers.crs import declared_position
from tests.geoservice.api.test_drafts import FIRST, Analyst, assert_problem, halving


def whoever(client: FlaskClient, services: Services, role: Role) -> Analyst:
    staff = ("sare", "G03") if role is Role.OFFICER else None
    return Analyst(client, services.keys.create(role, "test", jurisdiction="sare", staff=staff))


@pytest.fixture
def drawn(client: FlaskClient, services: Services) -> Analyst:
    """Return an analyst with a draft that splits a grid, in a jurisdiction that wants four eyes."""
    JurisdictionService(services.database).set_up("sare", four_eyes=True)
    made = whoever(client, services, Role.ANALYST)
    made.draft()
    made.done("split", {"code": FIRST, "line": halving(made.shapes()[FIRST]), "codes": [FIRST, "east"]})
    return made


def after(analyst: Analyst, client: FlaskClient, services: Services, role: Role) -> Analyst:
    """Return somebody of a role who looks at the same draft."""
    other = whoever(client, services, role)
    other.edition, other.etag = analyst.edition, analyst.etag
    return other


def test_who_drew_is_refused_and_told_why_and_somebody_else_publishes(
    drawn: Analyst, client: FlaskClient, services: Services
) -> None:
    drawn.done("validate")
    seen = drawn.done("preview")
    assert (seen["four_eyes"], len(seen["drawn_by"])) == (True, 1)

    told = assert_problem(drawn.post("publish", {"preview": seen["id"]}), 403, "four-eyes", "Have somebody else")
    assert f"was drawn by {seen['drawn_by'][0]}" in told["detail"]
    other = after(drawn, client, services, Role.PUBLISHER)
    assert other.post("publish", {"preview": other.done("preview")["id"]}).status_code == 200


def test_a_publisher_sees_a_draft_and_draws_nothing(drawn: Analyst, client: FlaskClient, services: Services) -> None:
    publisher = after(drawn, client, services, Role.PUBLISHER)
    publisher.get(f"/v1/editions/{drawn.edition}/steps")
    publisher.get(f"/v1/editions/{drawn.edition}/decisions")
    publisher.get(f"/v1/editions/{drawn.edition}/diff?to=1")
    assert f"draft-{drawn.edition}" in str(publisher.get("/ogc/sare/collections"))

    for verb, body in (("undo", {}), ("recode", {"code": "east", "new_code": "x"}), ("rebase", {}),
                       ("reassign-codes", {"codes": ["east"], "reason": "x"})):  # fmt: skip
        assert_problem(publisher.post(verb, body), 403, "forbidden")
    assert client.get("/v1/incidents", headers={"Authorization": f"Bearer {publisher.key}"}).status_code == 403
    publisher.done("withdraw")
    assert services.editions.edition(drawn.edition).status == "withdrawn"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PUBLIC])
def test_each_role_may_what_the_table_says(role: Role, drawn: Analyst, client: FlaskClient, services: Services) -> None:
    other = after(drawn, client, services, role)

    for verb, needed in (("preview", Permission.READ_DRAFTS), ("validate", Permission.PUBLISH_BOUNDARIES),
                         ("undo", Permission.EDIT_BOUNDARIES)):  # fmt: skip
        assert (other.post(verb).status_code == 200) == (role in roles_with(needed)), verb


def test_the_outline_of_ones_own_draft_is_for_another_to_confirm(
    drawn: Analyst, client: FlaskClient, services: Services
) -> None:
    outline = shapely.geometry.shape(drawn.get(f"/v1/editions/{drawn.edition}/outline")["geometry"])
    body: dict[str, Any] = {"geometry": shapely.geometry.mapping(shapely.simplify(outline, 1e-6).buffer(1e-5))}
    headers = {"Authorization": f"Bearer {drawn.key}", "If-Match": drawn.etag}
    path = f"/v1/editions/{drawn.edition}/outline"
    assert_problem(client.put(path, json=body | {"reason": "annexed"}, headers=headers), 403, "four-eyes")
    answer = client.put(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    drawn.etag = answer.headers["ETag"]

    assert_problem(drawn.post("confirm-outline", {"reason": "annexed"}), 403, "four-eyes", "does not confirm")
    other = after(drawn, client, services, Role.PUBLISHER)
    assert other.done("confirm-outline", {"reason": "annexed"})["properties"]["confirmed_by"].startswith("publisher:")


def test_a_jurisdiction_tells_whether_it_wants_four_eyes(client: FlaskClient, services: Services) -> None:
    def told() -> bool:
        return bool(client.get("/v1/jurisdictions/sare").json["four_eyes"])  # type: ignore[index]

    assert told() is False
    JurisdictionService(services.database).set_up("sare", four_eyes=True)
    assert told() is True


def test_a_preview_tells_a_publisher_counts_of_sensitive_reports_and_no_place(
    drawn: Analyst, client: FlaskClient, services: Services, community_url: str
) -> None:
    east = drawn.shapes()["east"].representative_point()
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.service SET sensitive = true WHERE code = 'dispute'")
    report = NewReport("dispute", declared_position(east.x, east.y), "resident")
    incident, _ = services.incidents.report(report, identity=Identity(Role.PUBLIC))
    assert incident.grid_code == FIRST
    analyst, publisher = (after(drawn, client, services, role) for role in (Role.ANALYST, Role.PUBLISHER))
    analyst.done("validate")
    full, told = analyst.done("preview"), publisher.done("preview")

    assert str(incident.id) in str(full["moves"])
    assert str(incident.id) not in str(told)
    assert [flow for flow in told["flows"] if flow["kind"] == "incident"] == [
        flow for flow in full["flows"] if flow["kind"] == "incident"
    ]
    assert {one["code"]: one["before"]["in_hand"] for one in told["grids"]} == {
        one["code"]: one["before"]["in_hand"] for one in full["grids"]
    }
    # What is different by the time of publishing is told without them, too.
    with psycopg.connect(community_url) as connection:
        connection.execute("UPDATE geoservice.jurisdiction SET reroute = 'keep' WHERE code = 'sare'")
    refused = assert_problem(publisher.post("publish", {"preview": told["id"]}), 409, "preview-outdated")
    assert str(incident.id) not in str(refused)
    kinds = [one["kind"] for one in refused["gone"]["features"]]
    assert kinds.count("incident") == sum(flow["count"] for flow in told["flows"] if flow["kind"] == "incident")
