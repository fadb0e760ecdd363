"""Every route carries the permission it needs, and each role gets exactly what the table gives it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from werkzeug.routing import Rule

from geoservice.app import create_app
from geoservice.auth.model import Role
from geoservice.auth.permissions import ALLOWED, Permission, may
from geoservice.services.incidents import NewReport
from geoservice.settings import Settings
from geoservice.web.guard import LABEL
from geoservice.writing import chromium
from layers.crs import declared_position
from tests.depth import depths
from tests.geoservice.web.attacks import answer_to, ask
from tests.geoservice.web.door import Door
from tests.unserved import APP

RULES: list[Rule] = list(APP.url_map.iter_rules())
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.endpoint)
CANARY = "canary 三号楼 7f3a"
#: The everyday run sends who may the least and the most, and so many of the others in turn; the proof everybody.
FEW, ALL = 3, len(Role)

#: What strangers may do, written once more: whoever widens it must want it here too.
FOR_EVERYBODY = {
    Permission.SEE_HEALTH,
    Permission.SIGN_IN,
    Permission.VIEW_MAP,
    Permission.VIEW_FEATURES,
    Permission.LOOK_UP_OWNER,
    Permission.READ_GRIDS,
    Permission.REPORT_AS_RESIDENT,
    Permission.FOLLOW_REPORT,
    Permission.USE_OPEN311,
}


def test_every_route_carries_a_permission() -> None:
    needed = {rule.endpoint: getattr(APP.view_functions[rule.endpoint], LABEL, None) for rule in RULES}

    assert [endpoint for endpoint, one in needed.items() if not isinstance(one, Permission)] == []


def test_no_secret_is_part_of_an_address() -> None:
    """Proxies write addresses into their logs."""
    secret = {"token", "key_id", "secret", "password", "api_key"}

    assert [rule.rule for rule in RULES if rule.arguments & secret] == []


def test_only_look_ups_of_an_owner_trust_keys_held_in_memory() -> None:
    """Everything else asks the database, where a revoked key is void at once."""
    trusting = {
        rule.rule
        for rule in RULES
        if getattr(APP.view_functions[rule.endpoint], LABEL, None) is Permission.LOOK_UP_OWNER
    }

    assert trusting == {"/v1/owner", "/v1/owner/batch"}


def test_strangers_may_do_what_is_written_here_and_no_more() -> None:
    assert {permission for permission in Permission if may(Role.PUBLIC, permission)} == FOR_EVERYBODY


def test_the_table_names_every_permission_and_nobody_may_less_than_a_stranger() -> None:
    assert ALLOWED.keys() == set(Permission)
    for roles in ALLOWED.values():
        assert Role.ADMIN in roles
        assert Role.PUBLIC not in roles or roles == set(Role)


@depths(FEW, ALL)
@every_rule
def test_each_role_enters_where_the_table_lets_it(door: Door, rule: Rule, depth: int) -> None:
    assert rule.methods is not None
    needed = getattr(APP.view_functions[rule.endpoint], LABEL)
    turn = depth * RULES.index(rule)
    some = dict.fromkeys([Role.PUBLIC, Role.ADMIN, *itertools.islice(itertools.cycle(Role), turn, turn + depth)])
    # What OPTIONS answers names methods and no more. Flask answers HEAD by the view of GET.
    asked = itertools.product(some, sorted(rule.methods - {"OPTIONS", "HEAD"}))
    heads = itertools.product([Role.PUBLIC, Role.ADMIN] if depth == FEW else Role, rule.methods & {"HEAD"})
    for role, method in itertools.chain(asked, heads):
        status = answer_to(door.client, door.fill(rule.rule), method=method, headers=door.headers(role)).status_code

        entered = status not in {401, 403}
        assert entered == may(role, needed), f"{role} {method} {rule.rule}: {status}"
        if not entered:
            assert status == (401 if role is Role.PUBLIC else 403)


@pytest.fixture(scope="module", autouse=True)
def no_printer() -> Iterator[None]:
    """Let no map be printed: who is let in is told that the printer failed, and only pages are looked through."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chromium, "find_chromium", lambda: "/bin/false")
        yield


@pytest.fixture(scope="module", autouse=True)
def canary(door: Door) -> None:
    """Have a report with the canary stored."""
    known = door.existing
    report = NewReport(known["service_code"], declared_position(known["lon"], known["lat"]), "patrol", CANARY)
    with door.app.app_context():
        from_officer = door.services.keys.identify(door.keys[Role.OFFICER])
    assert from_officer is not None
    door.services.incidents.report(report, identity=from_officer)


@every_rule
def test_who_may_not_read_incidents_sees_no_text_of_one(door: Door, rule: Rule) -> None:
    for role in (Role.PUBLIC, Role.READER, Role.REPORTER):
        seen = _seen(door, rule, role)

        assert CANARY not in seen
        assert "canary" not in seen


def test_staff_see_the_text_that_others_do_not(door: Door) -> None:
    rule = next(rule for rule in RULES if rule.endpoint == "incidents.page")

    assert CANARY in _seen(door, rule, Role.DISPATCHER)


def _seen(door: Door, rule: Rule, role: Role) -> str:
    """Return what a role is shown at an address."""
    query = {"jurisdiction": door.existing["jurisdiction"]} if "jurisdiction" not in rule.arguments else {}
    answer = answer_to(door.client, door.fill(rule.rule), query_string=query, headers=door.headers(role))
    return answer.get_data().decode("utf-8", "replace")  # texts in a tile are plain, too


def test_the_document_of_rights_is_the_table() -> None:
    rows = [f"| `{one}` |" + "".join(" yes |" if may(role, one) else " |" for role in Role) for one in ALLOWED]

    document = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
    assert document.count("\n".join(rows)) == 1
    head = " | ".join(["visitor (of an open jurisdiction)", *(role.value for role in Role if role is not Role.PUBLIC)])
    assert f"| | {head} |" in document


def test_a_route_without_a_permission_lets_nobody_in(door: Door) -> None:
    app = create_app(Settings(database_url=SecretStr("postgresql://unused")), services=door.services)
    app.add_url_rule("/bare", view_func=lambda: "open")

    for role in Role:
        answer = ask(app.test_client(), "/bare", headers=door.headers(role))

        answer.assert_tame(statuses={403})
