"""The boundary editor in a browser: borders dragged, steps undone, refused and met by others', and put in force."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from geoservice.auth.model import Role
from geoservice.pages.words.catalogue import words
from tests.browser.conftest import Visit
from tests.browser.desk import LAPTOP, PHONE, LiveDesk, axe_script, serving_desk, sign_in
from tests.browser.phone import HOSTILE
from tests.browser.test_desk import WATCH, assert_tame
from tests.browser.test_map_page import AT
from tests.waiting import wait_until

pytestmark = pytest.mark.browser

SAID = words("editor", "en")
FIRST, SECOND = "540502001001001", "540502001001002"
#: The grids of a draft, byte by byte as the interface sends them.
GRIDS = "(number) => fetch(`/v1/editions/${number}/grids`).then((answer) => answer.text())"
#: A vertex between two grids and none else, nearest to the middle of their border.
BETWEEN = """([one, other]) => {
  const rings = (code) => geoservice.shown[code].flat(2).map(String);
  const shared = rings(one).filter((at) => rings(other).includes(at)
    && Object.values(geoservice.shown).filter((shape) => shape.flat(2).map(String).includes(at)).length === 2);
  return [...new Set(shared)][Math.floor(shared.length / 2)].split(',').map(Number);
}"""
#: Rings of what has the focus that a pane or the screen cuts off.
CUT_RINGS = """() => [...document.querySelectorAll('a[href], button, input, select, summary')].filter((one) => {
  if (!one.checkVisibility() || one.closest('.leaflet-container')) return false;
  one.focus({ focusVisible: true });
  if (document.activeElement !== one) return false;
  const { outlineWidth, outlineOffset } = getComputedStyle(one);
  const out = parseFloat(outlineWidth) + parseFloat(outlineOffset) - 0.5;
  const box = one.getBoundingClientRect();
  const isOutside = ({ left, top, right, bottom }) =>
    box.left - out < left || box.top - out < top || box.right + out > right || box.bottom + out > bottom;
  const pane = one.closest('.pane, .scroll')?.getBoundingClientRect();
  return isOutside({ left: 0, top: 0, right: innerWidth, bottom: innerHeight }) || (pane && isOutside(pane));
}).map((one) => one.id || one.outerHTML.slice(0, 80))"""


@dataclass
class Draft:
    """A draft that somebody has open."""

    seen: Visit
    desk: LiveDesk
    number: int

    @property
    def page(self) -> Page:
        return self.seen.page

    def choose(self, code: str = FIRST) -> None:
        self.page.locator(f'#impact-rows [data-grid="{code}"] button').click()
        expect(self.page.locator("#grid")).to_have_attribute("data-grid", code)

    def bytes(self) -> str:
        return str(self.page.evaluate(GRIDS, self.number))

    def vertex(self, one: str = FIRST, other: str = SECOND) -> tuple[float, float]:
        """Return a vertex of the border of two grids."""
        self.page.evaluate(
            "async (number) => { const told = await (await fetch(`/v1/editions/${number}/grids`)).json();"
            " geoservice.shown = Object.fromEntries(told.features.map((one) => [one.id, one.geometry.coordinates])); }",
            self.number,
        )
        lon, lat = self.page.evaluate(BETWEEN, [one, other])
        return lon, lat

    def drag(self, lon: float, lat: float, dx: float, dy: float) -> None:
        """Drag what is at a place by so many pixels, without snapping."""
        page = self.page
        x, y = page.evaluate(AT, [lon, lat])
        page.keyboard.down("Alt")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + dx / 2, y + dy / 2)
        page.mouse.move(x + dx, y + dy)
        page.mouse.up()
        page.keyboard.up("Alt")

    def told(self, revision: int) -> None:
        """Wait until a revision is drawn, and what it changes told."""
        expect(self.page.locator("body")).to_have_attribute("data-told", str(revision))
        expect(self.page.locator("#impact")).to_have_attribute("data-revision", str(revision))

    def households(self, code: str) -> int:
        return int(self.page.locator(f'#impact-rows [data-grid="{code}"]').get_attribute("data-households") or -1)


OpenDraft = Callable[..., Draft]


@pytest.fixture(scope="module")
def desk(cluster_url: str, community_template: str) -> Iterator[LiveDesk]:
    with serving_desk(cluster_url, community_template) as desk:
        yield desk


@pytest.fixture(scope="module")
def states(desk: LiveDesk, chromium: Browser) -> Callable[[str, Role], Any]:
    """Return what makes a context somebody's who is signed in; each signs in once."""
    kept: dict[str, Any] = {}

    def state(login: str, role: Role) -> Any:
        if login not in kept:
            context = chromium.new_context()
            page = context.new_page()
            page.goto(f"{desk.url}/signin?lang=en&next=/report")
            sign_in(page, desk, login, role)
            page.wait_for_url("**/report**")
            kept[login] = context.storage_state()
            context.close()
        return kept[login]

    return state


