"""What jurisdictions show to visitors."""

from __future__ import annotations

import time

from geoservice.domain.visitors import Shown
from geoservice.services.snapshot_cache import SnapshotCache
from layers.db.session import Database
from layers.jurisdictions.queries import shown_to_visitors

#: Without a memory that hears of changes, what was read is asked for again after this time.
_KEPT_S = 1.0


class VisitingService:
    """Tells what jurisdictions show to visitors: from memory, a second after it was said otherwise at most."""

    def __init__(self, database: Database, cache: SnapshotCache | None = None) -> None:
        self._database, self._cache = database, cache
        self._read: tuple[float, Shown] | None = None

    def shown(self) -> Shown:
        """Return what each jurisdiction shows."""
        held = self.shown_from_memory()
        if held is not None:
            return held
        with self._database.reading() as connection:
            found = Shown.of(shown_to_visitors(connection))
        self._read = time.monotonic(), found
        return found

    def shown_from_memory(self) -> Shown | None:
        """Return the same as far as memory knows; None when it does not."""
        confirmed = None if self._cache is None else self._cache.confirmed
        if confirmed is not None:
            return confirmed.snapshot.shown
        if self._read is not None and time.monotonic() - self._read[0] < _KEPT_S:
            return self._read[1]
        return None
