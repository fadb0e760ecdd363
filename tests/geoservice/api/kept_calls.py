"""Good calls of what keeps a town current: features, changes, staff, services, visits; what is gone is made anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from shapely import Point

from geoservice.auth.model import Identity, Role
from geoservice.services.grants import GrantService
from geoservice.services.layers.features import FeatureEdit
from layers.staff.model import PostingSpan
from tests.geoservice.web.door import Door

_ADMIN = Identity(Role.ADMIN, "door")
_FEATURES, _CHANGES = "/v1/layers/{layer}/features", "/v1/changes"
#: A posting of its own for each call: two of one officer in one grid may not be of one day.
_days = count()


def ready(door: Door, path: str) -> None:
    """See to it that the feature of the door is there, and that a change is there that can be undone."""
    if not path.startswith((_FEATURES, _CHANGES)):
        return
    j, key = door.existing["jurisdiction"], door.existing["features.key"]
    place = Point(door.existing["lon"], door.existing["lat"])
    put = door.services.features.put
    put(j, "cameras", key, FeatureEdit(place=place), identity=_ADMIN, door="api")
    if path.startswith(f"{_CHANGES}/"):
        (seen,) = door.services.features.features(j, "cameras", key=key, limit=1, identity=_ADMIN)
        other = "offline" if seen["status"] == "online" else "online"
        change = put(j, "cameras", key, FeatureEdit({"status": other}), identity=_ADMIN, door="api").change
        assert change is not None
        door.existing["changes.change"] = str(change.id)


def named(door: Door, method: str, path: str) -> dict[str, str]:
    """Return what parts of an address name, where that has to be made for each call: a posting that has not begun."""
    if "/grants/{id}" in path:
        return _a_grant(door, path)
    if (method, path) == ("DELETE", "/v1/keys/{name}"):
        keys = door.services.keys
        return {"name": keys.create(Role.REPORTER, "goes", jurisdiction=door.existing["jurisdiction"]).split("_")[1]}
    if (method, path) != ("DELETE", "/v1/postings/{id}"):
        return {}
    j, officer, grid, begins = _future(door)
    posting = PostingSpan(officer, grid, "deputy", begins, begins + timedelta(days=1))
    return {"id": str(door.services.staff.post(j, posting, actor="door").id)}


def _a_grant(door: Door, path: str) -> dict[str, str]:
    """Return the number of a grant that can be taken back, or given again."""
    kind, name = ("login", "accounts.name") if path.startswith("/v1/accounts") else ("key_id", "keys.name")
    begins = datetime(2040, 1, 1, tzinfo=UTC) + timedelta(days=2 * next(_days))
    service = GrantService(door.services.database)
    number = service.give(
        kind, door.existing[name], Role.REPORTER, by="door", jurisdiction=door.existing["jurisdiction"],
        valid_from=begins, valid_to=begins + timedelta(days=1),
    )  # fmt: skip
    held = door.services.administration.accounts if kind == "login" else door.services.administration.keys
    [given] = [
        one for one in held.held(door.existing["jurisdiction"], door.existing[name], _ADMIN).grants if one.id == number
    ]
    if path.endswith("/restore"):
        service.revoke(given, by="door")
    return {"id": str(number)}


def _future(door: Door) -> tuple[str, str, str, date]:
    """Return a jurisdiction, an officer and a grid there that no other test looks at, and a day to come."""
    j = door.existing["jurisdiction"]
    officer, grid = door.services.staff.members(j)[-1].code, door.services.grids.grids(j)[-1]["code"]
    return j, officer, grid, date(2040, 1, 1) + timedelta(days=2 * next(_days))


def query(path: str) -> dict[str, Any]:
    """Return what a call asks, where names mean something else than elsewhere."""
    if path in (_CHANGES, f"{_CHANGES}/{{change}}/features"):
        return {"layer": "cameras"}
    if path == "/v1/statistics/population":
        now = datetime.now(UTC)
        return {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()}
    return {}


def body(door: Door, method: str, path: str) -> dict[str, Any] | None:
    """Return what a call sends; None: what its fields' names say."""
    make = _BODIES.get((method, path))
    return None if make is None else make(door)


def _posting(door: Door) -> dict[str, Any]:
    _, officer, grid, begins = _future(door)
    return {
        "officer_code": officer, "grid_code": grid, "role": "deputy", "valid_from": begins.isoformat(),
        "valid_to": (begins + timedelta(days=1)).isoformat(),
    }  # fmt: skip


def _grant(door: Door) -> dict[str, Any]:
    _, _, _, begins = _future(door)
    return {
        "role": "reporter", "valid_from": f"{begins}T00:00:00Z", "valid_to": f"{begins + timedelta(days=1)}T00:00:00Z",
    }  # fmt: skip


def _visit(door: Door) -> dict[str, Any]:
    _, officer, _, _ = _future(door)
    return {
        "kind": "patrol", "outcome": "done", "at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "lon": door.existing["lon"], "lat": door.existing["lat"], "officer_code": officer,
    }  # fmt: skip


_BODIES: dict[tuple[str, str], Callable[[Door], dict[str, Any]]] = {
    ("PUT", f"{_FEATURES}/{{key}}"): lambda door: {"properties": {"status": "online"}},
    ("POST", "/v1/postings"): _posting,
    ("PATCH", "/v1/postings/{id}"): lambda door: {"valid_to": "2100-01-01"},
    ("POST", "/v1/accounts/{name}/grants"): _grant,
    ("POST", "/v1/keys/{name}/grants"): _grant,
    ("POST", "/v1/keys"): lambda door: {"label": "made at the door", "role": "reporter"},
    ("POST", "/v1/keys/{name}/rotate"): lambda door: {"overlap_hours": 1},
    ("PUT", "/v1/staff/{code}"): lambda door: {"role": "grid_officer"},
    ("PUT", "/v1/services/{code}"): lambda door: {"name": "线缆垂落"},
    ("POST", "/v1/visits"): _visit,
}  # fmt: skip
