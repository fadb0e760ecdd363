"""What a process holds of the database, as it stood at one moment: grids in force, who serves, keys, own layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from geoservice.domain.duties import Duties
from geoservice.domain.visitors import Shown
from geoservice.engine.loaded_editions import LoadedEdition, LoadedEditions, LoadedOutline, PendingEdition
from geoservice.records.keys.queries import StoredKey, keys
from geoservice.services.edition_builder import READ_TIMEOUT_S, EditionBuilder, built
from layers.db.clock import now_in
from layers.db.session import Database
from layers.grids.published_editions import PublishedEdition, published_editions, shapes_of
from layers.jurisdictions.queries import first_outlines, jurisdictions
from layers.own_layers.queries import OwnLayers, own_layers
from layers.staff.queries import postings_since

#: Editions of each jurisdiction that are over and still answered from memory.
OVER = 2
#: Postings that ended before are asked of the database.
DUTIES_BACK = timedelta(days=31)
#: An edition of more grids is made ready by the builder.
FACES_AT_ONCE = 500

_FINGERPRINTS = text("SELECT f.editions, f.postings, f.keys, f.layers FROM geoservice.fingerprints() AS f")


@dataclass(frozen=True)
class Fingerprints:
    """Equal text, equal content: editions in force, postings, keys, own layers."""

    editions: str | None
    postings: str | None
    keys: str | None
    layers: str | None = None


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
    #: For the catalogue; the same ones as before while nothing of them changed.
    own_layers: OwnLayers = field(default_factory=OwnLayers)
    #: Why editions could not be made ready; they are pending.
    refused: tuple[str, ...] = ()
    #: What jurisdictions show to visitors.
    shown: Shown = field(default_factory=Shown)

    def now(self) -> datetime:
        """Return this moment, not before the one at which an edition came into force by the database's clock."""
        return max(datetime.now(UTC), self.read_at)


def fingerprints(connection: Connection) -> Fingerprints:
    """Return what the database says now; raise SchemaMissing."""
    return Fingerprints(**connection.execute(_FINGERPRINTS).one()._mapping)


def read_snapshot(database: Database, before: Snapshot | None, builder: EditionBuilder) -> Snapshot:
    """Read what look-ups need, in one view of the database; indexes of editions held before are used again.

    At first everything is made ready here, later what is small; a large edition is given to the builder. What is not
    ready, or can not be made so, is pending: the database is asked about its jurisdiction.

    Raises
    ------
    LayerError
        The database does not answer.
    """
    known = {one.edition_id: one for one in before.editions} if before else {}
    known |= builder.ready
    since = (datetime.now(UTC) - DUTIES_BACK).date()
    with database.transaction(timeout_s=READ_TIMEOUT_S, one_view=True) as connection:
        now, read_at = fingerprints(connection), now_in(connection)
        everywhere, geoms = jurisdictions(connection), first_outlines(connection)
        found = published_editions(connection, over=OVER)
        missing = [one for one in found if one.edition_id not in known and builder.refusal(one.edition_id) is None]
        here = [one for one in missing if before is None or one.faces <= FACES_AT_ONCE]
        shapes = {one.edition_id: shapes_of(connection, one.edition_id) for one in here}
        postings = postings_since(connection, since)
        keyring = {key.id: key for key in keys(connection)}
        unchanged = before is not None and before.fingerprints.layers == now.layers
        own = before.own_layers if before is not None and unchanged else own_layers(connection)
    # The transaction has ended: building may take its time.
    for one in missing:
        if one not in here:
            builder.ask(one)
    for one in here:
        try:
            known[one.edition_id] = built(one, shapes[one.edition_id], builder.engine)
        except Exception as exc:  # noqa: BLE001  whatever it is, others are held; it is told and tried again
            builder.refuse(one.edition_id, exc)
    refused = {one.edition_id: builder.refusal(one.edition_id) for one in found if one.edition_id not in known}
    loaded = [_as_published(known[one.edition_id], one) for one in found if one.edition_id in known]
    pending = [PendingEdition(one.jurisdiction_code, one.bounds) for one in found if one.edition_id not in known]
    bounds = [LoadedOutline(one.id, one.code, geoms[one.code]) for one in everywhere]
    editions = LoadedEditions(loaded, bounds, _known_since(found), pending)
    duties = Duties(postings, {one.id: one.time_zone for one in everywhere}, since)
    known_at = {one.jurisdiction_id: one.known_at for one in found}
    builder.collected(one.edition_id for one in loaded)
    reasons = tuple(reason for reason in refused.values() if reason is not None)
    shown = Shown.of({one.code: one.visitors for one in everywhere})
    return Snapshot(now, read_at, editions, duties, known_at, keyring, own, reasons, shown)


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
