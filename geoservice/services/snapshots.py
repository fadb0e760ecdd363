"""What look-ups need, read from the database as it stood at one moment: grids in force, who serves there, keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import shapely
from sqlalchemy import Connection, text

from geoservice.domain.duties import Duties
from geoservice.engine.index import OwnershipIndex
from geoservice.engine.loaded_editions import LoadedEdition, LoadedEditions, LoadedOutline
from geoservice.errors import GeoserviceError
from geoservice.records.keys.queries import StoredKey, keys
from layers.db.clock import now_in
from layers.db.session import Database
from layers.grids.published_editions import PublishedEdition, Shapes, published_editions, shapes_of
from layers.jurisdictions.queries import jurisdictions, outlines
from layers.staff.queries import postings_since

#: Editions of each jurisdiction that are over and still answered from memory.
OVER = 2
#: Postings that ended before are asked of the database.
DUTIES_BACK = timedelta(days=31)
#: Reading 35,000 areas takes seconds, which no request is given.
READ_TIMEOUT_S = 120.0

_FINGERPRINTS = text("SELECT f.editions, f.postings, f.keys FROM geoservice.fingerprints() AS f")


class SnapshotDiffers(GeoserviceError):
    """What was read of an edition is not what its fingerprint says; the last good snapshot stays in use."""


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

    def now(self) -> datetime:
        """Return this moment, not before the one at which an edition came into force by the database's clock."""
        return max(datetime.now(UTC), self.read_at)


def fingerprints(connection: Connection) -> Fingerprints:
    """Return what the database says now; raise SchemaMissing."""
    return Fingerprints(**connection.execute(_FINGERPRINTS).one()._mapping)


def read_snapshot(database: Database, before: Snapshot | None) -> Snapshot:
    """Read what look-ups need, in one view of the database; indexes of editions held before are used again.

    Raises
    ------
    SnapshotDiffers
        A published edition is not what was validated.
    LayerError
        The database does not answer.
    """
    known = {one.edition_id: one for one in before.editions} if before else {}
    since = (datetime.now(UTC) - DUTIES_BACK).date()
    with database.transaction(timeout_s=READ_TIMEOUT_S, one_view=True) as connection:
        now, read_at = fingerprints(connection), now_in(connection)
        everywhere, geoms = jurisdictions(connection), outlines(connection)
        found = published_editions(connection, over=OVER)
        shapes = {one.edition_id: shapes_of(connection, one.edition_id) for one in found if one.edition_id not in known}
        postings = postings_since(connection, since)
        keyring = {key.id: key for key in keys(connection)}
    # The transaction has ended: building may take its time.
    loaded = [_edition(one, known.get(one.edition_id), shapes.get(one.edition_id)) for one in found]
    bounds = [LoadedOutline(one.id, one.code, geoms[one.code]) for one in everywhere]
    editions = LoadedEditions(loaded, bounds, _known_since(found))
    duties = Duties(postings, {one.id: one.time_zone for one in everywhere}, since)
    known_at = {one.jurisdiction_id: one.known_at for one in found}
    return Snapshot(now, read_at, editions, duties, known_at, keyring)


def _known_since(found: tuple[PublishedEdition, ...]) -> datetime | None:
    """Return the instant before which editions are missing; None when none is."""
    oldest = {one.jurisdiction_id: one for one in reversed(found)}
    return max((one.valid_from for one in oldest.values() if not one.is_first), default=None)


def _edition(edition: PublishedEdition, known: LoadedEdition | None, shapes: Shapes | None) -> LoadedEdition:
    """Return an edition with its index: built from its shapes, or the one that is known."""
    if known is not None:
        index, names, bounds = known.index, known.names, known.bounds
    elif shapes is None or shapes.content_hash != edition.content_hash:
        raise SnapshotDiffers(edition=edition.edition_id)
    else:
        index = OwnershipIndex.build(shapes.codes, list(shapes.geoms))
        index.warm()
        west, south, east, north = map(float, shapely.total_bounds(shapes.geoms))
        names, bounds = shapes.names, (west, south, east, north)
    return LoadedEdition(
        edition.jurisdiction_id, edition.jurisdiction_code, edition.edition_id, edition.valid_from, edition.valid_to,
        edition.snap_tolerance_m, edition.accuracy_m, edition.content_hash, index, names, bounds,
    )  # fmt: skip
