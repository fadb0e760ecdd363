"""Whether entries are as they were when they were sealed: the chain, its gaps, what was slipped in, and its anchors."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from geoservice.records.audit.model import NO_HASH, Link, Waiting
from geoservice.records.audit.queries import back_dated, last_seal, links_after, stated_head, waiting
from geoservice.services.audit.anchors import Anchor
from layers.db.scope import EVERYWHERE
from layers.db.session import Database

#: Links of the chain that are read at once.
AT_ONCE = 10_000
#: Time of one statement: counting what is not sealed reads all of it.
TIMEOUT_S = 120.0
#: Of each kind so many are named; all are counted.
NAMED = 100

FaultKind = Literal["changed", "removed", "gap", "slipped in", "cut off", "another chain"]
#: Is told of links that were verified, and how many there are.
OnLinks = Callable[[int, int], None]


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was sealed.

    `changed`: an entry, or the order of two. `removed`: an entry whose seal is there. `gap`: entries with their seals.
    `slipped in`: an entry that stands before the end of the chain and is not in it. `cut off`: the chain ends before
    a link that was told once. `another chain`: a link is another one than was told, so all before it was made anew.
    """

    kind: FaultKind
    #: Place in the chain; of what was slipped in the id of the entry.
    number: int
    #: Where the anchor was told that says so; empty: it needs none.
    source: str = ""


@dataclass(frozen=True)
class Verified:
    """What was found."""

    seq: int
    hash: bytes
    anchors: int
    waiting: Waiting
    faults: tuple[Fault, ...]
    #: More than are named.
    unnamed: int


class _Faults:
    """Faults as they are found."""

    def __init__(self) -> None:
        self._named: dict[FaultKind, list[Fault]] = defaultdict(list)
        self.unnamed = 0

    def add(self, fault: Fault) -> None:
        if len(self._named[fault.kind]) < NAMED:
            self._named[fault.kind].append(fault)
        else:
            self.unnamed += 1

    @property
    def named(self) -> tuple[Fault, ...]:
        return tuple(fault for some in self._named.values() for fault in some)


class _Walk:
    """Goes along the chain, link by link."""

    def __init__(self, anchors: Iterable[Anchor], faults: _Faults) -> None:
        self.seq, self.hash = 0, NO_HASH
        self._faults = faults
        self._anchors: dict[int, list[Anchor]] = defaultdict(list)
        for anchor in anchors:
            self._anchors[anchor.seq].append(anchor)

    def pass_by(self, link: Link) -> None:
        if link.seq != self.seq + 1:  # whether the link after a gap is right can not be told
            self._faults.add(Fault("gap", self.seq + 1))
        elif link.line is None:
            self._faults.add(Fault("removed", link.seq))
        elif hashlib.sha256(self.hash + link.line.encode()).digest() != link.hash:
            self._faults.add(Fault("changed", link.seq))
        for anchor in self._anchors.pop(link.seq, ()):
            if anchor.hash != link.hash:
                self._faults.add(Fault("another chain", link.seq, anchor.source))
        self.seq, self.hash = link.seq, link.hash

    def end(self) -> None:
        """Say which anchors were not passed by."""
        for seq, anchors in self._anchors.items():
            kind: FaultKind = "cut off" if seq > self.seq else "gap"
            self._faults.add(Fault(kind, seq, anchors[0].source))


def verify_chain(
    database: Database, anchors: Sequence[Anchor], on_links: OnLinks = lambda done, all_of_them: None
) -> Verified:  # fmt: skip
    """Go through all of the audit as it is at one instant.

    Parameters
    ----------
    anchors
        Links as they were told elsewhere.
    """
    with database.transaction(scope=EVERYWHERE, one_view=True, timeout_s=TIMEOUT_S) as connection:
        faults = _Faults()
        walk = _Walk(anchors, faults)
        stated, last = stated_head(connection), last_seal(connection)
        while links := links_after(connection, walk.seq, limit=AT_ONCE):
            for link in links:
                walk.pass_by(link)
            on_links(walk.seq, 0 if last is None else last.seq)
        walk.end()
        if stated.seq > walk.seq:
            faults.add(Fault("cut off", stated.seq, "audit_head"))
        _look_beside(connection, faults)
        return Verified(walk.seq, walk.hash, len(anchors), waiting(connection), faults.named, faults.unnamed)


def _look_beside(connection: Connection, faults: _Faults) -> None:
    """Look for what stands in no chain though it is older than its end."""
    for entry_id in back_dated(connection, limit=NAMED):
        faults.add(Fault("slipped in", entry_id))
