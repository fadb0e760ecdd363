"""Codes that change every 30 s, by HMAC-SHA-1 over the time (RFC 6238), and codes that stand in for them once.

SHA-1, six digits and 30 s are what every authenticator knows; many ignore it when an address asks for something else.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

from geoservice.auth.passwords import one_time_password

SECRET_BYTES, DIGITS, STEP_S = 20, 6, 30
#: Clocks of phones differ: a code is good one step before its time and one after.
STEPS_AROUND = 1
RECOVERY_CODES = 10
_BLANKS = re.compile(r"[\s-]+")
_CODE = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)


def new_totp_secret() -> bytes:
    """Return a fresh secret, 20 bytes, as many as the hash has (RFC 4226, 4)."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """Return a secret as authenticators take it from a keyboard: Base32, in fours."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def enrolment_address(secret: bytes, *, login: str, service: str) -> str:
    """Return what an authenticator opens: `otpauth://totp/…`.

    Parameters
    ----------
    service
        How the authenticator names the service to whom it belongs.
    """
    asked = {"secret": base64.b32encode(secret).decode(), "issuer": service}
    return f"otpauth://totp/{quote(service, safe='')}:{quote(login, safe='')}?{urlencode(asked, quote_via=quote)}"


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step: how often 30 s have gone by since 1970."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(typed: str, secret: bytes, *, now_s: float) -> int | None:
    """Return of which step around now a code is; None: of none. Blanks and hyphens do not count.

    Parameters
    ----------
    now_s
        Seconds since 1970.
    """
    code = _BLANKS.sub("", typed)
    if not _CODE.fullmatch(code):
        return None
    now, found = int(now_s // STEP_S), None
    for step in range(now - STEPS_AROUND, now + STEPS_AROUND + 1):  # all of them: how long it takes tells nothing
        if hmac.compare_digest(code_at(secret, step), code):
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Return ten codes that stand in for one each, when the phone is gone."""
    return tuple(one_time_password() for _ in range(RECOVERY_CODES))


def recovery_code_sha256(typed: str) -> bytes:
    """Return the hash that is stored for a code: 79 random bits need no slow one. Blanks and hyphens do not count."""
    plain = _BLANKS.sub("", typed).lower()
    return hashlib.sha256(plain.encode("utf-8", "replace")).digest()
