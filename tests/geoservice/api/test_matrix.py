"""Who is told what, at every route: generated from the routes, the roles, two towns, and the grids of an officer.

The demo community holds a mark of every kind of thing that not everybody is told. Somebody of each role, of the
community and of another town, asks at every route, about an officer's own grid and about another; what the table of
rights does not tell him is in no answer.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from werkzeug.routing import Rule

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission, may
from geoservice.services.grants import GrantService
from geoservice.services.jurisdictions import JurisdictionService
from geoservice.web import guard
from geoservice.web.guard import LABEL
from layers.catalogue import catalogue
from tests.conftest import DatabaseMaker
from tests.depth import depths
from tests.factories import insert, make_town
from tests.geoservice.api import kept_calls
from tests.geoservice.api.good_calls import OPERATIONS, Operation
from tests.geoservice.web.attacks import answer_to
from tests.geoservice.web.door import Door, open_door

ROLES = tuple(Role)
SHUT = {401, 403, 404}
WRITING = {"POST", "PUT", "PATCH", "DELETE"}
#: Drawn from the page of the same name, which is looked at; no text could be found in them.
PICTURES = ("/print.pdf", "/print.png", "/report.pdf")
#: Of what no row policy tells anything: who shows a key is found out before anything else is known of anybody.
KEPT_BY_GUARDS = {"key"}
#: What an entry of the audit says was done; no other one says so.
MARKED = "marked"
#: Of those who ask at a route in the everyday run, and in the proof.
FEW, ALL = 3, 4 * len(ROLES) - 4


@dataclass(frozen=True)
class Mark:
    """What is known again wherever it is told."""

    kind: str
    text: str
    #: Any of these lets somebody be told of it.
    needed: frozenset[Permission]
    #: In which of an officer's grids it is; None: in none.
    grid: str | None = None


@dataclass(frozen=True)
class Asking:
    """Somebody who asks."""

    role: Role
    key: str
    #: Whether he works in the community.
    here: bool
    #: Whether he administers the other town beside it, by the same key.
    beside: bool = False
    #: What he is in the community, too, by the same key.
    also: Role | None = None

    @property
    def name(self) -> str:
        return self.role if self.also is None else f"{self.role} and {self.also}"

    def may_be_told(self, mark: Mark) -> bool:
        return self.here and any(
            any(may(role, needed) for needed in mark.needed) and (role is not Role.OFFICER or mark.grid != "other")
            for role in (self.role, self.also) if role is not None
        )  # fmt: skip


@dataclass(frozen=True)
class World:
    """The community behind its door, those who ask, and what is marked."""

    door: Door
    asking: tuple[Asking, ...]
    marks: tuple[Mark, ...]
    #: Ids by where the thing is: in the officer's own grid, or in another.
    objects: dict[str, dict[str, str]]
    told: Counter[tuple[Role, str, str | None]] = field(default_factory=Counter)


class _Marks:
    """Marks things of the community, in SQL."""

    def __init__(self, connection: psycopg.Connection[Any], here: int) -> None:
        self.made: list[Mark] = []
        self._connection = connection
        self.here = here

    @property
    def era(self) -> int:
        """Return that of the entries of now."""
        found = self._connection.execute("SELECT max(era) FROM geoservice.audit_entry").fetchone()
        assert found is not None
        return int(found[0])

    def mark(self, kind: str, *needed: Permission, grid: str | None = None) -> str:
        text = f"mark-{kind}-{grid or 'no'}-{uuid.uuid4().hex[:4]}q"
        self.made.append(Mark(kind, text, frozenset(needed), grid))
        return text

    def insert(self, table: str, **columns: Any) -> dict[str, Any]:
        return insert(self._connection, table, {"jurisdiction_id": self.here} | columns)

    def insert_unplaced(self, table: str, **columns: Any) -> dict[str, Any]:
        return insert(self._connection, table, columns)


@pytest.fixture(scope="module")
def world(cluster_url: str, community_template: str) -> Iterator[World]:
    maker = DatabaseMaker(cluster_url)
    url = maker.clone(community_template)
    with psycopg.connect(url) as connection:
        _make_other_town(connection)
        connection.execute("UPDATE geoservice.service SET sensitive = true WHERE code = 'dispute'")
        (here,) = connection.execute("SELECT id FROM geoservice.jurisdiction WHERE code = 'sare'").fetchone() or (0,)
        made = _Marks(connection, here)
        objects = {grid: _mark_grid(made, connection, grid) for grid in ("own", "other")}
        _mark_rest(made)
    with open_door(url) as door:
        yield World(door, tuple(_everybody(door)), tuple(made.made), objects)
    maker.drop_all()


@pytest.fixture
def showing_grids(world: World) -> Iterator[None]:
    """Have the community show visitors its grids and no more."""
    setting = JurisdictionService(world.door.services.database)
    setting.set_up("sare", visitors="grids")
    yield
    setting.set_up("sare", visitors="open")


def _make_other_town(connection: psycopg.Connection[Any]) -> None:
    town = {"jurisdiction_id": make_town(connection).jurisdiction_id}
    insert(connection, "staff", town | {"code": "G1", "call_sign": "G1", "role": "grid_officer"})
    posting = {"staff_code": "G1", "grid_code": "B", "role": "grid_officer", "valid_from": "2020-01-01"}
    insert(connection, "posting", town | posting)


def _mark_grid(made: _Marks, connection: psycopg.Connection[Any], grid: str) -> dict[str, str]:
    """Mark things in the grid of officer G03, or in one where he does not serve; return their ids."""
    found = connection.execute(
        f"""SELECT t.code, st_setsrid(st_pointonsurface(t.geom), 4326)::text FROM geoservice.territory AS t
             WHERE t.jurisdiction_id = %s AND {"" if grid == "own" else "NOT"} t.code IN
                   (SELECT p.grid_code FROM geoservice.posting AS p WHERE p.staff_code = 'G03')
             ORDER BY t.code LIMIT 1""",  # noqa: S608  a query of ours
        [made.here],
    ).fetchone()
    assert found is not None
    code, place = found
    report = made.insert(
        "incident", service_code="cable", geom=place,
        description=made.mark("words", Permission.READ_INCIDENTS, grid=grid),
    )  # fmt: skip
    assert report["grid_code"] == code
    happened = {"incident_id": report["id"], "actor": "test", "rule": "commented", "to_status": report["status"]}
    made.insert("incident_event", **happened, reason=made.mark("reason", Permission.READ_INCIDENTS, grid=grid))
    hidden = made.insert("incident", service_code="dispute", geom=place)
    made.made.append(Mark("sensitive", str(hidden["id"]), frozenset({Permission.READ_INCIDENTS}), grid))
    household = made.insert(
        "household",
        geom=place,
        age_18_59=2,
        code=f"h-{grid}",
        unit=made.mark("unit", Permission.READ_HOUSEHOLDS, grid=grid),
    )
    return {"incidents.id": str(report["id"]), "households.key": household["code"], "grid": code}


def _mark_rest(made: _Marks) -> None:
    made.insert("edition", title=made.mark("draft", Permission.READ_DRAFTS))
    made.insert("staff", code="MARK", role="police_officer", call_sign=made.mark("staff", Permission.READ_STAFF))
    made.insert("webhook", url="http://127.0.0.1:9/", secret="whsec_0", created_by="test", sent_up_to=0,
                label=made.mark("webhook", Permission.MANAGE_WEBHOOKS))  # fmt: skip
    login = made.mark("account", Permission.MANAGE_ACCOUNTS, Permission.READ_AUDIT)
    made.insert_unplaced("account", password_hash="$argon2id$", must_change=True, created_by="test", login=login)
    made.insert("access_grant", login=login, role="reader")
    made.insert_unplaced("api_key", id="0000mark", secret_sha256=b"0" * 32,
                         label=made.mark("key", Permission.MANAGE_KEYS, Permission.READ_AUDIT))  # fmt: skip
    made.insert("access_grant", key_id="0000mark", role="reader")
    made.insert("audit_entry", era=made.era, role="admin", what=MARKED, who=made.mark("audit", Permission.READ_AUDIT))


def _everybody(door: Door) -> Iterator[Asking]:
    yield Asking(Role.PUBLIC, "", True)
    for code, staff in (("sare", "G03"), ("town", "G1")):
        for role in ROLES[1:]:
            holder = (code, staff) if role is Role.OFFICER else None
            yield Asking(role, door.services.keys.create(role, "asks", jurisdiction=code, staff=holder), code == "sare")
    for role in ROLES[1:]:
        text = door.services.keys.create(role, "asks", jurisdiction="sare", staff=("sare", "G03"))
        GrantService(door.services.database).give(
            "key_id", text.split("_")[1], Role.ADMIN, by="test", jurisdiction="town"
        )
        yield Asking(role, text, here=True, beside=True)
    for number, role in enumerate(one for one in ROLES[1:] if one is not Role.OFFICER):
        text = door.services.keys.create(Role.OFFICER, "asks", jurisdiction="sare", staff=("sare", "G03"))
        GrantService(door.services.database).give(
            "key_id", text.split("_")[1], role, by="test", jurisdiction="sare" if number % 2 else None
        )
        yield Asking(Role.OFFICER, text, here=True, also=role)


def _rules(door: Door) -> list[Rule]:
    return [rule for rule in door.app.url_map.iter_rules() if not rule.rule.endswith(PICTURES)]


def _label(door: Door, rule: Rule) -> Permission:
    return Permission(getattr(door.app.view_functions[rule.endpoint], LABEL))


def _reads(world: World, depth: int) -> Iterator[tuple[Rule, str, dict[str, Any]]]:
    """Yield every route that is read, with an address and what it has to be asked, about each of the two grids.

    What neither names is asked once.
    """
    documented = {one.path: one for one in OPERATIONS if one.method == "GET"}
    reading = [rule for rule in _rules(world.door) if "GET" in (rule.methods or ())]
    for number, rule in enumerate(reading):
        operation = documented.get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        asked = []
        for objects in world.objects.values():
            for layer in _layers(rule, objects, number, depth):
                known = world.door.existing | objects | layer | {"q": "mark"}
                address = dataclasses.replace(world.door, existing=known).fill(rule.rule)
                if (address, query := _query(operation, known)) not in asked:
                    asked.append((address, query))
                    yield rule, address, query


def _query(operation: Operation | None, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be asked, and of which jurisdiction."""
    if operation is None:
        return {}
    asked = [one for one in operation.details.get("parameters", []) if one["in"] == "query"]
    names = {one["name"] for one in asked if one.get("required") or one["name"].startswith("jurisdiction")}
    own = {"what": MARKED} if operation.path == "/v1/audit" else {}  # else what was asked meanwhile stands before it
    return {name: known[name] for name in sorted(names) if name in known} | kept_calls.query(operation.path) | own


