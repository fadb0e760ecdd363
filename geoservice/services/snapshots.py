"""What look-ups need, read from the database as it stood at one moment: grids in force, who serves there, keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from geoservice.domain.duties import Duties
from geoservice.engine.loaded_editions import LoadedEdition, LoadedEditions, LoadedOutline, PendingEdition
from geoservice.records.keys.queries import StoredKey, keys
from geoservice.services.edition_builder import READ_TIMEOUT_S, EditionBuilder, SnapshotDiffers, built
from layers.db.clock import now_in
from layers.db.session import Database
from layers.grids.published_editions import PublishedEdition, published_editions, shapes_of
from layers.jurisdictions.queries import first_outlines, jurisdictions
from layers.staff.queries import postings_since

#: Editions of each jurisdiction that are over and still answered from memory.
OVER = 2
#: Postings that ended before are asked of the database.
DUTIES_BACK = timedelta(days=31)
#: An edition of more grids is made ready by the builder.
FACES_AT_ONCE = 500

_FINGERPRINTS = text("SELECT f.editions, f.postings, f.keys FROM geoservice.fingerprints() AS f")


@dataclass(frozen=True)
class Fingerprints:
    """Equal text, equal content: editions in force, postings, keys."""

    editions: str | None
    postings: str | None
    keys: str | None


@dataclass(frozen=True)
class Snapshot:
    """Everything that a look-up needs, as it stood in the database at one moment."""

    fingerprints: Fingerprints
    #: The database's own clock at that moment, UTC.
    read_at: datetime
    editions: LoadedEditions
    duties: Duties
    #: By id of a jurisdiction, since when what is held of its grids is known; of one without an edition it is not.
    known_at: Mapping[int, datetime]
    #: By id.
    keys: Mapping[str, StoredKey]
    #: Why editions could not be made ready, of which jurisdictions what was held before stays.
    refused: tuple[str, ...] = ()

    def now(self) -> datetime:
        """Return this moment, not before the one at which an edition came into force by the database's clock."""
        return max(datetime.now(UTC), self.read_at)


def fingerprints(connection: Connection) -> Fingerprints:
    """Return what the database says now; raise SchemaMissing."""
    return Fingerprints(**connection.execute(_FINGERPRINTS).one()._mapping)


def read_snapshot(database: Database, before: Snapshot | None, builder: EditionBuilder) -> Snapshot:
    """Read what look-ups need, in one view of the database; indexes of editions held before are used again.

    At first everything is made ready here. Later a large edition is given to the builder, and is pending until it is
    ready; of a jurisdiction with an edition that can not be made ready, what was held stays.

    Raises
    ------
    SnapshotDiffers
        At first: a published edition is not what was validated.
    LayerError
        The database does not answer.
    """
    known = {one.edition_id: one for one in before.editions} if before else {}
    known |= builder.take()
    since = (datetime.now(UTC) - DUTIES_BACK).date()
    with database.transaction(timeout_s=READ_TIMEOUT_S, one_view=True) as connection:
        now, read_at = fingerprints(connection), now_in(connection)
        everywhere, geoms = jurisdictions(connection), first_outlines(connection)
        found = published_editions(connection, over=OVER)
        missing = [one for one in found if one.edition_id not in known]
        here = [one for one in missing if before is None or one.faces <= FACES_AT_ONCE]
        shapes = {one.edition_id: shapes_of(connection, one.edition_id) for one in here}
        postings = postings_since(connection, since)
        keyring = {key.id: key for key in keys(connection)}
    # The transaction has ended: building may take its time.
    refused: dict[int, str] = {}
    for one in here:
        try:
            known[one.edition_id] = built(one, shapes[one.edition_id])
        except SnapshotDiffers as exc:
            if before is None:
                raise
            refused[one.jurisdiction_id] = f"{type(exc).__name__}: {exc}"
    for one in missing:
        if one not in here and (reason := builder.refusal(one.edition_id)) is not None:
            refused[one.jurisdiction_id] = reason
        elif one not in here:
            builder.ask(one)
    held = [one for one in before.editions if one.jurisdiction_id in refused] if before else []
    fresh = [one for one in found if one.jurisdiction_id not in refused]
    loaded = [_as_published(known[one.edition_id], one) for one in fresh if one.edition_id in known]
    pending = [PendingEdition(one.jurisdiction_code, one.bounds) for one in fresh if one.edition_id not in known]
    bounds = [LoadedOutline(one.id, one.code, geoms[one.code]) for one in everywhere]
    editions = LoadedEditions([*held, *loaded], bounds, _known_since(found), pending)
    duties = Duties(postings, {one.id: one.time_zone for one in everywhere}, since)
    known_at = {one.jurisdiction_id: one.known_at for one in fresh}
    if before is not None:
        known_at |= {place: before.known_at[place] for place in refused if place in before.known_at}
    return Snapshot(now, read_at, editions, duties, known_at, keyring, tuple(refused.values()))


def _as_published(held: LoadedEdition, edition: PublishedEdition) -> LoadedEdition:
    """Return an edition that is held, with what the database says of it now."""
    return replace(
        held, jurisdiction_code=edition.jurisdiction_code, valid_from=edition.valid_from, valid_to=edition.valid_to,
        snap_tolerance_m=edition.snap_tolerance_m, accuracy_m=edition.accuracy_m,
    )  # fmt: skip


def _known_since(found: tuple[PublishedEdition, ...]) -> datetime | None:
    """Return the instant before which editions are missing; None when none is."""
    oldest = {one.jurisdiction_id: one for one in reversed(found)}
    return max((one.valid_from for one in oldest.values() if not one.is_first), default=None)
