"""Keys by HTTP: made, given another secret, revoked, by whoever administers them there; each is entered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from geoservice.auth.model import Role
from geoservice.services.keys import LASTS
from tests.geoservice.api.two_towns import Towns, open_towns

HERE = "?jurisdiction=sare"
READER = {"label": "wall", "role": "reader"}


@pytest.fixture(scope="module")
def towns(cluster_url: str, community_template: str) -> Iterator[Towns]:
    with open_towns(cluster_url, community_template) as towns:
        yield towns


@pytest.fixture(scope="module")
def admin(towns: Towns) -> str:
    return towns.key((Role.ADMIN, "sare"))


def test_a_key_is_made_used_rotated_and_revoked(towns: Towns, admin: str) -> None:
    before = datetime.now(UTC)
    made = towns.json(admin, f"/v1/keys{HERE}", method="POST", json=READER | {"networks": ["127.0.0.0/8"]})
    assert made["key"].split("_")[1] == made["id"]
    assert (made["label"], made["networks"]) == ("wall", ["127.0.0.0/8"])
    assert [(one["role"], one["jurisdiction"]) for one in made["grants"]] == [("reader", "sare")]
    ends = datetime.fromisoformat(made["expires_at"])
    assert before + LASTS <= ends <= datetime.now(UTC) + LASTS
    grids = f"/v1/grids{HERE}"
    assert towns.ask(made["key"], grids).status == 200

    at = f"/v1/keys/{made['id']}"
    fresh = towns.json(admin, f"{at}/rotate{HERE}", method="POST", json={"overlap_hours": 1})
    assert fresh["key"] != made["key"]
    assert datetime.fromisoformat(fresh["previous_until"]) <= datetime.now(UTC) + timedelta(hours=1)
    assert {towns.ask(key, grids).status for key in (made["key"], fresh["key"])} == {200}
    last = towns.json(admin, f"{at}/rotate{HERE}", method="POST", json={"overlap_hours": 0, "keep_end": True})
    assert last["expires_at"] == fresh["expires_at"]
    assert [towns.ask(one["key"], grids).status for one in (made, fresh, last)] == [401, 401, 200]

    assert towns.json(admin, f"{at}{HERE}", method="DELETE")["revoked_at"] is not None
    assert towns.ask(last["key"], grids).status == 401
    assert towns.ask(admin, f"{at}{HERE}", "DELETE").status == 404
    assert towns.ask(admin, f"{at}/rotate{HERE}", "POST", json={}).status == 404
    listed = towns.json(admin, f"/v1/keys{HERE}")["keys"]
    assert all("key" not in one for one in listed)
    entries = towns.json(admin, f"/v1/audit{HERE}&who=admin:{admin.split('_')[1]}&limit=100")["entries"]
    about = [one["what"] for one in entries if made["id"] in one["touched"].get("ids", [])]
    assert about == ["api_key_changed"] * 3 + ["api_key_added"]
    assert made["key"].split("_", 2)[2] not in str(entries)


def test_no_cache_keeps_a_key(towns: Towns, admin: str) -> None:
    answer = towns.ask(admin, f"/v1/keys{HERE}", "POST", json=READER)

    assert answer.response.headers["Cache-Control"] == "no-store"


def test_nobody_makes_a_key_that_may_more_than_he_or_elsewhere(towns: Towns, admin: str) -> None:
    both = towns.key((Role.ADMIN, "sare"), (Role.ADMIN, "town"))
    elsewhere = READER | {"jurisdiction": "town"}
    for body in (elsewhere, READER | {"everywhere": True}, READER | {"jurisdiction": "nowhere"}):
        refused = towns.ask(admin, f"/v1/keys{HERE}", "POST", json=body)
        assert (refused.status, refused.response.json["type"][-9:]) == (403, "above-own"), body
    assert towns.json(both, f"/v1/keys{HERE}", method="POST", json=elsewhere)["grants"][0]["jurisdiction"] == "town"
    other = towns.key((Role.READER, "town")).split("_")[1]
    for path, method in ((f"/v1/keys/{other}{HERE}", "DELETE"), (f"/v1/keys/{other}/rotate{HERE}", "POST")):
        assert towns.ask(admin, path, method, json={}).status == 404
    for role in (Role.DISPATCHER, Role.ANALYST, Role.AUDITOR):
        key = towns.key((role, "sare"))
        assert towns.ask(key, f"/v1/keys{HERE}", "POST", json=READER).status == 403


def test_one_until_a_day_makes_keys_until_that_day(towns: Towns) -> None:
    ends = (datetime.now(UTC) + timedelta(days=9)).replace(microsecond=0)
    deputy = towns.door.services.keys.create(Role.ADMIN, "deputy", jurisdiction="sare", expires_at=ends)

    for body in (READER, READER | {"no_end": True}):  # a year is more, too
        refused = towns.ask(deputy, f"/v1/keys{HERE}", "POST", json=body)
        assert refused.status == 403
        assert f"ends {ends:%Y-%m-%dT%H:%M:%SZ} there" in refused.response.json["detail"]
    made = towns.json(deputy, f"/v1/keys{HERE}", method="POST", json=READER | {"expires_at": ends.isoformat()})
    rotated = towns.json(deputy, f"/v1/keys/{made['id']}/rotate{HERE}", method="POST", json={})
    assert datetime.fromisoformat(rotated["expires_at"]) == ends
    own = deputy.split("_")[1]
    rotated = towns.json(deputy, f"/v1/keys/{own}/rotate{HERE}", method="POST", json={})
    assert datetime.fromisoformat(rotated["expires_at"]) == ends


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": ""}, {"label": "call 13800138000"}, {"role": "king"}, {"role": "public"}, {"role": "officer"},
        {"networks": ["10.1.0.0/33"]}, {"networks": ["x"]}, {"networks": ["10.0.0.1"] * 21}, {"staff_code": "none"},
        {"everywhere": True, "staff_code": "G03"}, {"expires_at": "2030-01-01T00:00:00Z", "no_end": True},
        {"expires_at": "tomorrow"},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_in_words(towns: Towns, admin: str, wrong: dict[str, object]) -> None:
    answer = towns.ask(admin, f"/v1/keys{HERE}", "POST", json=READER | wrong)

    assert answer.status == 422, answer.response.text