@pytest.fixture
def begin(desk: LiveDesk, states: Callable[[str, Role], Any], visit: Callable[..., Visit]) -> OpenDraft:
    """Begin a draft of what is in force, or open one that there is; return it."""

    def go(
        number: int | None = None, login: str = "ana", role: Role = Role.ANALYST, query: str = "lang=en", **options: Any
    ) -> Draft:
        seen = visit("about:blank", **({**LAPTOP} | {"storage_state": states(login, role)} | options))
        seen.page.add_init_script(WATCH)
        if number is None:
            seen.page.goto(f"{desk.url}/maps/sare/edit?lang=en")
            seen.page.get_by_label(SAID["title.label"]).fill("autumn")
            seen.page.get_by_role("button", name=SAID["draft.begin"]).click()
            seen.page.wait_for_url(re.compile(r"/edit/\d+"))
            number = int(re.findall(r"/edit/(\d+)", seen.page.url)[0])
        seen.page.goto(f"{desk.url}/maps/sare/edit/{number}?{query}")
        expect(seen.page.locator("body")).to_have_attribute("data-ready", "true")
        return Draft(seen, desk, number)

    return go


def owner(draft: Draft, lon: float, lat: float) -> str:
    url = f"{draft.desk.url}/v1/owner?jurisdiction=sare&lon={lon}&lat={lat}"
    return str(draft.page.request.get(url).json()["grid"]["code"])


@pytest.mark.everyday
def test_a_border_is_dragged_its_impact_read_and_what_was_read_is_published(begin: OpenDraft) -> None:
    draft = begin(login="boss", role=Role.ADMIN)  # who is told every household
    page = draft.page
    draft.choose()
    lon, lat = draft.vertex()
    before = {code: draft.households(code) for code in (FIRST, SECOND)}
    tiles = page.request.get(f"{draft.desk.url}/tiles/sare/grids.json").json()["tiles"]
    beside = (lon + 2e-4, lat)
    assert owner(draft, *beside) == SECOND

    far = page.evaluate(AT, [lon + 24e-4, lat])[0] - page.evaluate(AT, [lon, lat])[0]
    draft.drag(lon, lat, far, 0)
    draft.told(1)

    moved = page.evaluate("async (number) => (await fetch(`/v1/editions/${number}/impact`)).json()", draft.number)
    after = {one["code"]: one["after"]["households"] for one in moved["grids"]}
    assert {code: draft.households(code) for code in before} == {code: after[code] for code in before} != before
    assert sum(after.values()) == sum(one["before"]["households"] for one in moved["grids"])
    expect(page.locator("#findings-summary")).to_have_text(SAID["findings.none"])
    page.locator("#compare").click()
    expect(page.locator("#difference-list li")).to_have_count(2)
    page.locator("#note").fill("the new bridge")
    page.locator("#publish").click()
    expect(page.locator("#preview-list")).to_contain_text(SAID["kind.building"])
    page.locator("#confirm").click()
    expect(page.locator("#published")).to_be_visible()

    wait_until(lambda: owner(draft, *beside) == FIRST, "look-ups follow")
    assert page.request.get(f"{draft.desk.url}/tiles/sare/grids.json").json()["tiles"] != tiles
    told = page.evaluate("async (number) => (await fetch(`/v1/editions/${number}`)).json()", draft.number)
    assert (told["status"], told["note"]) == ("published", "the new bridge")
    stored = draft.desk.sql("SELECT grid_code, sum(households) FROM geoservice.household GROUP BY grid_code")
    assert {code: int(count) for code, count in stored if code in before} == {code: after[code] for code in before}
    assert_tame(draft.seen)


