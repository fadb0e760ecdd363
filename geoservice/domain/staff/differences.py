"""How a roster differs from the staff and postings that are stored."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from geoservice.domain.importing.model import RefusedRow
from geoservice.domain.staff.rosters import GRID_OFFICER, Roster, StoredStaff
from layers.staff.model import Member, PostingSpan

#: What becomes of postings that a roster does not name.
RemovedPostings = Literal["keep", "end"]


class MemberChange(NamedTuple):
    """A member of staff as he is and would be."""

    old: Member
    new: Member


class PostingChange(NamedTuple):
    """A posting as it is and would be."""

    old: PostingSpan
    new: PostingSpan


@dataclass(frozen=True)
class RosterDifference:
    """What importing a roster would change."""

    staff_added: tuple[Member, ...]
    staff_changed: tuple[MemberChange, ...]
    postings_added: tuple[PostingSpan, ...]
    postings_changed: tuple[PostingChange, ...]
    #: What is not in the roster and would end.
    postings_ended: tuple[PostingChange, ...]
    #: The same, which would begin on the day of the end or later: they never were.
    postings_removed: tuple[PostingSpan, ...]
    #: Postings that are as the roster says.
    same: int
    #: Codes of those who are stored and not in the roster.
    not_named: tuple[str, ...]
    refused: tuple[RefusedRow, ...]
    #: All postings as they would be.
    result: tuple[PostingSpan, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.staff_added or self.staff_changed or self.postings_added or self.postings_changed
                    or self.postings_ended or self.postings_removed)  # fmt: skip

    @property
    def token(self) -> str:
        """Return a text that is equal for equal differences."""
        told = (self.staff_added, self.staff_changed, self.postings_added, self.postings_changed, self.postings_ended,
                self.postings_removed)  # fmt: skip
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


def compare(roster: Roster, stored: StoredStaff, *, removed: RemovedPostings, ended_on: date) -> RosterDifference:
    """Return what importing a roster would change.

    Parameters
    ----------
    removed
        What becomes of postings that the roster does not name: those that are over stay in any case.
    ended_on
        The first day on which they are over.
    """
    pairs, rest = _matched(roster.postings, stored.postings)
    over = {one for one in rest if removed == "keep" or one.ends <= ended_on}
    ended = [PostingChange(one, one._replace(valid_to=ended_on)) for one in rest
             if one not in over and one.valid_from < ended_on]  # fmt: skip
    never = [one for one in rest if one not in over and one.valid_from >= ended_on]
    staying = [*over, *(change.new for change in ended)]
    officers = _officers(staying)
    refused = {at: why for at, new in roster.postings.items() if (why := _in_the_way(new, officers))}
    staying += [old for at, old in pairs.items() if at in refused and old is not None]
    taken = {at: new for at, new in roster.postings.items() if at not in refused}
    members = [member for code, member in sorted(roster.members.items())]
    return RosterDifference(
        staff_added=tuple(one for one in members if one.code not in stored.members),
        staff_changed=tuple(MemberChange(stored.members[one.code], one) for one in members
                            if stored.members.get(one.code, one) != one),
        postings_added=tuple(sorted(new for at, new in taken.items() if pairs[at] is None)),
        postings_changed=tuple(PostingChange(old, new) for at, new in taken.items()
                               if (old := pairs[at]) is not None and old != new),
        postings_ended=tuple(ended), postings_removed=tuple(never),
        same=sum(pairs[at] == new for at, new in taken.items()),
        not_named=tuple(sorted(set(stored.members) - set(roster.members))),
        refused=tuple(sorted([*roster.refused, *(roster.rows[at].refused(why) for at, why in refused.items())])),
        result=tuple([*staying, *taken.values()]),
    )  # fmt: skip


def _matched(
    postings: dict[int, PostingSpan], stored: Sequence[PostingSpan]
) -> tuple[dict[int, PostingSpan | None], list[PostingSpan]]:
    """Return the stored posting that each row tells of, or None, and those that no row tells of.

    One of the same grid and role that begins on the same day; else one that shares days with it, whose dates are
    mended then.
    """
    left = defaultdict(list)
    for one in stored:
        left[one[:3]].append(one)
    pairs: dict[int, PostingSpan | None] = dict.fromkeys(postings)
    for at, new in postings.items():
        _take(pairs, at, left[new[:3]], (one for one in left[new[:3]] if one.valid_from == new.valid_from))
    for at, new in postings.items():
        if pairs[at] is None:
            _take(pairs, at, left[new[:3]], (one for one in left[new[:3]] if one.overlaps(new)))
    return pairs, [one for rest in left.values() for one in rest]


def _take(
    pairs: dict[int, PostingSpan | None], at: int, left: list[PostingSpan], fitting: Iterable[PostingSpan]
) -> None:  # fmt: skip
    found = next(iter(fitting), None)
    if found is not None:
        pairs[at] = found
        left.remove(found)


def _officers(postings: Iterable[PostingSpan]) -> Mapping[str, Sequence[PostingSpan]]:
    """Return the postings of grid officers by grid."""
    by_grid = defaultdict(list)
    for one in postings:
        if one.role == GRID_OFFICER:
            by_grid[one.grid_code].append(one)
    return by_grid


def _in_the_way(new: PostingSpan, officers: Mapping[str, Sequence[PostingSpan]]) -> str | None:
    """Return why a posting can not be beside those that stay, or None."""
    if new.role != GRID_OFFICER:
        return None
    for one in officers.get(new.grid_code, ()):
        if one.overlaps(new):
            until = "further notice" if one.valid_to is None else one.valid_to
            return (
                f"{one.staff_code} is grid officer of {one.grid_code} from {one.valid_from} until {until},"
                " which the roster does not say: end that posting first"
            )
    return None
