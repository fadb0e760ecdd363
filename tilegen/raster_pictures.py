"""What pictures say of themselves: which kind, how large, whether whole. Nothing is unpacked: anybody may make one."""

from __future__ import annotations

import struct
from collections.abc import Callable

#: Pixels of a side: tiles have 256 or 512, and one of a few kilobytes may say that it has a billion.
SIDE_MOST = 2_048
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
#: Behind the end of a JPEG some programs write a little of their own.
_JPEG_TAIL = 1_024
#: Frames of a JPEG, which have its size: SOF0 to SOF15 without the three that are none.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}

Size = tuple[int, int]


def media_type(data: bytes) -> str | None:
    """Return what kind of picture it is, told by how it begins; None: none that is served."""
    if data.startswith(_PNG):
        return "image/png"
    if data.startswith(_JPEG):
        return "image/jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def fault_of(data: bytes) -> str | None:
    """Return why a picture is not served, words behind the name of its tile; None: it is."""
    kind = media_type(data)
    if kind is None:
        return "is no picture in PNG, JPEG or WebP"
    try:
        size = _SIZES[kind](data)
    except (struct.error, IndexError):
        size = None
    if size is None or 0 in size:
        return "is a picture that is damaged or cut off"
    if max(size) > SIDE_MOST:
        return f"is a picture of {size[0]:,} by {size[1]:,} pixels, and {SIDE_MOST:,} by {SIDE_MOST:,} are the most"
    return None


def _size_of_png(data: bytes) -> Size | None:
    if data[12:16] != b"IHDR" or data[-8:-4] != b"IEND":
        return None
    return struct.unpack_from(">II", data, 16)


def _size_of_jpeg(data: bytes) -> Size | None:
    if b"\xff\xd9" not in data[-_JPEG_TAIL:]:
        return None
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            at += 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])
    return None


def _size_of_webp(data: bytes) -> Size | None:
    if len(data) < 8 + struct.unpack_from("<I", data, 4)[0]:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


_SIZES: dict[str, Callable[[bytes], Size | None]] = {
    "image/png": _size_of_png, "image/jpeg": _size_of_jpeg, "image/webp": _size_of_webp,
}  # fmt: skip
