"""Who enters without Flask: for paths that answer plain requests by themselves and hand on everything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from geoservice.auth.model import PUBLIC, VISITORS, Identity
from geoservice.domain.visitors import Shown
from geoservice.web.guard import homes_of
from geoservice.web.rate_limits import IdentifyAt, RateLimits

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
    shown
        Returns what jurisdictions show to visitors; None when that can not be said without the database.
    limits
        Say how often one may.
    trusted_hosts
        Hosts that requests may name; empty: any.
    """

    def __init__(
        self,
        identify: IdentifyAt,
        shown: Callable[[], Shown | None],
        limits: RateLimits,
        trusted_hosts: tuple[str, ...] = (),
    ) -> None:
        self._identify, self._shown, self._trusted_hosts = identify, shown, trusted_hosts
        #: How often one may.
        self.limits = limits

    def identity_of(self, environ: Environ, jurisdiction: str | None) -> Identity | None:
        """Return as whom somebody enters a jurisdiction (None: any); None: the application sees to him."""
        if self._trusted_hosts and not host_is_trusted(environ.get("HTTP_HOST", ""), self._trusted_hosts):
            return None
        sent = environ.get("HTTP_AUTHORIZATION")
        if sent is None:
            return self.visitor_of(jurisdiction)
        key = _BEARER.fullmatch(sent)
        identity = self._identify(key[1], self.limits.address_of(environ)) if key else None
        if identity is None or (identity.home is None and not identity.grants):
            return identity
        if jurisdiction is None:
            shown = self._shown()
            hidden = shown is None or (bool(shown.closed) and shown.hides_from(homes_of(identity)))
            return self.visitor_of(None) if hidden else identity
        here = identity.acting_in((jurisdiction,))
        return self.visitor_of(jurisdiction) if here is PUBLIC else here

    def visitor_of(self, jurisdiction: str | None) -> Identity | None:
        """Return as whom a visitor enters a jurisdiction (None: any); None: memory does not know."""
        shown = self._shown()
        if shown is None:
            return None
        return VISITORS[shown.least if jurisdiction is None else shown.by((jurisdiction,))]
