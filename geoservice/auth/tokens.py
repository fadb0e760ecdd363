"""Tokens of reporters: `rpt_<secret>`. Whoever holds one follows and rates a report; it names nobody.

A report may come with a key of its sender's, so that it can be sent again when nobody knows whether it arrived. The
answer is then the same, its token too: that is kept sealed, and opens with nothing but the key.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from uuid import UUID

#: RFC 9562, 4: as it stands, in braces, as a URN, or its 32 digits alone; small or capital.
_UUID = re.compile(
    r"(urn:uuid:)?(\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?|[0-9a-f]{32})", re.ASCII | re.IGNORECASE
)
_TOKEN = re.compile(r"rpt_[A-Za-z0-9_-]{43}", re.ASCII)


def new_token() -> str:
    """Return a fresh token: 256 random bits, which no slow hash need protect."""
    return f"rpt_{secrets.token_urlsafe(32)}"


def one_spelling(key: str) -> str:
    """Return a sender's key in one spelling: a UUID is one however it is written, other text is itself."""
    return str(UUID(key)) if _UUID.fullmatch(key) else key


def token_sha256(text: str) -> bytes | None:
    """Return the hash that is stored for a token; None when the text has not the form of one."""
    return hashlib.sha256(text.encode()).digest() if _TOKEN.fullmatch(text) else None


def seal(token: str, key: str) -> bytes:
    """Return a token made unreadable for whoever does not know a key, 32 bytes.

    Parameters
    ----------
    key
        Of one report only: it covers one token and no other.
    """
    secret = base64.urlsafe_b64decode(token.removeprefix("rpt_") + "=")
    return bytes(left ^ right for left, right in zip(secret, _cover(key), strict=True))


def unseal(sealed: bytes, key: str) -> str:
    """Return the token that was sealed with a key."""
    secret = bytes(left ^ right for left, right in zip(sealed, _cover(key), strict=True))
    return "rpt_" + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def _cover(key: str) -> bytes:
    return hashlib.sha256(b"cover of a token\0" + key.encode()).digest()
