"""Who acts, for the entries that the database keeps of what is done: told with every transaction, as its scope is."""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass

#: SQL that says who acts in the rest of a transaction; its settings are the values.
SET_ACTING = (
    "set_config('geoservice.actor', :actor, true), set_config('geoservice.role', :acting_role, true),"
    " set_config('geoservice.purpose', :purpose, true), set_config('geoservice.request', :request, true)"
)


@dataclass(frozen=True)
class Acting:
    """Somebody, at something."""

    #: As histories name him: a role and a key or an account, or who runs a command. Empty: not said.
    who: str = ""
    role: str = ""
    #: The permission that the door asked for, or the command.
    purpose: str = ""
    #: Id of the request.
    request: str = ""

    def settings(self, actor: str = "") -> dict[str, str]:
        """Return the same as the database keeps settings; `actor` stands in for who it is, where it is said."""
        return {
            "actor": actor or self.who, "acting_role": self.role, "purpose": self.purpose, "request": self.request,
        }  # fmt: skip

    @property
    def named_settings(self) -> dict[str, str]:
        """Return the settings by their names in the database, for a connection of its own."""
        return {
            "geoservice.actor": self.who, "geoservice.role": self.role,
            "geoservice.purpose": self.purpose, "geoservice.request": self.request,
        }  # fmt: skip


NOBODY = Acting()
_present: ContextVar[Acting] = ContextVar("acting", default=NOBODY)


def present_acting() -> Acting:
    """Return who acts in transactions that begin now."""
    return _present.get()


def act_as(acting: Acting) -> Token[Acting]:
    """Have transactions of this context say that somebody acts; return what `act_as_before` takes."""
    return _present.set(acting)


def act_as_before(token: Token[Acting]) -> None:
    """Have them say what they said before."""
    _present.reset(token)
