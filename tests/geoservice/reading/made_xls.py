"""A workbook of the old kind, made by hand: BIFF8 records in a compound file. Source: MS-XLS, MS-CFB."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def label(row: int, column: int, text: str) -> bytes:
    return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def number(row: int, column: int, value: float) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def stream(rows: Sequence[Sequence[object]], name: str) -> bytes:
    """Return the records of a workbook of one sheet."""
    begin = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    bound = struct.pack("<BBBB", 0, 0, len(name), 1) + name.encode("utf-16-le")
    at = len(begin) + 4 + 4 + len(bound) + 4
    cells = b"".join(
        number(row, column, float(value)) if isinstance(value, int | float) else label(row, column, str(value))
        for row, values in enumerate(rows)
        for column, value in enumerate(values)
    )
    size = struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0)
    of_sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + record(0x0200, size) + cells
    return begin + record(0x0085, struct.pack("<I", at) + bound) + record(0x000A, b"") + of_sheet + record(0x000A, b"")


def xls(path: Path, rows: Sequence[Sequence[object]], name: str = "Sheet1") -> Path:
    """Write a compound file of one stream, which is long enough to have sectors of its own."""
    content = stream(rows, name)
    content = content.ljust(max(4096, -(-len(content) // _SECTOR) * _SECTOR), b"\0")
    count = len(content) // _SECTOR
    # Sector 0 says what follows what, sector 1 is the directory, the rest is the stream.
    chain = [_FAT, _END, *range(3, count + 2), _END]
    fat = struct.pack(f"<{_SECTOR // 4}I", *chain, *[_FREE] * (_SECTOR // 4 - len(chain)))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END, 0, _END, 0) + struct.pack("<I", 0)
    header += struct.pack("<108I", *[_FREE] * 108)
    directory = _entry("Root Entry", 5, child=1, start=_END) + _entry("Workbook", 2, start=2, size=len(content))
    path.write_bytes(header + fat + directory.ljust(_SECTOR, b"\0") + content)
    return path


def _entry(name: str, kind: int, *, child: int = _FREE, start: int = 0, size: int = 0) -> bytes:
    called = name.encode("utf-16-le").ljust(64, b"\0")
    links = struct.pack("<HBBIII", 2 * len(name) + 2, kind, 1, _FREE, _FREE, child)
    return called + links + bytes(36) + struct.pack("<IQ", start, size)
