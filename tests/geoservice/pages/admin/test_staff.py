"""Staff and postings on pages: a calendar that names gaps, members by call sign, postings begun, ended and put back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from geoservice.wiring import Services
from tests.geoservice.pages.admin.people import Administrator, errors, make_town, noted
from tests.geoservice.pages.desk.test_pages import NEW, OWN
from tests.geoservice.web.attacks import hostile_texts

ROW = re.compile(r'<tr><th scope="row">\s*(.*?)\s*</th>(.*?)</tr>', re.DOTALL)

CELL = re.compile(
    r'<td(?: class="whole")?(?: colspan="(\d+)")?>\s*(?:<span[^>]*>)?(.*?)(?:</span>)?\s*</td>', re.DOTALL
)


def calendar(admin: Administrator) -> dict[str, list[tuple[int, str]]]:
    """Return, by grid, for how many days in a row who is told to serve it."""
    text = admin.show("staff").text
    table = text[text.index('class="list days"') :].partition("</table>")[0]
    told = {}
    for name, cells in ROW.findall(table):
        found = CELL.findall(cells)
        told[name.split()[0]] = [(int(span or 1), who.strip()) for span, who in found]
    return told


def test_a_posting_is_ended_put_back_and_another_begun(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    whole = services.staff.calendar("sare")
    number, posting = next(one for one in whole.postings if one.posting.role == "grid_officer")
    grid, today = posting.grid_code, whole.today
    assert all(sum(days for days, _ in runs) == 14 for runs in calendar(admin).values())
    assert "each grid has somebody" in admin.show("staff").text
    path, last = f"postings/{number}", today + timedelta(days=2)
    assert "nothing of the grid" in admin.show(path).text
    assert admin.send(path, last=last.isoformat()).status_code == 303
    sign = services.staff.member("sare", posting.staff_code).call_sign
    runs = calendar(admin)[grid]
    assert runs[0][0] == 3
    assert sign in runs[0][1]
    others = [who for _, who in runs[1:]]
    deputy = [one for one in whole.serving(grid, today) if one.role == "deputy"]
    assert others == (["nobody"] if not deputy else others)
    assert ("1 grids have days without anybody" in admin.show("staff").text) == (others == ["nobody"])
    assert noted(community_url, "posting_changed")[0] == "admin:admin-5"
    # Another one there from the day after on; two on one day can not be.
    new = {"member": posting.staff_code, "grid": grid, "duty": "grid_officer", "first": last.isoformat(), "last": ""}
    assert errors(admin.send("new-posting", **new)).keys() == {"grid"}
    done = admin.send("new-posting", **new | {"first": (last + timedelta(days=1)).isoformat()})
    assert "The posting is saved." in admin.get(done.headers["Location"]).text
    assert errors(admin.send(path, last="")).keys() == {"last"}
    assert noted(community_url, "posting_added")[0] == "admin:admin-5"
    assert calendar(admin)[grid][-1][0] >= 11


def test_whoever_plans_sees_grids_by_name_any_days_ahead_and_when_a_deputy_is_sent(services: Services) -> None:
    admin = Administrator(services)
    names = {code: name for code, (_, name) in services.staff.calendar("sare").grids.items()}
    text = admin.show("staff").text
    # In the calendar, among the postings, and beside who serves today.
    assert all(text.count(f"{code} {name}") >= 3 for code, name in names.items())
    ahead = services.staff.calendar("sare").today + timedelta(days=80)
    later = admin.show("staff", f"&first={ahead}").text
    assert f"in the 14 days from {ahead}" in later
    assert f'name="first" value="{ahead}"' in later
    assert f'<th scope="col">{ahead:%m-%d}</th>' in later
    # Days that are over have postings that are over, which are not told: it begins today.
    assert "in the coming 14 days" in admin.show("staff", "&first=2001-01-01").text
    refused = admin.show("staff", "&first=soon")
    assert refused.status_code == 422
    assert "`errors`" not in refused.text
    form = admin.show("new-posting").text
    assert all(f">{code} {name}</option>" in form for code, name in names.items())
    assert "to a deputy only on days without one" in form


@hostile_texts(2)
def test_what_is_wrong_is_told_beside_its_field(services: Services, community_url: str, texts: Sequence[str]) -> None:
    admin = Administrator(services)
    told = services.staff.calendar("sare")
    member, grid = told.members[0].code, next(iter(told.grids))
    new = {"member": member, "grid": grid, "duty": "deputy", "first": "2030-01-01", "last": "2030-01-31"}
    before = services.staff.calendar("sare")
    for changed, field in (
        ({"member": ""}, "member"), ({"member": "none"}, "member"), ({"grid": ""}, "grid"), ({"grid": "none"}, "grid"),
        ({"duty": "king"}, "duty"), ({"first": ""}, "first"), ({"first": "0001-01-01"}, "first"),
        ({"last": "2029-12-31"}, "last"), ({"last": "9999-12-31"}, "last"), ({"last": "soon"}, "last"),
    ):  # fmt: skip
        assert errors(admin.send("new-posting", **new | changed)).keys() == {field}, changed
    for code in ("13800138000", "", member):
        assert errors(admin.send("new-member", code=code, duty="grid_officer", call_sign="")).keys() == {"code"}, code
    assert errors(admin.send("new-member", code="G77", duty="king", call_sign="")).keys() == {"duty"}
    for sign in ("王小明", "13800138000", "x" * 201):
        answer = admin.send(f"staff/{member}", duty=told.members[0].role, call_sign=sign)
        assert errors(answer).keys() == {"call_sign"}, sign
    assert services.staff.calendar("sare") == before
    token = admin.token()
    for text in texts:
        form = {"code": text, "duty": "grid_officer", "call_sign": text}
        answer = admin.post("/admin/sare/new-member?lang=en", token=token, **form)
        assert answer.status_code in (303, 422), text
        assert admin.get(f"/admin/sare/postings/{len(text)}999").status_code == 404
    assert "<script>alert" not in admin.show("staff").text
    for path in ("new-member", "new-posting", f"staff/{member}", f"postings/{told.postings[0].id}"):
        assert admin.post(f"/admin/sare/{path}", **new).status_code == 403
    make_town(community_url)
    stranger = Administrator(services, "admin-6", "town")
    assert stranger.get("/admin/sare/staff").status_code == 403
    assert stranger.show(f"staff/{member}").status_code == 404
    assert stranger.show(f"postings/{told.postings[0].id}").status_code == 404
    assert stranger.send(f"postings/{told.postings[0].id}", last="").status_code == 404


def test_a_member_is_made_and_renamed(services: Services, community_url: str) -> None:
    admin = Administrator(services)
    assert admin.send("new-member", code="G77", duty="grid_officer", call_sign="").status_code == 303
    assert services.staff.member("sare", "G77").role == "grid_officer"
    for nowhere in ("a/b", ".", ".."):  # no address would lead to it
        assert errors(admin.send("new-member", code=nowhere, duty="deputy", call_sign="x")).keys() >= {"code"}, nowhere
    assert admin.send("staff/G77", duty="dispatcher", call_sign="77").status_code == 303
    assert services.staff.member("sare", "G77")[1:] == ("77", "dispatcher")
    grid = next(iter(services.staff.calendar("sare").grids))
    posting = {"member": "G77", "grid": grid, "duty": "deputy", "first": "2030-01-01", "last": ""}
    assert errors(admin.send("new-posting", **posting)).keys() == {"member"}
    assert noted(community_url, "staff_added")[0] == "admin:admin-5"
    assert admin.show("staff/none").status_code == 404


def test_a_posting_that_has_not_begun_is_taken_back_with_a_trace_and_one_that_has_is_not(
    services: Services, community_url: str
) -> None:
    admin = Administrator(services)
    told = services.staff.calendar("sare")
    began, grid, ahead = told.postings[0], next(iter(told.grids)), told.today + timedelta(days=40)
    new = {"member": told.members[0].code, "grid": grid, "duty": "deputy", "first": f"{ahead}", "last": ""}
    assert admin.send("new-posting", **new).status_code == 303
    [planned] = {one.id for one in services.staff.calendar("sare").postings} - {one.id for one in told.postings}
    assert f"postings/{planned}/withdrawal" in admin.show(f"postings/{planned}").text
    assert "withdrawal" not in admin.show(f"postings/{began.id}").text
    assert "the audit keeps that it was" in admin.show(f"postings/{planned}/withdrawal").text
    done = admin.send(f"postings/{planned}/withdrawal")
    assert "The posting is taken back." in admin.get(done.headers["Location"]).text
    assert services.staff.calendar("sare") == told
    assert noted(community_url, "posting_removed")[0] == "admin:admin-5"
    refused = admin.send(f"postings/{began.id}/withdrawal")
    assert refused.status_code == 422
    assert "It has begun and can not be taken back" in refused.text
    assert admin.send(f"postings/{planned}/withdrawal").status_code == 404
    assert services.staff.calendar("sare") == told


def test_what_was_written_when_the_session_ended_is_kept_and_sent_again(services: Services) -> None:
    admin = Administrator(services)
    token = admin.token()
    written = {"code": "G78", "duty": "grid_officer", "call_sign": "78 <b>"}
    admin.client.post("/signout", data={"token": token}, headers=OWN)
    over = admin.post("/admin/sare/new-member?lang=en", token=token, **written)
    assert over.status_code == 401
    assert "What you wrote is kept on this page." in over.text
    assert 'name="call_sign" value="78 &lt;b&gt;"' in over.text
    assert 'target="_blank"' in over.text
    # A form of another site is not held, and neither is one that no page of ours made.
    foreign = admin.post("/admin/sare/new-member?lang=en", {"Origin": "http://elsewhere"}, token=token, **written)
    assert "G78" not in foreign.text
    assert "G78" not in admin.post("/admin/sare/new-member?lang=en", **written).text
    admin.client.post("/signin", data={"login": "admin-5", "password": NEW}, headers=OWN)
    again = admin.post("/admin/sare/new-member?lang=en", token=token, **written)
    assert again.status_code == 403
    assert "Now admin-5 is signed in." in again.text
    assert f'name="token" value="{admin.token()}"' in again.text
    assert "G78" not in {one.code for one in services.staff.members("sare")}
    assert admin.send("new-member", **written | {"call_sign": "78"}).status_code == 303


def test_all_that_is_wrong_with_a_posting_or_a_member_is_told_at_once(services: Services) -> None:
    admin = Administrator(services)
    posting = {"member": "", "grid": "none", "duty": "king", "first": "x", "last": "2026-13-01"}
    assert errors(admin.send("new-posting", **posting)).keys() == posting.keys()
    assert errors(admin.send("new-member", code="", duty="king", call_sign="")).keys() == {"code", "duty"}