def test_steps_undone_give_back_every_byte_and_keys_do_what_the_mouse_does(begin: OpenDraft) -> None:
    draft = begin()
    page = draft.page
    draft.choose()
    states = [draft.bytes()]

    page.locator(".folium-map").focus()
    page.keyboard.press("n")
    expect(page.locator("#vertex-count")).to_contain_text("1")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    draft.told(1)
    states.append(draft.bytes())
    page.keyboard.press("n")
    page.keyboard.press("i")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    draft.told(2)
    states.append(draft.bytes())
    assert states[2].count("],[") == states[1].count("],[") + 2  # in both neighbours
    page.keyboard.press("n")
    page.keyboard.press("Delete")
    draft.told(3)
    states.append(draft.bytes())
    assert states[3].count("],[") == states[2].count("],[") - 2
    for revision, state in ((4, 2), (5, 1), (6, 0)):
        page.keyboard.press("Control+z")
        draft.told(revision)
        assert draft.bytes() == states[state]
    page.keyboard.press("Control+y")
    draft.told(7)
    assert draft.bytes() == states[1]
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    page.locator("#undo").click()
    draft.told(8)
    assert draft.bytes() == states[0]
    assert_tame(draft.seen)


def test_a_refused_step_says_where_and_why_and_changes_nothing(begin: OpenDraft) -> None:
    draft = begin()
    page = draft.page
    draft.choose()
    before, (lon, lat) = draft.bytes(), draft.vertex()

    draft.drag(lon, lat, -900, 0)

    expect(page.locator("#hint.bad")).to_contain_text("grid", ignore_case=True)
    expect(page.locator("#hint")).to_have_attribute("data-refused", "422")
    assert draft.bytes() == before
    expect(page.locator("#saved")).to_have_text(SAID["unsaved"])
    page.get_by_role("button", name=SAID["refused.close"]).click()
    expect(page.locator("#hint")).to_be_hidden()
    chinese = begin(draft.number, query="lang=zh")
    chinese.choose()
    chinese.drag(lon, lat, -900, 0)
    expect(chinese.page.locator("#hint.bad")).to_contain_text("请少移一些")
    expect(chinese.page.locator("#hint .detail")).to_have_count(0)  # nothing in another language
    # An unselected border is no handle: the map moves, the draft does not.
    page.evaluate("void geoservice.map.setZoom(17, { animate: false })")
    other = draft.vertex("540502001001007", "540502001001008")
    page.evaluate("([lon, lat]) => void geoservice.map.setView([lat, lon], 17, { animate: false })", [*other])
    draft.drag(*other, 60, 40)
    expect(page.locator("body")).to_have_attribute("data-revision", "0")
    assert draft.bytes() == before
    draft.seen.refused.clear()
    draft.seen.errors.clear()
    assert_tame(draft.seen)