#: What names a feature of a layer, of those that are about somebody.
_KEYS = {"households": "households.key", "incidents": "incidents.id", "grids": "grid"}


def _layers(rule: Rule, objects: Mapping[str, str], number: int, depth: int) -> Iterator[dict[str, str]]:
    """Yield names of layers for a route that has one in its address, with the key of a feature.

    In the everyday run those that are marked, and one of the others in turn.
    """
    if not {"layer", "collection"} & rule.arguments:
        yield {}
        return
    others = [layer for layer in catalogue() if layer not in _KEYS]
    for layer in catalogue() if depth == ALL else [*_KEYS, others[number % len(others)]]:
        names = {name: layer for name in ("layer", "layers.layer", "collection")}
        key = {_KEYS[layer]: objects[_KEYS[layer]]} if layer in _KEYS else {}
        yield names | {name: value for value in key.values() for name in ("features.key", "items.key", "key")}


@depths(FEW, ALL)
def test_nobody_is_told_what_the_table_of_rights_does_not_tell_him(world: World, depth: int) -> None:
    """What each is told is counted, too: a mark that nobody found would prove nothing."""
    leaks: list[str] = []
    asked = 0
    for number, (rule, address, query) in enumerate(_reads(world, depth)):
        for one in _some(world.asking, depth, number):
            seen = _answer(world, one, address, query)
            asked += 1
            for mark in world.marks:
                if mark.text not in seen:
                    continue
                if not one.may_be_told(mark):
                    leaks.append(f"{mark.kind} ({mark.grid}) told to {one.name} (here: {one.here}) at {rule.rule}")
                world.told[one.role, mark.kind, mark.grid] += 1
    print(f"{asked} answers looked at", {f"{role} {kind}": n for (role, kind, _), n in sorted(world.told.items())})

    assert "\n".join(leaks) == ""
    found = {(kind, grid) for _, kind, grid in world.told}
    assert {(mark.kind, mark.grid) for mark in world.marks} - found == set()


