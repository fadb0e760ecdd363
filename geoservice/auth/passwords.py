"""Passwords: how they are kept (argon2id), what is asked of one, and those that are made here.

19 MiB and two passes take some 30 ms of a core, and two are reckoned with at once in a process: signing in leaves the
other cores, and memory, to everybody else.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from geoservice.errors import GeoserviceError
from layers.errors import TooBusy

SHORTEST, LONGEST = 10, 200
#: Different characters that a password has at least: `aaaaaaaaaa` is none.
FEWEST_CHARACTERS = 5
#: OWASP's second choice of parameters (Password Storage Cheat Sheet): memory in KiB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_PLACES = BoundedSemaphore(2)
#: Sixty can be reckoned with in this time: who still waits is one of too many, and holds a thread.
_PATIENCE_S = 1.0
#: Of a password that nobody knows: looking it up takes as long for a name that there is not.
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$KD3dYW5n1GQkVu/OMek0EQ$QDSYk9Z+NE11rP9WAjX4Hc8sLvAuUnxo/SlS2NHtiSU"
#: Without letters and digits that look like one another.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class PasswordUnfit(GeoserviceError):
    """That password is too easy to find out, or too long; choose another."""


def one_time_password() -> str:
    """Return a fresh password to be read off and typed: 16 letters and digits in fours, 79 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """Return the hash to store, with its salt and parameters; raise TooBusy when too many are reckoned with."""
    with _place():
        return _HASHER.hash(_bytes_of(password))


def is_password(password: str, stored: str | None) -> bool:
    """Return whether a password is that of a stored hash; without one it takes as long, and is none.

    Raises
    ------
    TooBusy
        Too many are reckoned with.
    """
    with _place():
        try:
            _HASHER.verify(_NOBODYS if stored is None else stored, _bytes_of(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Return whether a hash was made with other parameters than are used now."""
    return _HASHER.check_needs_rehash(stored)


def require_fit(password: str, *, login: str, before: str | None = None) -> None:
    """Raise PasswordUnfit, with a code for what is wrong, when a password is not fit for an account.

    Parameters
    ----------
    before
        The password that it replaces.
    """
    plain = _plain(password)
    reasons = {
        "too_short": len(plain) < SHORTEST,
        "too_long": len(plain) > LONGEST,
        "too_plain": len(set(plain)) < FEWEST_CHARACTERS,
        "holds_login": login in plain.lower() and len(login) > 2,
        "as_before": before is not None and plain == _plain(before),
    }
    reason = next((reason for reason, is_so in reasons.items() if is_so), None)
    if reason is not None:
        raise PasswordUnfit(reason=reason)


def _plain(password: str) -> str:
    """Return a password in one spelling, whichever keyboard it was typed on (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _bytes_of(password: str) -> bytes:
    return _plain(password).encode("utf-8", "surrogatepass")


@contextmanager
def _place() -> Iterator[None]:
    if not _PLACES.acquire(timeout=_PATIENCE_S):
        raise TooBusy
    try:
        yield
    finally:
        _PLACES.release()
