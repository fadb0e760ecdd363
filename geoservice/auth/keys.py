"""API keys: `grd_<id>_<secret>`. Only the secret's hash is stored: 256 random bits need no slow hash."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_KEY = re.compile(r"grd_([0-9a-z]{8})_([A-Za-z0-9_-]{43})", re.ASCII)
_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class NewKey:
    """A key at its birth, the only moment its text is known."""

    id: str
    text: str
    secret_sha256: bytes


def new_key(key_id: str | None = None) -> NewKey:
    """Return a fresh key, or a fresh secret of one that has an id."""
    key_id = key_id or "".join(secrets.choice(_ID_LETTERS) for _ in range(8))
    secret = secrets.token_urlsafe(32)
    return NewKey(key_id, f"grd_{key_id}_{secret}", _hash(secret))


def split_key(text: str) -> tuple[str, bytes] | None:
    """Return a key's id and the hash of its secret; None when the text has not the form of a key."""
    match = _KEY.fullmatch(text)
    return None if match is None else (match[1], _hash(match[2]))


def same_secret(left: bytes, right: bytes) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(left, right)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