@depths(FEW, ALL)
def test_with_every_guard_open_the_rows_alone_tell_nothing_of_another_town_or_grid(
    world: World, showing_grids: None, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """Where reports are shown to visitors one by one their rows are, too, and guards keep the words."""
    monkeypatch.setattr(guard, "permitted", lambda identity, permission: True)
    monkeypatch.setattr(Identity, "acting_in", lambda identity, jurisdictions: identity)
    leaks = []
    for number, (rule, address, query) in enumerate(_reads(world, depth)):
        asking = [one for one in world.asking if not one.here or (one.role is Role.OFFICER and one.also is None)]
        for one in _some(asking, depth, number):
            seen = _answer(world, one, address, query)
            leaks += [
                f"{mark.kind} ({mark.grid}) told to {one.role} (here: {one.here}) at {rule.rule}"
                for mark in world.marks
                if mark.text in seen and mark.kind not in KEPT_BY_GUARDS and (not one.here or mark.grid == "other")
            ]

    assert "\n".join(leaks) == ""


@depths(FEW, ALL)
def test_with_every_guard_open_no_grant_lends_its_rows_to_another_place(
    world: World, showing_grids: None, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """Who administers the other town, too, is told nothing here that his role here alone is not told by its rows."""
    monkeypatch.setattr(guard, "permitted", lambda identity, permission: True)
    monkeypatch.setattr(guard, "asking_for", lambda identity, permission: identity)
    monkeypatch.setattr(Identity, "acting_in", lambda identity, jurisdictions: identity)
    pairs = [
        (
            one,
            next(
                two for two in world.asking if two.here and two.role is one.role and not two.beside and two.also is None
            ),
        )
        for one in world.asking
        if one.beside
    ]
    leaks, told = [], 0
    for number, (rule, address, query) in enumerate(_reads(world, depth)):
        for beside, alone in pairs if depth == ALL else [pairs[number % len(pairs)]]:
            seen, before = (_answer(world, one, address, query) for one in (beside, alone))
            told += sum(mark.text in seen for mark in world.marks)
            leaks += [
                f"{mark.kind} ({mark.grid}) told to {beside.role} who is admin elsewhere, at {rule.rule}"
                for mark in world.marks
                if mark.text in seen and mark.text not in before and mark.kind not in KEPT_BY_GUARDS
            ]

    assert "\n".join(leaks) == ""
    assert told  # else nothing was looked at


def test_whoever_works_in_another_town_changes_nothing_here(world: World) -> None:
    """At every route that writes, pages among them."""
    entered = []
    for rule in _rules(world.door):
        needed = _label(world.door, rule)
        if may(Role.PUBLIC, needed) or "jurisdiction" not in rule.arguments:
            continue
        address = world.door.fill(rule.rule)
        for method, one in itertools.product((rule.methods or set()) & WRITING, world.asking):
            if not one.here:
                status = answer_to(world.door.client, address, method=method, headers=_showing(one)).status_code
                entered += [f"{one.role} {method} {rule.rule}: {status}"] * (status not in SHUT)

    assert entered == []


def _some(asking: Sequence[Asking], depth: int, number: int) -> Sequence[Asking]:
    """Return as many of those who ask as the run has time for: whoever is told most and least here, another in turn."""
    if depth == ALL:
        return asking
    alone = [one for one in asking if not one.beside and one.also is None]
    ahead = [one for one in alone if one.here and one.role in (Role.ADMIN, Role.OFFICER)]
    others = [one for one in alone if one not in ahead]
    besides, also = [one for one in asking if one.beside], [one for one in asking if one.also is not None]
    kinds = [several for several in (others, besides, also) if several]
    turn, kind = divmod(number, len(kinds))
    return [*ahead, kinds[kind][turn % len(kinds[kind])]]


def _answer(world: World, one: Asking, address: str, query: Mapping[str, Any]) -> str:
    answer = answer_to(world.door.client, address, query_string=dict(query), headers=_showing(one))
    assert answer.status_code < 500, f"{one.role} {address} {query}: {answer.status}"
    return answer.get_data().decode("utf-8", "replace")


def _showing(one: Asking) -> dict[str, str]:
    return {"Authorization": f"Bearer {one.key}"} if one.key else {}