def test_a_grid_is_split_by_keys_renamed_and_merged_again(begin: OpenDraft) -> None:
    draft = begin()
    page = draft.page
    draft.choose("540502001001004")
    page.locator(".folium-map").focus()

    page.keyboard.press("s")
    expect(page.locator("#hint")).to_contain_text(SAID["line.end"])
    for _ in range(7):
        page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press(" ")
    for _ in range(15):
        page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press(" ")
    expect(page.locator("body")).to_have_attribute("data-points", "2")
    page.keyboard.press("Enter")
    draft.told(1)
    rows = page.locator("#impact-rows tr")
    expect(rows).to_have_count(9)
    expect(page.locator("#impact-rows .state.new")).to_have_count(1)
    parts = SAID["and"].join(("540502001001004", "540502001001004-2"))  # and not the neighbours that got a vertex
    expect(page.locator("#hint")).to_have_text(SAID["split.done"].format(grids=parts))

    draft.choose("540502001001004-2")
    page.get_by_text(SAID["recode"], exact=True).click()
    page.locator("#recode-code").fill("540502001001009")
    page.locator("#recode-name").fill(HOSTILE)
    page.locator("#recode button").click()
    draft.told(2)
    expect(page.locator("#grid-title")).to_contain_text("<img src=x")
    expect(page.locator('#impact-rows [data-grid="540502001001009"]')).to_contain_text("<img src=x")
    assert page.evaluate("document.body.dataset.broken") is None
    draft.choose("540502001001004")
    page.locator("#neighbour").select_option("540502001001009")
    page.locator("#merge").click()
    draft.told(3)
    expect(rows).to_have_count(8)
    assert_tame(draft.seen)


def test_two_at_one_draft_lose_nothing_in_silence(begin: OpenDraft) -> None:
    mine = begin()
    theirs = begin(mine.number, login="bob")
    for one in (mine, theirs):
        one.choose()
    (lon, lat), page = mine.vertex(), mine.page
    page.route(f"**/v1/editions/{mine.number}", lambda route: route.abort())  # has not looked meanwhile

    theirs.drag(lon, lat, 40, 0)
    theirs.told(1)
    mine.drag(lon, lat, -40, 0)

    expect(page.locator("#conflict")).to_contain_text(SAID["conflict.met"])
    expect(page.locator("#conflict")).to_contain_text("bob")
    expect(page.locator("body")).to_have_attribute("data-revision", "1")
    assert mine.bytes() == theirs.bytes()
    page.unroute(f"**/v1/editions/{mine.number}")
    # What the other does next is seen without asking, and the choice stays.
    for revision, keys in ((2, "Control+z"), (3, "Control+y")):
        theirs.page.keyboard.press(keys)
        theirs.told(revision)
    expect(page.locator("body")).to_have_attribute("data-revision", "3")
    expect(page.locator("#conflict")).to_contain_text(SAID["verb.redo"])
    page.get_by_role("button", name=SAID["conflict.again"]).click()  # its vertex has gone elsewhere: told, not guessed
    expect(page.locator("#hint.bad")).to_be_visible()
    theirs.page.keyboard.press("Control+z")
    expect(page.locator("body")).to_have_attribute("data-revision", "4")
    expect(page.locator("#conflict")).to_contain_text(SAID["conflict.taken"])
    mine.drag(lon, lat, -40, 0)
    mine.told(5)
    expect(theirs.page.locator("body")).to_have_attribute("data-revision", "5")
    assert mine.bytes() == theirs.bytes()
    theirs.seen.assert_quiet()


