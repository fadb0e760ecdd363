"""What a publication would change for people at work: moves, and the load of each grid before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from geoservice.domain.small_counts import is_small, neighbourhoods_of
from geoservice.domain.validating.norms import Balance, balance_of
from layers.buildings.layer import BUILDINGS
from layers.grids.model import Decision, Edition, EditionOutline, GridShape, ReassignedCode
from layers.households.layer import HOUSEHOLDS
from layers.households.model import HouseholdPlace
from layers.incidents.layer import INCIDENTS
from layers.jurisdictions.model import Jurisdiction, Reroute
from layers.staff.model import Officer, Posting
from layers.summaries.previews import UNDECIDED, Move, Preview, Workload

Advice = Literal["validate-edition", "look-at-findings", "rebase-edition", "import-again", "confirm-outline"]


@dataclass(frozen=True)
class PublishBlocker:
    """Why a draft can not be published as it stands, and what to do: codes that each door has its own words for."""

    code: Literal["not-validated", "errors-found", "published-since"]
    advice: Advice
    #: What the words speak of.
    values: Mapping[str, object]


@dataclass(frozen=True)
class Impact:
    """A preview with what it means."""

    preview: Preview
    #: Of each grid that gains or loses something, by code.
    before: tuple[Workload, ...]
    after: tuple[Workload, ...]
    #: GeoJSON geometries by kind and id; households, which are counts, have none.
    places: Mapping[tuple[str, str], str]
    #: Who serves, today, a grid that would be no more.
    leaving: tuple[Posting, ...]
    #: Codes of new grids that nobody is posted to as grid officer or deputy.
    unstaffed: tuple[str, ...]
    #: What becomes of open incidents whose place gets another grid.
    reroute: Reroute
    #: Why the draft can not be published as it stands; empty when it can.
    blockers: tuple[PublishBlocker, ...] = ()
    #: Codes that would name another place, by code.
    reassigned: tuple[ReassignedCode, ...] = ()
    #: The outline it would have, beside the one before; None: not looked at.
    outline: EditionOutline | None = None
    #: Gaps and overlaps that somebody gave away, the first first.
    decisions: tuple[Decision, ...] = ()
    #: Who had a hand in the draft, as histories name them.
    drawn_by: tuple[str, ...] = ()
    #: Whether somebody else has to publish it.
    four_eyes: bool = False


@dataclass(frozen=True)
class GridImpact:
    """What a grid has to look after now, and what it would have when a draft is put in force."""

    code: str
    name: str
    name_en: str | None
    #: None: there is no such grid in force.
    before: Workload | None
    #: None: there would be no such grid.
    after: Workload | None
    #: Whether it would have as many households as its jurisdiction wants; None: not told, or there would be none.
    balance: Balance | None
    #: Who serves it today, the grid officer first.
    officers: tuple[Officer, ...]


@dataclass(frozen=True)
class EditionImpact:
    """What a draft would change, for every grid: rehearsed, and not kept."""

    edition: Edition
    households_min: int
    households_max: int
    grids: tuple[GridImpact, ...]
    #: Everything that would have another grid.
    moves: tuple[Move, ...]
    blockers: tuple[PublishBlocker, ...]
    drawn_by: tuple[str, ...]
    four_eyes: bool
    #: Whether households are counted one by one; else by neighbourhoods, each of which goes with its largest building.
    is_exact: bool
    #: Whether whoever asks may not publish it, having a hand in it where four eyes are wanted.
    is_own: bool


@dataclass(frozen=True)
class Flow:
    """How much of one kind goes from one grid to another."""

    #: None: nobody's.
    from_grid: str | None
    to_grid: str | None
    kind: str
    count: int
    #: Of households; None: not told of a draft.
    residents: int
    floating: int | None


def grids_concerned(moves: Sequence[Move]) -> list[str]:
    """Return the codes of the grids that gain or lose something, in order."""
    return sorted({code for move in moves for code in (move.from_grid, move.to_grid) if code is not None})


def publish_blockers(draft: Edition, latest: int | None) -> tuple[PublishBlocker, ...]:
    """Return why a draft can not be published as it stands; `latest` was published last."""
    found = []
    if not draft.validated:
        found.append(PublishBlocker("not-validated", "validate-edition", {"edition": draft.id}))
    elif draft.error_count:
        values = {"edition": draft.id, "errors": draft.error_count}
        found.append(PublishBlocker("errors-found", "look-at-findings", values))
    if latest is not None and latest != draft.base_id:
        advice: Advice = "import-again" if draft.base_id is None else "rebase-edition"
        found.append(PublishBlocker("published-since", advice, {"edition": draft.id, "latest": latest}))
    return tuple(found)


def flows(moves: Sequence[Move]) -> tuple[Flow, ...]:
    """Return moves summed by where from, where to and kind."""
    keys = [(move.from_grid, move.to_grid, move.kind) for move in moves]
    untold = {
        key for key, move in zip(keys, moves, strict=True) if move.kind == HOUSEHOLDS.table and move.floating is None
    }
    counts: Counter[tuple[str | None, str | None, str]] = Counter()
    residents: Counter[tuple[str | None, str | None, str]] = Counter()
    floating: Counter[tuple[str | None, str | None, str]] = Counter()
    for key, move in zip(keys, moves, strict=True):
        counts[key] += 1 if move.households is None else move.households
        residents[key] += move.residents or 0
        floating[key] += move.floating or 0
    return tuple(
        Flow(*key, counts[key], residents[key], None if key in untold else floating[key])
        for key in sorted(counts, key=lambda key: tuple(part or "" for part in key))
    )


def workloads_after(before: Sequence[Workload], moves: Sequence[Move]) -> tuple[Workload, ...]:
    """Return what each grid has to look after when everything has moved."""
    after = {load.code: load for load in before}
    for move in moves:
        for code, sign in ((move.from_grid, -1), (move.to_grid, 1)):
            if code in after:
                after[code] = _with(after[code], move, sign)
    return tuple(after[load.code] for load in before)


def _with(load: Workload, move: Move, sign: int) -> Workload:
    if move.kind == HOUSEHOLDS.table:
        return replace(
            load, households=_added(load.households, sign, move.households),
            residents=_added(load.residents, sign, move.residents),
            floating=_added(load.floating, sign, move.floating),
        )  # fmt: skip
    if move.kind == "incident":
        return replace(load, in_hand=load.in_hand + sign)
    return load


def _added(count: int | None, sign: int, moved: int | None) -> int | None:
    return None if count is None or moved is None else count + sign * moved


def impact_of_grids(
    grids: Sequence[GridShape], old: Collection[str], loads: Sequence[Workload], moves: Sequence[Move],
    posted: Sequence[Posting], jurisdiction: Jurisdiction,
) -> tuple[GridImpact, ...]:  # fmt: skip
    """Return what becomes of each grid, by code.

    Parameters
    ----------
    grids
        Of the draft; what belongs to nobody among them.
    old
        Codes of the grids that it was drawn from.
    loads
        Of every code of both, now.
    """
    named = {grid.code: grid for grid in grids if grid.unowned_reason is None}
    serving: dict[str, list[Officer]] = {}
    for one in posted:
        serving.setdefault(one.grid_code, []).append(one.officer)
    return tuple(
        GridImpact(
            before.code, named[before.code].name if before.code in named else before.code,
            named[before.code].name_en if before.code in named else None,
            before if before.code in old else None, after if before.code in named else None,
            None if before.code not in named or after.households is None
            else balance_of(after.households, jurisdiction.households_min, jurisdiction.households_max),
            tuple(serving.get(before.code, ())),
        )
        for before, after in zip(loads, workloads_after(loads, moves), strict=True)
    )  # fmt: skip


def told_moves(moves: Sequence[Move], places: Iterable[HouseholdPlace]) -> tuple[Move, ...]:
    """Return moves as whoever may not see single households is told them: whole neighbourhoods, as their head goes.

    Whoever drew one border after the other would else read each household between two of them. How many of these are of
    the floating population is not told at all: that can be one, in the largest.
    """
    to_grid = {move.code: move.to_grid for move in moves if move.kind == BUILDINGS.table}
    to_grid |= {move.id: move.to_grid for move in moves if move.kind == HOUSEHOLDS.table}
    told = [move for move in moves if move.kind != HOUSEHOLDS.table]
    for one in neighbourhoods_of(places):
        head = one.head.key
        if one.is_told and head in to_grid and to_grid[head] != one.grid_code:
            counts = (one.households, one.residents, None)
            told.append(Move(HOUSEHOLDS.table, head, None, one.grid_code, to_grid[head], *counts))
    return tuple(told)


def without_incidents(moves: Iterable[Move]) -> list[Move]:
    """Return moves without which incidents those are: whoever may read none is told counts of them."""
    kinds = (INCIDENTS.table, UNDECIDED)
    return [replace(move, id="", code=None) if move.kind in kinds else move for move in moves]


def told_workloads(loads: Sequence[Workload]) -> tuple[Workload, ...]:
    """Return what grids have to look after, without counts of population that are too small to be told."""
    return tuple(
        replace(
            load, households=_told(load.households), residents=_told(load.residents), floating=_told(load.floating)
        )
        for load in loads
    )  # fmt: skip


def _told(count: int | None) -> int | None:
    return None if count is None or is_small(count) else count
