"""Anchors: how far the chain goes, told where nobody who may change the database changes it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection

from geoservice.errors import GeoserviceError
from geoservice.records.audit.model import Head
from geoservice.records.audit.queries import stated_head

log = structlog.get_logger()

#: A line has about 130.
_LINE_BYTES_MAX = 400
_ANCHOR = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})", re.ASCII)


class AnchorUnreadable(GeoserviceError):
    """An anchor is SEQ:HASH, such as the log and the manifest of a backup tell it; in a file, a JSON object a line."""


@dataclass(frozen=True)
class Anchor:
    """A link of the chain as it was told once."""

    seq: int
    hash: bytes
    #: Where it was told.
    source: str
    #: When; None: that was not told.
    at: datetime | None = None


def read_anchor(text: str) -> Anchor:
    """Return an anchor that somebody kept, written SEQ:HASH; raise AnchorUnreadable."""
    match = _ANCHOR.fullmatch(text.strip().lower())
    if match is None:
        raise AnchorUnreadable(anchor=text[:100])
    return Anchor(int(match[1]), bytes.fromhex(match[2]), "stated")


class AnchorFile:
    """A file that anchors are added to, a line each; it is never written anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last_seq: int | None = None

    def tell_head(self, connection: Connection) -> int:
        """Tell how far the chain goes, here and in the log, where it goes farther than was told; return how many.

        What this transaction sealed itself is not to be told: it may still be taken back.
        """
        head = stated_head(connection)
        if head.seq in (0, self._last_told()):
            return 0
        at = datetime.now(UTC).isoformat(timespec="seconds")
        log.info("audit anchor", seq=head.seq, hash=head.hash.hex())
        self._append(head, at)
        self._last_seq = head.seq
        return 1

    def anchors(self) -> Iterator[Anchor]:
        """Yield what was told here; nothing when there is no file. Raise AnchorUnreadable."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                yield self._read(line, f"{self.path.name}, line {number}")

    def last(self) -> Anchor | None:
        """Return what was told here last; None when nothing was. Raise AnchorUnreadable, OSError."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _LINE_BYTES_MAX))
            lines = file.read().decode(errors="replace").splitlines()
        return self._read(lines[-1], f"{self.path.name}, last line") if lines else None

    @staticmethod
    def _read(line: str, source: str) -> Anchor:
        try:
            told = json.loads(line)
            at = None if "at" not in told else datetime.fromisoformat(told["at"])
            return Anchor(int(told["seq"]), bytes.fromhex(told["hash"]), source, at)
        except (ValueError, KeyError, TypeError) as exc:
            raise AnchorUnreadable(where=source) from exc

    def _last_told(self) -> int | None:
        if self._last_seq is None:
            self._last_seq = max((one.seq for one in self.anchors()), default=0)
        return self._last_seq

    def _append(self, head: Head, at: str) -> None:
        line = json.dumps({"seq": head.seq, "hash": head.hash.hex(), "at": at}) + "\n"
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