def test_a_step_that_nobody_answered_is_looked_for_or_kept(begin: OpenDraft, desk: LiveDesk) -> None:
    draft = begin(login="eve")
    page, conflict = draft.page, draft.page.locator("#conflict")
    draft.choose()
    lon, lat = draft.vertex()
    page.route("**/move-vertex", lambda route: (route.fetch(), route.abort()), times=1)  # taken; its answer is lost
    draft.drag(lon, lat, 30, 0)
    expect(conflict).to_contain_text(SAID["conflict.was_taken"])
    draft.told(1)
    expect(page.locator("#saved")).to_have_text(SAID["saved"])

    page.keyboard.press("Control+z")
    draft.told(2)
    page.route("**/move-vertex", lambda route: route.abort(), times=1)  # never came
    draft.drag(lon, lat, 30, 0)
    expect(conflict).to_contain_text(SAID["conflict.untaken"])
    expect(page.locator("#saved")).to_have_text(SAID["unsaved"])
    again = page.get_by_role("button", name=SAID["conflict.again"])
    again.click()
    draft.told(3)
    expect(conflict).to_be_hidden()

    page.context.clear_cookies()
    page.keyboard.press("Control+z")
    with page.context.expect_page() as opened:
        page.locator("#hint").get_by_role("link", name=SAID["refused.sign_in"]).click()
    sign_in(opened.value, desk, "eve", Role.ANALYST)
    opened.value.wait_for_url(lambda url: "/signin" not in url)
    again.click()  # by another session, whose token the page learns
    draft.told(4)
    draft.seen.refused.clear()
    draft.seen.errors.clear()


def test_what_is_held_is_kept_while_an_answer_comes_in(begin: OpenDraft) -> None:
    draft = begin()
    page = draft.page
    draft.choose()
    lon, lat = draft.vertex()
    waiting: list[Route] = []
    page.route("**/move-vertex", lambda route: waiting.append(route), times=1)
    draft.drag(lon, lat, 12, 0)
    x, y = page.evaluate(AT, list(draft.vertex(FIRST, "540502001001005")))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 12)
    wait_until(lambda: bool(waiting), "the step is asked for")
    waiting[0].continue_()
    draft.told(1)
    page.mouse.up()
    draft.told(2)

    page.keyboard.press("s")
    page.locator(".folium-map").click(position={"x": 300, "y": 300})
    expect(page.locator("body")).to_have_attribute("data-points", "1")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.reload()
    assert asked == ["beforeunload"]
    assert_tame(draft.seen)


def test_where_four_eyes_are_wanted_it_is_asked_for_and_somebody_else_publishes(
    begin: OpenDraft, desk: LiveDesk
) -> None:
    desk.sql("UPDATE geoservice.jurisdiction SET four_eyes = true")
    try:
        draft = begin()
        page = draft.page
        draft.choose()
        draft.drag(*draft.vertex(), 30, 0)
        draft.told(1)
        expect(page.locator("#publish")).to_be_hidden()
        expect(page.locator("#publish-state .waits")).to_have_text(SAID["publish.own"])
        page.locator("#note").fill("the new school")
        page.locator("#ask").click()
        expect(page.locator("#publish-state .asked")).to_contain_text("ana")

        other = begin(draft.number, login="pub", role=Role.PUBLISHER)
        expect(other.page.locator(".closed")).to_contain_text(SAID["read_only"])
        expect(other.page.locator("#undo")).to_have_count(0)
        expect(other.page.locator("#publish-state")).to_contain_text("the new school")
        other.page.locator("#publish").click()
        other.page.locator("#confirm").click()
        expect(other.page.locator("#published")).to_be_visible()
        expect(other.page.locator("#publish")).to_be_hidden()
        expect(page.locator("#conflict")).to_contain_text(SAID["status.published"])
        expect(page.locator("#grid-forms")).to_be_hidden()
        expect(page.locator("#saved")).to_have_text(SAID["published"])
        assert_tame(other.seen)
    finally:
        desk.sql("UPDATE geoservice.jurisdiction SET four_eyes = false")


def test_gaps_are_drawn_told_and_mended(begin: OpenDraft) -> None:
    draft = begin()
    draft.desk.sql(
        "UPDATE geoservice.grid SET geom = st_multi(st_buffer(geom, -1e-6, 'join=mitre'))"
        " WHERE edition_id = %s AND code = %s", draft.number, FIRST,
    )  # fmt: skip
    page = draft.page
    expect(page.locator("body")).to_have_attribute("data-told", "1")
    expect(page.locator("#findings-list .finding.error").first).to_be_visible()

    page.locator('#findings-list [data-rule="gap"]').get_by_role("button", name=SAID["finding.mend"]).first.click()

    expect(page.locator("body")).to_have_attribute("data-told", "2")
    expect(page.locator("#findings")).to_have_attribute("data-errors", "0")
    assert_tame(draft.seen)


