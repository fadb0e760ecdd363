"""Features of a file that was brought on a page: read by a child process, shown, written as at the command line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import Any

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.domain.importing.choices import Choices
from geoservice.errors import LayerUnknown
from geoservice.lazy_modules import lazily
from geoservice.reading.file_errors import FileTooLarge, FileTypeUnknown, ReaderDied, ReadingTookTooLong
from geoservice.reading.limits import Limits
from geoservice.services.children import ChildDied, ChildTookTooLong, in_child
from geoservice.services.layers.errors import ReaderBusy, UploadGone
from geoservice.services.layers.importing import Applied, LayerImportService, note_named
from geoservice.services.layers.upload_store import Upload, UploadStore, new_id
from layers.catalogue import catalogue
from layers.changes.model import Difference, Removed
from layers.db.session import Database
from layers.layer import Layer

with lazily():  # what reads files takes longer to load than most requests to answer
    from geoservice.services.layers import reading_process as process

#: How the names of files end that one page can bring: of a shapefile all its parts, in a .zip.
SUFFIXES = (
    ".geojson", ".json", ".gpkg", ".zip", ".fgb", ".parquet", ".geoparquet", ".csv", ".tsv", ".txt", ".xlsx", ".xlsm",
    ".xls", ".ods", ".et",
)  # fmt: skip
#: Of the name of a file so many characters are kept.
_NAME = 200
#: Of each kind of difference a page names so many.
SHOWN = 100
#: One at a time in a process of the service, as each takes a processor; whoever comes then waits for a while.
_TURNS, _PATIENCE_S = BoundedSemaphore(1), 10.0


@dataclass(frozen=True)
class UploadLimits:
    """How much a file that is brought on a page may ask of the machine."""

    features: int
    file_bytes: int
    #: Of each of reading, comparing and writing.
    longest_s: float

    @property
    def reading(self) -> Limits:
        """Return the bounds of the process that opens the file."""
        return replace(Limits.of(features=self.features, file_bytes=self.file_bytes), wall_s=self.longest_s)


@dataclass(frozen=True)
class Compared:
    """What a file holds, and how that differs from what is stored."""

    read: process.ReadFile
    difference: Difference


class UploadService:
    """Brings files of features into layers. Each is seen by whoever brought it, where he brought it, by nobody else."""

    def __init__(self, database: Database, store: UploadStore, limits: UploadLimits) -> None:
        self._imports = LayerImportService(database, timeout_s=limits.longest_s)
        self._store = store
        self.limits = limits

    def layers(self, identity: Identity) -> tuple[Layer, ...]:
        """Return the layers that somebody may bring features into, by id.

        Of people he is told how what he brings differs from what is stored: that is for who may read single households.
        """
        told = permitted(identity, Permission.READ_HOUSEHOLDS)
        return tuple(layer for layer in catalogue().values() if layer.is_written and (told or not layer.personal))

    def receive(
        self, jurisdiction: str, layer_id: str, name: str, pieces: Iterable[bytes], identity: Identity
    ) -> Upload:  # fmt: skip
        """Keep a file that is brought, and drop what nobody wrote in time.

        Raises
        ------
        LayerUnknown, FileTypeUnknown, FileTooLarge, UploadNotKept
        """
        self._store.drop_old()
        name = plain_name(name)
        upload = Upload(new_id(), jurisdiction, layer_id, name, identity.actor, suffix_of(name))
        self._layer(upload, identity)
        size = 0
        with self._store.receiving(upload) as file:
            for piece in pieces:
                size += len(piece)
                if size > self.limits.file_bytes:
                    raise FileTooLarge(most=self.limits.file_bytes)
                file.write(piece)
        return upload

    def find(self, jurisdiction: str, id: str, identity: Identity) -> Upload:
        """Return a file that somebody brought; raise UploadGone."""
        found = self._noted(jurisdiction, id, identity)
        if found.change is not None:
            raise UploadGone
        return found

    def change_of(self, jurisdiction: str, id: str, identity: Identity) -> int | None:
        """Return as which change a file was written that somebody brought; None: nobody knows."""
        try:
            return self._noted(jurisdiction, id, identity).change
        except UploadGone:
            return None

    def say(self, upload: Upload, choices: Choices) -> Upload:
        """Keep what is said of a file."""
        said = replace(upload, choices=choices)
        self._store.note(said)
        return said

    def note_headers(self, upload: Upload, headers: tuple[str, ...]) -> Upload:
        """Keep what the columns of a file are called, as they are shown."""
        shown = replace(upload, headers=headers)
        if shown != upload:
            self._store.note(shown)
        return shown

    def discard(self, upload: Upload) -> None:
        """Remove a file."""
        self._store.drop(upload.id)

    def look_at(self, upload: Upload, identity: Identity) -> process.LookedAt:
        """Return what the columns of a file would be taken for; raise as `geoservice.reading.features.read_table`."""
        with _turn():
            found: process.LookedAt = self._in_child(process.look_at, upload, identity)
        return found

    def compare(self, upload: Upload, identity: Identity) -> Compared:
        """Return how a file differs from what is stored; nothing is changed.

        Raises
        ------
        ReaderBusy, UploadGone
        GeoserviceError
            As `geoservice.reading.features.read_features` does.
        """
        with _turn():
            read: process.ReadFile = self._in_child(process.read, upload, identity)
            difference = self._imports.compare(
                upload.jurisdiction, upload.layer, read.features, shown=SHOWN, is_traced=True
            )
        return Compared(read, difference)

    def write(
        self, upload: Upload, identity: Identity, *, token: str, removed: Removed = "keep", confirmed: bool = False
    ) -> Applied:
        """Write a file as one change, and remove it; the token is that of the difference that was shown.

        Raises
        ------
        ReaderBusy, UploadGone
        GeoserviceError
            As `LayerImportService.apply` and `geoservice.reading.features.read_features` do.
        """
        with _turn():
            read: process.ReadFile = self._in_child(process.read, upload, identity)
            applied = self._imports.apply(
                upload.jurisdiction, upload.layer, read.features, actor=identity.actor, door="api",
                note=self._note(upload), removed=removed, token=token, confirmed=confirmed,
            )  # fmt: skip
        if applied.change is None:
            self._store.drop(upload.id)
        else:
            self._store.end(upload, applied.change.id)
        return applied

    def _noted(self, jurisdiction: str, id: str, identity: Identity) -> Upload:
        """Return what is noted of a file that somebody brought, be it written; raise UploadGone."""
        found = self._store.find(id)
        if found is None or (found.jurisdiction, found.actor) != (jurisdiction, identity.actor):
            raise UploadGone
        try:
            self._layer(found, identity)
        except LayerUnknown:
            raise UploadGone from None
        return found

    def _layer(self, upload: Upload, identity: Identity) -> Layer:
        for layer in self.layers(identity):
            if layer.id == upload.layer:
                return layer
        raise LayerUnknown(layer=upload.layer)

    def _in_child(self, work: Any, upload: Upload, identity: Identity) -> Any:
        """Return what a child answers of a file; raise UploadGone, what the file is refused for."""
        layer, around = self._layer(upload, identity), self._imports.surroundings(upload.jurisdiction)
        choices = replace(upload.choices, time_zone=around.time_zone, bbox=around.bbox)
        file = self._store.file(upload)
        if not file.is_file():
            raise UploadGone
        try:
            given = (str(file), layer, choices, self.limits.reading)
            answer = in_child(work, given, longest_s=self.limits.longest_s)
        except ChildTookTooLong:
            raise ReadingTookTooLong(seconds=self.limits.longest_s) from None
        except ChildDied as exc:
            raise ReaderDied(exit=exc.exit_code) from None
        if isinstance(answer, process.Refusal):
            raise answer.again()
        return answer

    def _note(self, upload: Upload) -> str:
        with self._store.file(upload).open("rb") as opened:
            return note_named(upload.name, hashlib.file_digest(opened, "sha256").hexdigest())


@contextmanager
def _turn() -> Iterator[None]:
    if not _TURNS.acquire(timeout=_PATIENCE_S):
        raise ReaderBusy
    try:
        yield
    finally:
        _TURNS.release()


def plain_name(name: str) -> str:
    r"""Return the name of a file without folders, which old browsers send, and hostile ones as ../ or C:\.

    Nothing of it is unseen, and the end says what it is: of a long one the middle goes.
    """
    plain = "".join(filter(str.isprintable, name.replace("\\", "/").rpartition("/")[2])).strip()
    return plain if len(plain) <= _NAME else f"{plain[: _NAME // 2]}…{plain[1 - _NAME // 2 :]}"


def suffix_of(name: str) -> str:
    """Return how the name of a file ends; raise FileTypeUnknown."""
    dot, ending = name.rpartition(".")[1:]
    suffix = f"{dot}{ending.lower()}"
    if suffix not in SUFFIXES:
        raise FileTypeUnknown
    return suffix
