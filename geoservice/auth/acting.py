"""Who acts in a request, for the entries of the audit. Nobody, until it is known who asks."""

from __future__ import annotations

from contextvars import Token

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission
from layers.db.acting import NOBODY, Acting, act_as, act_as_before

Before = Token[Acting]

__all__ = ["Before", "act_as_before", "act_as_identity", "act_as_nobody"]


def act_as_nobody() -> Before:
    """Be nobody from now on; return what `act_as_before` takes."""
    return act_as(NOBODY)


def act_as_identity(identity: Identity, needed: Permission, request: str) -> None:
    """Be whoever asks, who was let in, or not, for a permission."""
    act_as(Acting(identity.actor, identity.role.value, needed.value, request))