def test_borders_are_proposed_and_taken_over_whole_or_one_by_one(begin: OpenDraft) -> None:
    draft = begin(login="boss", role=Role.ADMIN)
    page, before = draft.page, draft.bytes()
    page.locator("#propose-box summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#propose-least")).to_have_value("300")
    page.locator("#propose-count").fill("9")
    page.locator("#propose-least").fill("250")
    page.keyboard.press("Enter")

    rows = page.locator("#proposal-rows tr")
    expect(rows).to_have_count(9)
    expect(page.locator("body")).to_have_attribute("data-revision", "0")
    assert draft.bytes() == before
    new = page.locator("#proposal-rows tr", has=page.locator(".state.new"))
    code = new.get_attribute("data-grid") or ""
    new.get_by_role("checkbox").check()
    page.locator("#proposal-some").click()
    draft.told(1)
    expect(page.locator(f'#impact-rows [data-grid="{code}"]')).to_be_visible()
    expect(page.locator("#findings")).to_have_attribute("data-errors", "0")
    # What is left of it is proposed anew, beside the draft as it is now.
    expect(page.locator(f'#proposal-rows [data-grid="{code}"] input')).to_be_disabled()
    told = dict(
        page.evaluate(
            "[...document.querySelectorAll('#proposal-rows tr')]"
            ".map((one) => [one.dataset.grid, one.cells[3].textContent.trim()])"
        )
    )
    page.locator("#proposal-all").click()
    draft.told(2)
    expect(page.locator("#proposal")).to_be_hidden()
    assert {one: str(draft.households(one)) for one in told} == {one: number.split()[0] for one, number in told.items()}
    expect(page.locator("#steps")).to_contain_text(SAID["verb.take-proposal"])
    for revision in (3, 4):
        page.keyboard.press("Control+z")
        draft.told(revision)
    assert draft.bytes() == before
    draft.choose()
    page.locator("#propose-split").click()  # of 250 it can not be cut, said with the numbers
    expect(page.locator("#hint.bad")).to_be_visible()
    draft.seen.refused.clear()
    draft.seen.errors.clear()
    assert_tame(draft.seen)


