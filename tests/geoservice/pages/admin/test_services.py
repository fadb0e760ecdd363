"""Services on pages: names and limits are edited, what is wrong stands beside its field."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted
from tests.geoservice.web.attacks import hostile_texts


def form_of(services: Services, code: str) -> dict[str, str]:
    one = next(one for one in services.service_lists.services("sare") if one.code == code)
    limit = "" if one.limit_working_hours is None else str(one.limit_working_hours)
    return {
        "name": one.name, "name_en": one.name_en or "", "category": one.category or "",
        "description": one.description or "", "keywords": " ".join(one.keywords), "limit": limit,
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

    def seen(text: str) -> str:
        found = re.search(r'name="seen" value="([0-9a-f]{16})"', text)
        assert found is not None
        return found[1]

    first = seen(admin.show(f"services/{code}").text)
    assert admin.send(f"services/{code}", **form | {"name": "hers", "seen": first}).status_code == 303
    late = admin.send(f"services/{code}", **form | {"name": "his", "seen": first})
    assert late.status_code == 412
    assert "Somebody else changed it meanwhile" in late.text
    assert 'value="his"' in late.text
    assert form_of(services, code)["name"] == "hers"
    assert admin.send(f"services/{code}", **form | {"name": "his", "seen": seen(late.text)}).status_code == 303
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
        ({"limit": "100001"}, "limit"), ({"limit": "１"}, "limit"), ({"limit": "-1"}, "limit"),
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
