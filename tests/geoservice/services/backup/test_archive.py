"""The file of a backup: a truncated one, a changed byte, and what is no backup at all are refused in a sentence."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from geoservice.services.backup import archive
from geoservice.services.backup.errors import BackupDamaged, BackupThere
from geoservice.services.backup.manifest import Manifest

CONTENT = bytes(range(256)) * 1000
AT = datetime(2026, 11, 29, tzinfo=UTC)


def manifest(size: int, digest: str) -> Manifest:
    return Manifest(
        revision="0001", started_at=AT, ended_at=AT, database="geoservice", cluster="7", server_version=150_008,
        postgis_version="3.3.2", roles=(), logins=(), last_event=3, tables={"geoservice.grid": 8},
        dump_bytes=size, dump_sha256=digest,
    )  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "dump").write_bytes(CONTENT)
    archive.write_archive(tmp_path / "a.backup", tmp_path / "w" / "dump", manifest, replace=False)
    return tmp_path / "a.backup"


def test_what_was_written_is_read(file: Path, tmp_path: Path) -> None:
    told = archive.extract_dump(file, tmp_path / "out")

    assert (tmp_path / "out").read_bytes() == CONTENT
    assert told == archive.verify(file) == archive.read_manifest(file)
    assert told.dump_bytes == len(CONTENT)
    with tarfile.open(file) as tar:
        assert tar.getnames() == ["database.dump", "manifest.json"]


def test_a_file_cut_anywhere_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    wanted = 512 + len(CONTENT) + 512 + len(archive.read_manifest(file).model_dump_json(indent=1))
    for length in (0, 1, 511, 512, 513, 5000, 512 + len(CONTENT) - 1, 512 + len(CONTENT), wanted - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(BackupDamaged, match="no whole backup"):
            archive.verify(file)


def test_any_changed_byte_of_the_dump_is_found(file: Path) -> None:
    whole = file.read_bytes()
    for at in range(512, 512 + len(CONTENT), 9973):
        changed = bytearray(whole)
        changed[at] ^= 1
        file.write_bytes(changed)
        with pytest.raises(BackupDamaged, match="SHA-256"):
            archive.verify(file)


def of(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/passwd"
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


def saying(**values: object) -> bytes:
    told = manifest(4, "0" * 64).model_copy(update=values)
    return of(("database.dump", b"dump"), ("manifest.json", told.model_dump_json().encode()))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PGDMP" + bytes(2000),
        b"\x1f\x8b" + bytes(2000),
        bytes(10_240),
        of(("../database.dump", b"dump"), ("manifest.json", b"{}")),
        of(("database.dump", b"dump")),
        of(("database.dump", b""), ("manifest.json", b""), kind=tarfile.SYMTYPE),
        of(("database.dump", b"dump"), ("manifest.json", b"[" * 100_000)),
        of(("database.dump", b"dump"), ("manifest.json", b"\xff\xfe")),
        of(("database.dump", b"dump"), ("manifest.json", b" " * 4_000_001)),
        saying(format=2),
        saying(dump_bytes=5),
        saying(dump_sha256="x"),
        saying(tables={"geoservice.grid": -1}),
        saying(revision="0001'; DROP"),
    ],
    ids=lambda content: f"{len(content)} bytes",
)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_what_is_no_backup_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)

    with pytest.raises(BackupDamaged, match="no whole backup"):
        archive.verify(tmp_path / "x")


@pytest.mark.parametrize("read", [archive.verify, archive.read_manifest])
def test_a_name_that_was_taken_meanwhile_is_not_replaced(
    file: Path, tmp_path: Path, read: Callable[[Path], Manifest]
) -> None:
    before = read(file)
    (tmp_path / "w" / "dump").write_bytes(b"another")

    with pytest.raises(BackupThere):
        archive.write_archive(file, tmp_path / "w" / "dump", manifest, replace=False)

    assert read(file) == before