def test_a_gap_is_given_to_a_grid_or_to_nobody_by_name(begin: OpenDraft) -> None:
    draft = begin()
    draft.desk.sql(
        "UPDATE geoservice.grid SET geom = st_multi(st_difference(geom, st_buffer(st_pointonsurface(geom), 2e-4)))"
        " WHERE edition_id = %s AND code IN (%s, %s)", draft.number, FIRST, SECOND,
    )  # fmt: skip
    page = draft.page
    gaps = page.locator('#findings-list [data-rule="gap"]')
    expect(gaps).to_have_count(2)

    gaps.first.get_by_role("button", name=SAID["decide"]).click()
    expect(gaps.first.locator("select")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("the fence stands there")
    page.keyboard.press("Enter")
    expect(gaps).to_have_count(1)
    expect(page.locator("#findings-list [data-rule=decided]")).to_contain_text("the fence stands there")
    gaps.get_by_role("button", name=SAID["decide"]).click()
    gaps.locator("select").select_option(label=SAID["decide.nobody"])
    gaps.get_by_label(SAID["decide.code"]).fill("pond")
    gaps.get_by_label(SAID["decide.reason"]).fill("a pond")
    gaps.get_by_role("button", name=SAID["decide.do"]).click()
    expect(page.locator("#findings")).to_have_attribute("data-errors", "0")
    unowned = page.locator("#findings-list [data-rule=unowned]")
    expect(unowned).to_contain_text("a pond")
    unowned.get_by_role("button", name=SAID["own"]).click()
    expect(unowned).to_have_count(0)
    assert_tame(draft.seen)


def test_another_draft_is_looked_at_and_taken_in(begin: OpenDraft) -> None:
    draft = begin()
    draft.choose()
    draft.drag(*draft.vertex(), 30, 0)
    draft.told(1)

    other = begin(login="bob")
    page = other.page
    mine = page.locator("#others li").filter(has_text=SAID["draft.number"].format(n=draft.number))
    mine.get_by_role("button", name=SAID["other.look"]).click()
    expect(page.locator("#difference-list li")).to_have_count(2)
    mine.get_by_role("button", name=SAID["other.take"]).click()
    other.told(1)

    assert other.bytes() == draft.bytes()
    assert_tame(other.seen)


def test_what_was_published_is_looked_at_and_not_changed(begin: OpenDraft) -> None:
    whole = begin(1)

    expect(whole.page.locator(".closed")).to_contain_text("draft")
    whole.page.locator(".folium-map").click(position={"x": 200, "y": 200})
    expect(whole.page.locator("#grid")).to_be_visible()
    expect(whole.page.locator("#grid-forms")).to_be_hidden()
    expect(whole.page.locator("#undo, #steps")).to_have_count(0)
    assert_tame(whole.seen)


def test_who_may_not_is_told_so(
    desk: LiveDesk, states: Callable[[str, Role], Any], visit: Callable[..., Visit]
) -> None:
    seen = visit("about:blank", storage_state=states("disp", Role.DISPATCHER))
    answer = seen.page.goto(f"{desk.url}/maps/sare/edit/1?lang=en")

    assert answer is not None and answer.status == 403
    expect(seen.page.locator("main")).to_contain_text(words("shell", "en")["error.403.detail"])
    seen.page.goto(f"{desk.url}/maps/sare?lang=en")
    expect(seen.page.locator("#edit")).to_have_count(0)
    for path in ("9999", "x", "99999999999999999999", "1%27"):
        assert seen.page.request.get(f"{desk.url}/maps/sare/edit/{path}").status in (403, 404)
    stranger = visit(f"{desk.url}/maps/sare/edit?lang=en").page
    expect(stranger.locator("#password")).to_be_visible()


@pytest.mark.parametrize(("lang", "scheme", "size"), [
    pytest.param("zh", "dark", LAPTOP, id="zh-dark"), pytest.param("en", "light", LAPTOP, id="en-light"),
    pytest.param("zh", "light", PHONE, id="zh-phone"),
])  # fmt: skip
def test_axe_finds_nothing(begin: OpenDraft, lang: str, scheme: str, size: dict[str, int]) -> None:
    draft = begin(**size, color_scheme=scheme, bypass_csp=True, query=f"lang={lang}&grid={FIRST}&compare=true")
    page = draft.page
    page.evaluate(axe_script())

    def found() -> list[str]:
        told = page.evaluate("axe.run()")
        return [f"{one['id']}: {one['nodes'][0]['html']:.100}" for one in told["violations"]]

    assert found() == []
    assert page.evaluate(CUT_RINGS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if size is PHONE:
        expect(page.locator(".on-phone")).to_have_text(words("editor", "zh")["phone"])
        for number in (0, 1):
            page.locator(".tabs button").nth(number).click()
            assert found() == []
            assert page.evaluate(CUT_RINGS) == []
        expect(page.locator("#grid-forms")).to_be_hidden()
    else:
        page.locator(".folium-map").focus()
        page.keyboard.press("n")
        expect(page.locator("#vertex-moves")).to_be_visible()
        for box in ("#propose-box", "#disown-box", "#grid-forms details:first-of-type"):
            page.locator(f"{box} summary").first.click()
        page.locator("#propose button").click()
        expect(page.locator("#proposal")).to_be_visible()
        assert found() == []
        assert page.evaluate(CUT_RINGS) == []
    page.goto(f"{draft.desk.url}/maps/sare/edit?lang={lang}")
    page.evaluate(axe_script())
    assert found() == []
