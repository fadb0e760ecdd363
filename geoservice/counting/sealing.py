"""The key by which registers are known again, and by which nobody who has only their digests can try files on them."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

#: Name of its file in the data directory.
REGISTER_KEY = "register.key"
_BYTES = 32


def seal_key(directory: Path) -> bytes | None:
    """Return the key that is kept in a directory, made when first asked for; None where none can be kept."""
    path = directory / REGISTER_KEY
    with contextlib.suppress(OSError):
        if not path.exists():
            _make(path)
        key = path.read_bytes()
        return key if len(key) == _BYTES else None
    return None


def _make(path: Path) -> None:
    """Write a new key as a whole; who makes one at the same moment gets the same."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink()
