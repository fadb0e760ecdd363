"""The file of a backup: a tar of the dump and, after it, the manifest. Until its hash is right it is hostile."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from geoservice.embedded.layout import sync_directory
from geoservice.services.backup.errors import BackupDamaged, BackupThere
from geoservice.services.backup.manifest import Manifest

DUMP, MANIFEST = "database.dump", "manifest.json"
#: What is made beside a backup that is not whole yet.
UNFINISHED_PREFIX = ".geoservice-backup-"
#: Far more tables than there can be.
_MANIFEST_BYTES = 4_000_000
_PIECE_BYTES = 1 << 20
#: What file systems without hard links say, such as those of USB sticks.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)

#: Is told of bytes that were read.
OnBytes = Callable[[int], None]


def _quiet(count: int) -> None:
    pass


def write_archive(file: Path, dump: Path, complete: Callable[[int, str], Manifest], *, replace: bool) -> Manifest:
    """Write a backup in one step: it is there whole, and on the disk, or not at all; its mode is 0600.

    Parameters
    ----------
    dump
        In the directory that the backup is made ready in; on the file system of `file`.
    complete
        Returns the manifest, given size and SHA-256 of the dump.

    Raises
    ------
    BackupThere
    """
    descriptor, name = tempfile.mkstemp(dir=dump.parent)  # mode 0600: the rows hold residents' words
    unfinished = Path(name)
    with os.fdopen(descriptor, "wb") as out:
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar, dump.open("rb") as source:
            size = os.fstat(source.fileno()).st_size
            hashed = _Hashed(source)
            tar.addfile(_member(DUMP, size), hashed)
            manifest = complete(size, hashed.hexdigest())
            said = manifest.model_dump_json(indent=1).encode()
            tar.addfile(_member(MANIFEST, len(said)), io.BytesIO(said))
        out.flush()
        os.fsync(out.fileno())
    _put(unfinished, file, replace=replace)
    sync_directory(file.parent)
    return manifest


def read_manifest(file: Path) -> Manifest:
    """Return what a backup says of itself, without looking at its dump. Raise BackupDamaged."""
    with _members(file) as (_, tar, _dump):
        return _manifest_of(file, tar)


def verify(file: Path, on_bytes: OnBytes = _quiet) -> Manifest:
    """Return the manifest of a backup whose dump is what the manifest says. Raise BackupDamaged."""
    return _read(file, None, on_bytes)


def extract_dump(file: Path, target: Path, on_bytes: OnBytes = _quiet) -> Manifest:
    """Write the dump of a backup to a new file, and return the manifest. Raise BackupDamaged."""
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        return _read(file, out, on_bytes)


def _read(file: Path, out: IO[bytes] | None, on_bytes: OnBytes) -> Manifest:
    with _members(file) as (source, tar, dump):
        manifest = _manifest_of(file, tar)
        if dump.size != manifest.dump_bytes:
            raise BackupDamaged(file=file, reason=f"the dump has {dump.size} bytes, not {manifest.dump_bytes}")
        source.seek(dump.offset_data)
        digest, left = hashlib.sha256(), dump.size
        while left:
            piece = source.read(min(left, _PIECE_BYTES))
            if not piece:
                raise BackupDamaged(file=file, reason="it ends too early")
            digest.update(piece)
            if out is not None:
                out.write(piece)
            left -= len(piece)
            on_bytes(len(piece))
        if digest.hexdigest() != manifest.dump_sha256:
            raise BackupDamaged(file=file, reason="the SHA-256 of the dump is not that of the manifest")
        return manifest


@contextmanager
def _members(file: Path) -> Iterator[tuple[IO[bytes], tarfile.TarFile, tarfile.TarInfo]]:
    """Yield the open file, its tar, and the member that is the dump."""
    with file.open("rb") as source:
        try:
            with tarfile.open(fileobj=source, mode="r:") as tar:
                yield source, tar, _member_of(file, tar, DUMP)
        except (tarfile.TarError, EOFError, ValueError, RecursionError) as exc:
            # A tar that was cut says so when the next header is looked for.
            raise BackupDamaged(file=file, reason="it is no tar file, or is cut off") from exc


def _member_of(file: Path, tar: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    # Two members, read one after the other: a tar of millions of members is not gone through.
    for _ in range(2):
        member = tar.next()
        if member is None:
            break
        if member.name == name and member.isreg() and not member.issparse():
            return member
    raise BackupDamaged(file=file, reason=f"there is no {name} in it, or it is cut off")


def _manifest_of(file: Path, tar: tarfile.TarFile) -> Manifest:
    member = _member_of(file, tar, MANIFEST)
    opened = tar.extractfile(member) if member.size <= _MANIFEST_BYTES else None
    if opened is None:
        raise BackupDamaged(file=file, reason="its manifest can not be read")
    try:
        return Manifest.model_validate_json(opened.read())
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise BackupDamaged(file=file, reason=f"its manifest can not be read, {where}: {first['msg']}") from exc


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _put(unfinished: Path, file: Path, *, replace: bool) -> None:
    """Give a finished file its name; somebody may have taken that meanwhile."""
    if replace:
        os.replace(unfinished, file)
        return
    try:
        os.link(unfinished, file)
    except FileExistsError as exc:
        raise BackupThere(file=file) from exc
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        if file.exists():
            raise BackupThere(file=file) from exc
        os.rename(unfinished, file)
    with suppress(FileNotFoundError):
        unfinished.unlink()


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        piece = self._source.read(size)
        self._digest.update(piece)
        return piece

    def hexdigest(self) -> str:
        """Return the hash of what was read."""
        return self._digest.hexdigest()
