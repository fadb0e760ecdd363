"""Signatures after Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): symmetric ones, version `v1`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from geoservice.webhooks.webhook_errors import MessageRefused, SecretRefused

_PREFIX = "whsec_"
#: Standard Webhooks, "Signature scheme": 192 to 512 bits.
_KEY_BYTES = range(24, 65)
_NEW_KEY_BYTES = 32
#: What is signed is joined by full stops, so an id must not hold one; nor anything that ends a header.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Secret:
    """What a webhook's messages are signed with; its receiver holds the same. It does not show itself."""

    key: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """Return the secret as its receiver is given it: `whsec_` and base64."""
        return _PREFIX + base64.b64encode(self.key).decode("ascii")


@dataclass(frozen=True)
class SignedMessage:
    """A message as it goes out in one attempt."""

    #: The same in every attempt: by it a receiver knows a message that it has already.
    id: str
    sent_at: datetime
    body: bytes = field(repr=False)
    #: One for each secret, in the order of the secrets.
    signatures: tuple[str, ...] = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Return the three headers of the standard."""
        return {
            "webhook-id": self.id,
            "webhook-timestamp": str(_seconds(self.sent_at)),
            "webhook-signature": " ".join(self.signatures),
        }


def new_secret() -> Secret:
    """Return a fresh secret of 256 random bits."""
    return Secret(randomness.token_bytes(_NEW_KEY_BYTES))


def read_secret(text: str) -> Secret:
    """Return a secret from its text.

    Raises
    ------
    SecretRefused
        When the text is not `whsec_` and the base64 of 24 to 64 bytes. The text is not repeated.
    """
    try:
        secret = Secret(base64.b64decode(text.removeprefix(_PREFIX).encode("ascii"), validate=True))
    except (binascii.Error, UnicodeEncodeError):
        secret = Secret(b"")
    # Base64 can be written in several ways, of which libraries read some and not others: one is enough.
    if len(secret.key) not in _KEY_BYTES or secret.text != text:
        raise SecretRefused(
            "That is not a secret for webhooks.", "Write whsec_ and, in base64, 24 to 64 random bytes after it."
        )
    return secret


def sign(message_id: str, body: bytes, *, secrets: Sequence[Secret], sent_at: datetime) -> SignedMessage:
    """Sign a message for one attempt.

    Parameters
    ----------
    message_id
        1 to 64 letters, digits, `_` and `-`; the same in every attempt.
    body
        Exactly the bytes that will be sent.
    secrets
        One, or several while a secret is being replaced: the receiver accepts any signature that it can make itself.
    sent_at
        When this attempt is made, with a zone; signed in whole seconds. Receivers refuse what is older than minutes.

    Raises
    ------
    MessageRefused
        When the id has other characters, no secret is given or the instant has no zone.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise MessageRefused(
            "The id of a message can not be signed.", "Use 1 to 64 letters, digits, underscores and hyphens."
        )
    if not secrets:
        raise MessageRefused("There is no secret to sign with.", "Give the webhook a secret.")
    if sent_at.tzinfo is None:
        raise MessageRefused("The instant of the attempt has no time zone.", "State one: the signature depends on it.")
    signed = f"{message_id}.{_seconds(sent_at)}.".encode("ascii") + body
    return SignedMessage(message_id, sent_at, body, tuple(_signature(secret, signed) for secret in secrets))


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _signature(secret: Secret, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(secret.key, signed, hashlib.sha256)).decode("ascii")
