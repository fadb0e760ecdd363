"""Services on pages: made, edited, retired and brought back; what is wrong stands beside its field, all at once."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import replace

import orjson
import psycopg
import pytest

from geoservice.auth.model import Identity, Role
from geoservice.services.incidents import NewReport
from geoservice.wiring import Services
from layers.crs import declared_position
from layers.errors import RefusedByDatabase
from layers.incidents.model import Service
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted, seen
from tests.geoservice.web.attacks import hostile_texts


def form_of(services: Services, code: str) -> dict[str, str]:
    one = next(one for one in services.service_lists.services("sare") if one.code == code)
    limit = "" if one.limit_working_hours is None else str(one.limit_working_hours)
    return {
        "name": one.name, "name_en": one.name_en or "", "category": one.category or "",
        "description": one.description or "", "keywords": " ".join(one.keywords), "limit": limit,
        "attributes": orjson.dumps(one.attributes).decode() if one.attributes else "",
        **({"sensitive": "yes"} if one.sensitive else {}),
    }  # fmt: skip


def test_a_service_is_edited_and_the_rest_of_it_stays(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    before = {one.code: one for one in services.service_lists.services("sare")}
    code = next(iter(before))
    form = form_of(services, code)
    assert admin.send(f"services/{code}", **form).status_code == 303
    assert {one.code: one for one in services.service_lists.services("sare")} == before
    changed = form | {"name": "<b>路灯", "limit": "1.5", "sensitive": "yes"}
    done = admin.send(f"services/{code}", **changed)
    after = {one.code: one for one in services.service_lists.services("sare")}
    assert (after[code].name, after[code].limit_working_hours, after[code].sensitive) == ("<b>路灯", 1.5, True)
    assert (after[code].attributes, after[code].keywords) == (before[code].attributes, before[code].keywords)
    assert {key: one for key, one in after.items() if key != code} == {k: one for k, one in before.items() if k != code}
    told = admin.get(done.headers["Location"]).text
    assert "The service is saved." in told
    assert html.escape("<b>路灯") in told
    assert "<b>路灯" not in told
    assert noted(community_url, "service_changed")[0] == "admin:admin-5"
    make_town(community_url)
    stranger = Administrator(services, "admin-6", "town")
    assert stranger.get(f"/admin/sare/services/{code}").status_code == 403
    assert stranger.show(f"services/{code}").status_code in (404, 422)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten_unseen(services: Services) -> None:
    admin = Administrator(services)
    code = services.service_lists.services("sare")[0].code
    form = form_of(services, code)

    first = seen(admin.show(f"services/{code}"))
    assert admin.send(f"services/{code}", **form | {"name": "hers", "seen": first}).status_code == 303
    late = admin.send(f"services/{code}", **form | {"name": "his", "seen": first})
    assert late.status_code == 412
    assert "Somebody else changed it meanwhile" in late.text
    assert 'value="his"' in late.text
    assert form_of(services, code)["name"] == "hers"
    assert admin.send(f"services/{code}", **form | {"name": "his", "seen": seen(late)}).status_code == 303
    assert form_of(services, code)["name"] == "his"


@hostile_texts(4)
def test_what_is_wrong_is_told_beside_its_field(services: Services, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    before = services.service_lists.services("sare")
    code = before[0].code
    form = form_of(services, code)
    for changed, field in (
        ({"name": ""}, "name"), ({"name": "x" * 201}, "name"), ({"name": "13800138000"}, "name"),
        ({"name_en": "a\x00b"}, "name_en"), ({"category": "x" * 201}, "category"),
        ({"description": "call 13800138000"}, "description"), ({"description": "字" * 2001}, "description"),
        ({"keywords": "a " * 51}, "keywords"),
        ({"keywords": "138 0013 8000"}, "keywords"), ({"limit": "0"}, "limit"), ({"limit": "nan"}, "limit"),
        ({"limit": "100001"}, "limit"), ({"limit": "１e3"}, "limit"),
        ({"attributes": "{}"}, "attributes"), ({"attributes": "[1"}, "attributes"),
        ({"attributes": '[{"code": "a", "datatype": "colour"}]'}, "attributes"), ({"limit": "-1"}, "limit"),
    ):  # fmt: skip
        assert errors(admin.send(f"services/{code}", **form | changed)).keys() == {field}, changed
    assert admin.post(f"/admin/sare/services/{code}", **form).status_code == 403
    assert services.service_lists.services("sare") == before
    token = admin.token()
    for text in texts:
        answer = admin.post(f"/admin/sare/services/{code}?lang=en", token=token, **form | {"name": text})
        assert answer.status_code in (303, 422), text
        answer = admin.post(f"/admin/sare/services/{code}?lang=en", token=token, **dict.fromkeys(form, text))
        assert answer.status_code in (303, 422), text
        assert "<script>alert" not in answer.text


NEW = {"service_code": "lamp-2", "name": "路灯二", "name_en": "Lamp two", "keywords": "路灯 灯", "limit": "２４．５",
       "attributes": '[{"code": "pole", "datatype": "string"}]', "sensitive": "yes"}  # fmt: skip


def listed(services: Services) -> dict[str, Service]:
    return {one.code: one for one in services.service_lists.services("sare")}


def test_a_new_service_is_made_and_offered(services: Services, community_url: str) -> None:
    admin, before = Administrator(services), listed(services)
    assert 'name="service_code"' in admin.show("new-service").text
    done = admin.send("new-service", **NEW)
    assert "The service is saved." in admin.get(done.headers["Location"]).text
    after = listed(services)
    made = after.pop("lamp-2")
    assert (made.name, made.name_en, made.keywords, made.limit_working_hours, made.sensitive, made.retired) == (
        "路灯二", "Lamp two", ("路灯", "灯"), 24.5, True, False,
    )  # fmt: skip
    assert made.attributes == ({"code": "pole", "datatype": "string"},)
    assert after == before
    assert noted(community_url, "service_added")[0] == "admin:admin-5"
    assert errors(admin.send("new-service", **NEW)) == {"service_code": "There is a service of this code already."}


def test_all_that_is_wrong_is_told_at_once(services: Services) -> None:
    admin, before = Administrator(services), listed(services)
    wrong = {"service_code": "a/b", "name": "", "category": "x" * 201, "description": "13800138000",
             "keywords": "a " * 51, "limit": "-1", "attributes": "no"}  # fmt: skip
    assert errors(admin.send("new-service", **wrong)).keys() == wrong.keys()
    code = next(iter(before))
    assert errors(admin.send(f"services/{code}", **wrong)).keys() == wrong.keys() - {"service_code"}
    for taken in ("", " ", "x" * 65, "a\u200bb", "/x", ".", ".."):
        assert errors(admin.send("new-service", **NEW | {"service_code": taken})).keys() == {"service_code"}, taken
    assert admin.post("/admin/sare/new-service", **NEW).status_code == 403
    assert listed(services) == before


def test_a_service_is_retired_and_brought_back(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    with psycopg.connect(community_url) as connection:
        [(code, lon, lat, in_hand)] = connection.execute(
            "SELECT i.service_code, st_x(min(i.geom::text)::geometry), st_y(min(i.geom::text)::geometry), count(*)"
            "  FROM geoservice.incident AS i WHERE geoservice.is_open(i.status)"
            " GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT 1"
        ).fetchall()
    report = NewReport(code, declared_position(lon, lat), "hotline", jurisdiction_code="sare")
    who = Identity(Role.DISPATCHER, login="desk-9")
    before = listed(services)[code]
    assert f"The {in_hand:,} that are in hand" in admin.show(f"services/{code}/retirement").text
    done = admin.send(f"services/{code}/retirement")
    told = admin.get(done.headers["Location"]).text
    assert "The service is retired" in told
    assert f'action="/admin/sare/services/{code}/restoration?lang=en"' in told
    assert listed(services)[code] == replace(before, retired=True)
    assert code not in {one.code for one in services.incidents.services("sare")}
    assert code in {one.code for one in services.incidents.services("sare", with_retired=True)}
    with pytest.raises(RefusedByDatabase, match="is retired"):
        services.incidents.report(report, identity=who)
    with psycopg.connect(community_url) as connection, pytest.raises(psycopg.errors.CheckViolation, match="is retired"):
        connection.execute(
            "INSERT INTO geoservice.incident (jurisdiction_id, service_code, geom, source)"
            " SELECT jurisdiction_id, service_code, geom, 'hotline' FROM geoservice.incident"
            " WHERE service_code = %s LIMIT 1",
            [code],
        )
    assert "restoration" in admin.show(f"services/{code}").text
    assert admin.send(f"services/{code}/restoration").status_code == 303
    assert listed(services)[code] == before
    services.incidents.report(report, identity=who)
    assert noted(community_url, "service_changed")[:2] == ["admin:admin-5"] * 2


def test_nobody_retires_what_is_not_his(services: Services, community_url: str) -> None:
    admin, code = Administrator(services), next(iter(listed(services)))
    for path in (f"services/{code}/retirement", f"services/{code}/restoration"):
        assert admin.post(f"/admin/sare/{path}", token="").status_code == 403
    assert admin.show("services/none/retirement").status_code == 422
    assert admin.send("services/none/restoration").status_code == 422
    make_town(community_url)
    stranger = Administrator(services, "admin-6", "town")
    for path in ("new-service", f"services/{code}/retirement"):
        assert stranger.get(f"/admin/sare/{path}").status_code == 403
        answer = stranger.post(f"/admin/sare/{path}", token=stranger.token(), **NEW)
        assert answer.status_code == 403
    assert not listed(services)[code].retired
