"""A proposal for a draft: cut anew as a whole, or one grid of it; looked at first, then taken over as a step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock

from geoservice.domain.editing.edit_refused import EditRefused
from geoservice.domain.proposing.proposal import ProposalImpossible
from geoservice.domain.proposing.reckoning import Ground, Reckoned, Wish, digest_of, reckon
from geoservice.domain.small_counts import is_small
from geoservice.errors import GeoserviceError, GridUnknown
from geoservice.services.children import ChildDied, ChildTookTooLong, in_child
from geoservice.services.drafting.model import Edited
from geoservice.services.drafting.open_draft import TIMEOUT_S, opened, require_editable
from geoservice.services.editions import EditionService
from geoservice.services.impact import EditionImpact
from geoservice.services.lookups import get_edition, get_jurisdiction
from geoservice.services.proposing import about_average, places_of, range_of
from layers.antimeridian import lies_across, whole
from layers.basemap.queries import streets_of
from layers.db.scope import sees_households
from layers.db.session import Database
from layers.grids import queries
from layers.grids.model import Edition, GridShape

#: Seconds of a processor that a request may take, as whoever asked waits for it; the demo community takes one.
LONGEST_S = 20.0
#: Places where somebody lives, and streets: more are for the command line, which takes its time.
PLACES_MAX, STREETS_MAX = 50_000, 20_000
#: Proposals that each process keeps, until they are taken over.
KEPT_MOST = 8
#: Proposed at once in one process, and how long the next waits for its turn.
_TURNS, _PATIENCE_S = BoundedSemaphore(1), 10.0


class ProposalTooLarge(GeoserviceError):
    """That takes longer than a request may wait: propose the split of one grid, or use the command line."""


class ProposerBusy(GeoserviceError):
    """Another proposal is being reckoned; try again in a moment."""


class ProposalOutdated(GeoserviceError):
    """Proposed now it would be another one, as the draft, households or streets changed: look at it anew."""


@dataclass(frozen=True)
class Proposed:
    """A proposal beside a draft, which is as it was."""

    reckoned: Reckoned
    impact: EditionImpact


class ProposalService:
    """Proposals for the drafts of one database.

    Raised are EditionUnknown, EditionNotEditable and EditedMeanwhile; GridUnknown and ProposalImpossible for what can
    not be cut so; ProposalTooLarge and ProposerBusy.
    """

    def __init__(self, database: Database, editions: EditionService) -> None:
        self._database = database
        self._editions = editions
        self._kept = _Kept()

    def propose(self, edition_id: int, wish: Wish, *, actor: str = "") -> Proposed:
        """Return a proposal, and what would become of every grid; nothing is kept of it."""
        edition, ground = self._ground(edition_id, wish, None)
        found = self._reckoned(ground, wish, None)
        impact = self._editions.impact(edition_id, supposing=found.change, revision=edition.revision, actor=actor)
        return Proposed(found, impact)

    def take(
        self, edition_id: int, wish: Wish, *, name: str, codes: Collection[str] | None, revision: int | None,
        actor: str = "",
    ) -> Edited:  # fmt: skip
        """Take a proposal over as one step.

        Parameters
        ----------
        name
            Of the proposal that was looked at.
        codes
            Of the grids that are to be as it has them; None: all.

        Raises
        ------
        ProposalOutdated
            It would be another one by now.
        EditRefused
            That would leave no partition.
        """
        edition, ground = self._ground(edition_id, wish, revision)
        found = self._reckoned(ground, wish, codes)
        if found.name != name:
            raise ProposalOutdated(edition=edition_id)
        # No connection was held meanwhile: the revision tells whether anybody edited.
        with opened(self._database, edition_id, revision=edition.revision, actor=actor) as draft:
            return draft.make("take-proposal", ground.there, found.change)

    def _ground(self, edition_id: int, wish: Wish, revision: int | None) -> tuple[Edition, Ground]:
        with self._database.transaction(timeout_s=TIMEOUT_S, one_view=True) as connection:
            edition = get_edition(connection, edition_id)
            require_editable(edition, revision)
            jurisdiction = get_jurisdiction(connection, edition.jurisdiction_code)
            points, counts = places_of(connection, jurisdiction.id, wish.by)
            streets = streets_of(connection, jurisdiction.id)
            least, most = wish.minimum, wish.maximum
            if wish.by == "buildings":
                least, most = about_average(len(points), wish.count or 1, least, most)
            least, most = range_of(jurisdiction, least, most)
            there = queries.grids_of(connection, edition_id)
            outline = queries.outline_of_edition(connection, edition_id)
            if lies_across([outline]):  # as the grids are read
                points, streets = whole(points), list(whole(streets))
            taken = queries.codes_ever(connection, edition_id) | {grid.code for grid in there}
            ground = Ground(there, outline, points, counts, streets, least, most, taken)
        if len(points) > PLACES_MAX or len(streets) > STREETS_MAX:
            raise ProposalTooLarge(places=len(points), streets=len(streets))
        if wish.grid is not None and wish.grid not in {one.code for one in ground.there if one.unowned_reason is None}:
            raise GridUnknown(grid=wish.grid, edition=edition_id)
        return edition, ground

    def _reckoned(self, ground: Ground, wish: Wish, codes: Collection[str] | None) -> Reckoned:
        """Return a proposal; what was looked at a moment ago is not cut anew to be taken over."""
        digest = digest_of(ground, wish)
        kept = self._kept.get(digest)
        if kept is not None and codes is None:
            return kept
        found = _reckoned(ground, wish, codes, None if kept is None else kept.proposed)
        if codes is None:
            self._kept.keep(digest, found)
        return found


class _Kept:
    """The last few proposals of this process, by ground and wish."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: OrderedDict[str, Reckoned] = OrderedDict()

    def get(self, digest: str) -> Reckoned | None:
        with self._lock:
            if digest in self._found:
                self._found.move_to_end(digest)
            return self._found.get(digest)

    def keep(self, digest: str, found: Reckoned) -> None:
        with self._lock:
            self._found[digest] = found
            while len(self._found) > KEPT_MOST:
                self._found.popitem(last=False)


def _reckoned(
    ground: Ground, wish: Wish, codes: Collection[str] | None, proposed: tuple[GridShape, ...] | None
) -> Reckoned:
    """Return a proposal and what taking it over changes, reckoned in a process that may be stopped."""
    if not _TURNS.acquire(timeout=_PATIENCE_S):
        raise ProposerBusy
    try:
        refusals = (EditRefused, ProposalImpossible)
        found: Reckoned = in_child(reckon, (ground, wish, codes, proposed), longest_s=LONGEST_S, raised=refusals)
    except (ChildTookTooLong, ChildDied):
        raise ProposalTooLarge(places=len(ground.points), streets=len(ground.streets)) from None
    except ProposalImpossible as exc:
        raise _told(exc) from None
    finally:
        _TURNS.release()
    return found


def _told(error: ProposalImpossible) -> ProposalImpossible:
    """Return an error without a count that points at a few."""
    households = error.fields.get("households")
    if sees_households() or not (isinstance(households, int) and is_small(households)):
        return error
    return ProposalImpossible(**{name: value for name, value in error.fields.items() if name != "households"})
