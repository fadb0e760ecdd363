"""Who enters without Flask: for paths that answer plain requests by themselves and hand on everything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from geoservice.auth.model import PUBLIC, Role
from geoservice.web.guard import Identify

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_BEARER = re.compile(r"bearer (grd_[0-9a-z]{8}_[A-Za-z0-9_-]{43})", re.ASCII | re.IGNORECASE)


class Entry:
    """The way in for plain requests. Whoever it does not let in may still be let in by `guard`, or is told why not.

    Parameters
    ----------
    identify
        Returns who shows a key, None when that can not be said without the database or nobody does.
    trusted_hosts
        Hosts that requests may name; empty: any.
    """

    def __init__(self, identify: Identify, trusted_hosts: tuple[str, ...] = ()) -> None:
        self._identify, self._trusted_hosts = identify, trusted_hosts

    def role_of(self, environ: Environ) -> Role | None:
        """Return as what somebody enters; None: the application sees to him."""
        if self._trusted_hosts and not host_is_trusted(environ.get("HTTP_HOST", ""), self._trusted_hosts):
            return None
        shown = environ.get("HTTP_AUTHORIZATION")
        if shown is None:
            return PUBLIC.role
        key = _BEARER.fullmatch(shown)
        identity = self._identify(key[1]) if key else None
        return None if identity is None else identity.role
