"""The list of erasures beside the database: a restore of an older backup erases again what is on it.

A line an erasure that somebody asked for: the id of the report, and when. Nothing of what was erased.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from geoservice.services.retention.errors import ErasureListDamaged, ErasureListNotWritten

#: In the data directory, in a directory of its own, which servers may be handed.
PLACE = Path("erasures", "erasures.jsonl")


@dataclass(frozen=True)
class ErasureList:
    """A file that only grows."""

    file: Path

    def add(self, incident_id: UUID) -> None:
        """Note an erasure before it is done; raise ErasureListNotWritten."""
        line = json.dumps({"incident": str(incident_id), "at": datetime.now(UTC).isoformat(timespec="seconds")}) + "\n"
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            # One write, at the end whoever else writes: a line is there whole or not at all.
            descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise ErasureListNotWritten(file=self.file, reason=exc.strerror) from exc

    def incident_ids(self) -> tuple[UUID, ...]:
        """Return the reports whose words were erased, each once; raise ErasureListDamaged."""
        if not self.file.exists():
            return ()
        found: dict[UUID, None] = {}
        for number, line in enumerate(self.file.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                found[UUID(json.loads(line)["incident"])] = None
            except (ValueError, KeyError, TypeError) as exc:
                raise ErasureListDamaged(file=self.file, line=number) from exc
        return tuple(found)
