"""Tokens of reporters: `rpt_<secret>`. Whoever holds one follows and rates a report; it names nobody."""

from __future__ import annotations

import hashlib
import re
import secrets

_TOKEN = re.compile(r"rpt_[A-Za-z0-9_-]{43}", re.ASCII)


def new_token() -> str:
    """Return a fresh token: 256 random bits, which no slow hash need protect."""
    return f"rpt_{secrets.token_urlsafe(32)}"


def token_sha256(text: str) -> bytes | None:
    """Return the hash that is stored for a token; None when the text has not the form of one."""
    return hashlib.sha256(text.encode()).digest() if _TOKEN.fullmatch(text) else None
