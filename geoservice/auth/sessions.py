"""Sessions of people who signed in: a secret that their browser keeps, and a token that its pages send."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from geoservice.auth.model import Identity

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


_DEFAULT_PORTS = {True: "443", False: "80"}


@dataclass(frozen=True)
class Session:
    """That somebody is signed in."""

    login: str
    #: Who it is as things stand now.
    identity: Identity
    #: The password has to be changed before anything else.
    must_change: bool
    #: What a page of this session sends along with whatever changes something.
    token: str
    #: A second factor has to be set up before anything else.
    must_enrol: bool = False
    #: An identity provider said who it is: nobody here knows a password of his.
    by_provider: bool = False
    #: When it ends however much it is used.
    ends_at: datetime | None = None


#: What a browser keeps on the way to a session: that a code is still to come, that it was sent to a provider.
Step = Literal["code", "provider"]


def cookie_name(host: str, *, secure: bool, step: Step | None = None) -> str:
    """Return the name of the cookie with the secret: cookies know no ports, so services of one host differ by it.

    Parameters
    ----------
    host
        As the address of the page has it, with the port where it is not the usual one.
    secure
        Whether the page came over TLS.
    step
        Of what is on the way to a session; None: of the session.
    """
    port = host.rpartition(":")[2]
    name = f"geoservice-{port if port.isdecimal() and port.isascii() else _DEFAULT_PORTS[secure]}"
    name = name if step is None else f"{name}-{step}"
    return f"__Host-{name}" if secure else name


def new_secret() -> str:
    """Return a fresh secret: 256 random bits, which no slow hash need protect."""
    return secrets.token_urlsafe(32)


def secret_sha256(text: str) -> bytes | None:
    """Return the hash that is stored for a secret; None when the text has not the form of one."""
    return hashlib.sha256(text.encode()).digest() if _SECRET.fullmatch(text) else None


def token_of(secret: str) -> str:
    """Return the token of a session: only who knows its secret, or was told by its page, can state it."""
    return hmac.new(secret.encode(), b"token of a session", hashlib.sha256).hexdigest()


def is_token(shown: str | None, session: Session) -> bool:
    """Return whether this is the token of a session; compared in constant time."""
    return shown is not None and hmac.compare_digest(shown.encode("utf-8", "replace"), session.token.encode())
