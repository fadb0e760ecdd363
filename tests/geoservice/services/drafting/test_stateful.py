"""Whatever is done to drafts, in whatever order: every place has one owner, and what was answered stays answered."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from psycopg import sql
from shapely import LineString

from geoservice.auth.model import LoginRole
from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.errors import DraftsOfDifferentBases, MergeConflict, NothingToRedo, NothingToUndo
from geoservice.services.drafting.model import Edited
from geoservice.services.logins import LoginLimits, grant_login, revoke_login
from layers.crs import Position
from layers.errors import PublishedMeanwhile, RefusedByDatabase
from layers.grids.model import GridShape, has_errors
from tests.geoservice.services.drafting.world import OUTLINE, Publication, State, World, shapes_of
from tests.places import UNIT

WHICH = st.integers(0, 15)
SHARE = st.integers(0, 100).map(lambda percent: percent / 100)
OFFSET = st.integers(-80, 80).map(lambda tick: tick * UNIT / 16)
WHEN = st.sampled_from(["now", "now", "before", "long before", "to come"])
TOLERANCE_M = 1.0


@dataclass
class Model:
    """A draft as it must be, and as it must become when steps are taken back or done again."""

    base: int
    now: State
    done: list[State] = field(default_factory=list)
    undone: list[State] = field(default_factory=list)


class Drafting(RuleBasedStateMachine):
    """Two drafts of a town at most, edited, merged, rebased and published."""

    world: ClassVar[World]

    @initialize()
    def found(self) -> None:
        """Begin with nine squares in force."""
        self.town = self.world.new_town()
        self.models: dict[int, Model] = {}
        self.names = 0
        self.town.look()

    @precondition(lambda self: len(self.models) < 2)
    @rule(older=st.booleans(), which=WHICH)
    def draw(self, older: bool, which: int) -> None:
        """Make a draft of what was published last, or of anything before: a revert."""
        source = self.town.publications[which % len(self.town.publications)].edition_id if older else None
        draft = self.world.drafts.create(self.town.code, title="drawn", from_edition=source)
        state = self.world.state(draft.id)
        assert state == self.world.state(source or self.town.latest)
        self.models[draft.id] = Model(self.town.latest, state)

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH, turn=SHARE, large=st.booleans())
    def split(self, draft: int, which: int, turn: float, large: bool) -> None:
        """Cut a grid along a line through its middle."""
        number, code, shape = self._grid(draft, which)
        middle = shapely.point_on_surface(shape)
        x, y = np.cos(turn * np.pi) / 4, np.sin(turn * np.pi) / 4
        line = LineString([(middle.x - x, middle.y - y), (middle.x + x, middle.y + y)])
        codes = (code, self._name()) if large else None
        self._edit(number, lambda: self.world.drafts.split(number, code, line, codes=codes, revision=None))

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH, other=WHICH, new=st.booleans())
    def merge(self, draft: int, which: int, other: int, new: bool) -> None:
        """Make one of two neighbours."""
        number, code, _ = self._grid(draft, which)
        if beside := self._neighbours(number, code):
            codes = [code, beside[other % len(beside)]]
            into = self._name() if new else codes[0]
            self._edit(number, lambda: self.world.drafts.merge(number, codes, into, revision=None))

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH, corner=WHICH, half=st.booleans(), x=OFFSET, y=OFFSET)
    def move_vertex(self, draft: int, which: int, corner: int, half: bool, x: float, y: float) -> None:
        """Move a corner, or bend an edge in its middle."""
        number, _, shape = self._grid(draft, which)
        ring = shapely.get_coordinates(shapely.get_parts(shape)[0].exterior)
        at = ring[corner % (len(ring) - 1)]
        if half:
            at = (at + ring[corner % (len(ring) - 1) + 1]) / 2
        start, goal = Position(*at.tolist()), Position(float(at[0] + x), float(at[1] + y))
        self._edit(
            number,
            lambda: self.world.drafts.move_vertex(number, start, goal, tolerance_m=TOLERANCE_M, revision=None),
        )

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH, other=WHICH, x=OFFSET, y=OFFSET)
    def redraw_border(self, draft: int, which: int, other: int, x: float, y: float) -> None:
        """Draw the border of two neighbours with a bend."""
        number, code, shape = self._grid(draft, which)
        if beside := self._neighbours(number, code):
            neighbour = beside[other % len(beside)]
            shared = shapely.get_coordinates(shape.intersection(shapes_of(self.models[number].now)[neighbour]))
            first, last = shared[0], shared[-1]
            line = LineString([first, (first + last) / 2 + (x, y), last])
            self._edit(
                number,
                lambda: self.world.drafts.redraw_border(number, (code, neighbour), line, revision=None),
            )

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH)
    def recode(self, draft: int, which: int) -> None:
        """Give a grid another code."""
        number, code, _ = self._grid(draft, which)
        new = self._name()
        self._edit(number, lambda: self.world.drafts.recode(number, code, new, revision=None))

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH)
    def put_the_same(self, draft: int, which: int) -> None:
        """Send a grid again as it is."""
        number, code, shape = self._grid(draft, which)
        before = self.models[number].now
        grid = GridShape(code, before[code][0], None, None, shape)
        self._edit(number, lambda: self.world.drafts.put(number, grid, revision=None))
        assert self.models[number].now == before

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH, code=st.booleans())
    def edit_straight(self, draft: int, which: int, code: bool) -> None:
        """Name a grid by SQL, with a login of one's own."""
        number, old, _ = self._grid(draft, which)
        new, column = self._name(), "code" if code else "name"
        self.world.analyst.execute(
            f"UPDATE geoservice.draft_grid SET {column} = %s WHERE edition_id = %s AND code = %s".encode(),  # noqa: S608
            [new, number, old],
        )
        expected = dict(self.models[number].now)
        name, shape = expected.pop(old)
        expected |= {new: (name, shape)} if code else {old: (new, shape)}
        self._stepped(number, expected)

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, which=WHICH)
    def leave_a_gap(self, draft: int, which: int) -> None:
        """Take a grid away by SQL: the gate says so, nothing is published, and undo mends it."""
        number, code, _ = self._grid(draft, which)
        self.world.analyst.execute(
            "DELETE FROM geoservice.draft_grid WHERE edition_id = %s AND code = %s", [number, code]
        )
        self._stepped(number, {one: grid for one, grid in self.models[number].now.items() if one != code})
        assert has_errors(self.world.editions.validate(number))
        with pytest.raises(RefusedByDatabase):
            self.world.editions.publish(number)
        self.undo(draft)
        self.edit_straight(draft, which, code=False)  # the gap can not be redone then

    @precondition(lambda self: self.models)
    @rule(draft=WHICH)
    def undo(self, draft: int) -> None:
        """Take the last step back."""
        number, model = self._draft(draft)
        if not model.done:
            with pytest.raises(NothingToUndo):
                self.world.drafts.undo(number, revision=None)
            return
        self.world.drafts.undo(number, revision=None)
        model.undone.append(model.now)
        model.now = model.done.pop()
        assert self.world.state(number) == model.now

    @precondition(lambda self: self.models)
    @rule(draft=WHICH)
    def redo(self, draft: int) -> None:
        """Do the step again that was taken back last."""
        number, model = self._draft(draft)
        if not model.undone:
            with pytest.raises(NothingToRedo):
                self.world.drafts.redo(number, revision=None)
            return
        self.world.drafts.redo(number, revision=None)
        model.done.append(model.now)
        model.now = model.undone.pop()
        assert self.world.state(number) == model.now

    @precondition(lambda self: len(self.models) == 2)
    @rule(draft=WHICH, theirs=st.booleans())
    def merge_draft(self, draft: int, theirs: bool) -> None:
        """Take over what the other draft changed."""
        number, model = self._draft(draft)
        [other] = set(self.models) - {number}
        if model.base != self.models[other].base:
            with pytest.raises(DraftsOfDifferentBases):
                self.world.drafts.merge_draft(number, other, revision=None)
            return
        side = "theirs" if theirs else "ours"
        try:
            edited = self.world.drafts.merge_draft(number, other, revision=None)
        except MergeConflict as conflict:
            assert self.world.state(number) == model.now
            settle = {code: side for one in conflict.conflicts for code in one.codes}
            self._merged(number, lambda: self.world.drafts.merge_draft(number, other, settle=settle, revision=None))
            return
        self._told(number, edited)

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, theirs=st.booleans())
    def rebase(self, draft: int, theirs: bool) -> None:
        """Draw a draft anew from what was published last."""
        number, model = self._draft(draft)
        side = "theirs" if theirs else "ours"
        if model.base == self.town.latest:
            assert self.world.drafts.rebase(number, revision=None).put == ()
            assert self.world.state(number) == model.now
            return
        try:
            edited = self.world.drafts.rebase(number, revision=None)
        except MergeConflict as conflict:
            assert self.world.state(number) == model.now
            settle = {code: side for one in conflict.conflicts for code in one.codes}
            if not self._merged(number, lambda: self.world.drafts.rebase(number, settle=settle, revision=None)):
                return
        else:
            self._told(number, edited)
        model.base = self.town.latest
        model.done.clear()  # the steps before it were made on other grids
        model.undone.clear()

    @precondition(lambda self: self.models)
    @rule(draft=WHICH, when=WHEN, seen=st.booleans())
    def publish(self, draft: int, when: str, seen: bool) -> None:
        """Put a draft in force now, from an earlier day on as a correction, or for a day to come."""
        number, model = self._draft(draft)
        errors = [one for one in self.world.editions.validate(number) if one.severity == "error"]
        assert {one.rule for one in errors} <= {"reused-code"}, [one.message for one in errors]
        day = timedelta(days={"now": 0, "before": -400, "long before": -4000, "to come": 30}[when])
        starts = self.world.clock() + day if day else None
        preview = self.world.editions.preview(number, valid_from=starts).preview.id if seen else None
        try:
            published = self.world.editions.publish(number, valid_from=starts, preview_id=preview).edition
        except PublishedMeanwhile:
            assert model.base != self.town.latest
            self.town.look()
            return
        except RefusedByDatabase as refused:
            assert "severity error" in refused.message
            assert errors
            assert self._wanders(model)
            return
        assert not errors
        assert model.base == self.town.latest
        assert self.world.state(number) == model.now
        assert published.valid_from is not None
        del self.models[number]
        self.town.publications.append(Publication(number, published.valid_from, shapes_of(model.now)))
        self.town.look()
        self.town.remember()

    def _draft(self, which: int) -> tuple[int, Model]:
        number = sorted(self.models)[which % len(self.models)]
        return number, self.models[number]

    def _grid(self, draft: int, which: int) -> tuple[int, str, shapely.MultiPolygon]:
        number, model = self._draft(draft)
        code = sorted(model.now)[which % len(model.now)]
        return number, code, shapes_of(model.now)[code]

    def _neighbours(self, number: int, code: str) -> list[str]:
        shapes = shapes_of(self.models[number].now)
        own = shapes.pop(code)
        return sorted(one for one, shape in shapes.items() if own.intersection(shape).length > 0)

    def _name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def _edit(self, number: int, edit: Callable[[], Edited]) -> None:
        try:
            edited = edit()
        except EditRefused:
            assert self.world.state(number) == self.models[number].now
            return
        self._told(number, edited)
        whole = shapely.coverage_union_all(list(shapes_of(self.models[number].now).values()))
        assert whole.symmetric_difference(OUTLINE).area <= 1e-12 * OUTLINE.area

    def _merged(self, number: int, merge: Callable[[], Edited]) -> bool:
        """Merge what conflicts were settled of; True when no other was found then."""
        try:
            edited = merge()
        except MergeConflict:
            assert self.world.state(number) == self.models[number].now
            return False
        self._told(number, edited)
        return True

    def _told(self, number: int, edited: Edited) -> None:
        """Look whether an edit did what it says that it did, and no more."""
        assert edited.edition.id == number
        if not edited.removed and not edited.put:  # no step
            assert self.world.state(number) == self.models[number].now
            return
        expected = {code: grid for code, grid in self.models[number].now.items() if code not in edited.removed}
        shapes = {grid.code: shapely.to_wkb(shapely.set_srid(grid.geom, 4326), hex=True, include_srid=True)
                  for grid in edited.put}  # fmt: skip
        self._stepped(number, expected | {grid.code: (grid.name, shapes[grid.code]) for grid in edited.put})

    def _stepped(self, number: int, expected: State) -> None:
        model = self.models[number]
        assert self.world.state(number) == expected
        model.done.append(model.now)
        model.undone.clear()
        model.now = expected

    def _wanders(self, model: Model) -> bool:
        """Tell whether a code names another place than the last grid of that code."""
        shapes, last = shapes_of(model.now), {}
        for publication in self.town.publications:
            last.update(publication.shapes)
        return any(code in last and not shapely.relate_pattern(last[code], shapes[code], "T********")
                   for code in shapes)  # fmt: skip


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    login = f"stateful_{os.getpid()}"
    grant_login(database_url, login, LoginRole.ANALYST, LoginLimits(10, 60, 600))
    try:
        with psycopg.connect(database_url, autocommit=True) as analyst:
            analyst.execute(sql.SQL("SET SESSION AUTHORIZATION {}").format(sql.Identifier(login)))
            world = World(database_url, analyst)
            yield world
            world.close()
    finally:
        revoke_login(database_url, login)


def run(world: World, examples: int, steps: int, *, always_the_same: bool) -> None:
    machine = type("DraftingHere", (Drafting,), {"world": world})
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=always_the_same,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate] if os.environ.get("NOSHRINK") else list(Phase),
    )
    run_state_machine_as_test(machine, settings=how)


def test_drafts_in_any_order(world: World) -> None:
    run(world, 8, 20, always_the_same=True)


@pytest.mark.prove
def test_drafts_in_any_order_for_long(world: World) -> None:
    run(world, 80, 40, always_the_same=False)
