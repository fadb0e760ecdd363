"""How often one caller may: who asks too often is told when to come again, and what is left while he may.

Strangers are counted by where they come from, programs by their key. Each worker process counts for itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from flask import Flask, Request, Response, g, request

from geoservice.auth.model import Identity, Role
from geoservice.auth.permissions import Permission
from geoservice.domain.quotas import Allowance, Quota, RateLimit
from geoservice.errors import GeoserviceError
from geoservice.services.keys import KeyElsewhere
from geoservice.settings import Settings
from geoservice.web.addresses import Networks, caller_of, counted_network
from geoservice.web.guard import Identify, current_identity, permission_of
from geoservice.web.pipeline import Step

log = structlog.get_logger()

#: Returns who shows a key at an address.
IdentifyAt = Callable[[str, str | None], Identity | None]
#: What is limited, as the header RateLimit-Policy names it.
REPORTS, LOOK_UPS, FAILURES, REQUESTS = "reports", "look-ups", "failures", "requests"


class TooManyRequests(GeoserviceError):
    """That was asked for too often; Retry-After says in how many seconds it is answered again."""

    def __init__(self, name: str, allowance: Allowance) -> None:
        quota = allowance.quota
        super().__init__(limit=f"{quota.most} {name} in {quota.window_s} s", wait_s=allowance.wait_s)
        self.headers = {**rate_headers(name, allowance), "Retry-After": str(allowance.wait_s)}


def rate_headers(name: str, allowance: Allowance) -> dict[str, str]:
    """Return what tells a caller his quota and what is left of it (draft-ietf-httpapi-ratelimit-headers)."""
    quota = allowance.quota
    return {
        "RateLimit-Policy": f'"{name}";q={quota.most};w={quota.window_s}',
        "RateLimit": f'"{name}";r={allowance.remaining};t={allowance.restored_s}',
    }


class RateLimits:
    """The limits of one worker.

    Parameters
    ----------
    quotas
        By what they limit; what has none is not limited.
    proxies
        Networks whose `X-Forwarded-For` is believed.
    """

    def __init__(
        self, quotas: dict[str, Quota | None], proxies: Networks, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self._limits = {name: RateLimit(quota, now_s) for name, quota in quotas.items() if quota is not None}
        self._proxies = proxies
        self._warned = False

    @classmethod
    def of(cls, settings: Settings) -> RateLimits:
        """Return the limits that the settings name."""
        written = {
            REPORTS: settings.limit_reports, LOOK_UPS: settings.limit_look_ups, FAILURES: settings.limit_failures,
            REQUESTS: settings.limit_requests,
        }  # fmt: skip
        return cls({name: Quota.parse(text) for name, text in written.items()}, settings.proxies)

    def watching(self, identify: IdentifyAt, from_memory: IdentifyAt) -> Identify:
        """Return what identifies the keys of requests, and asks memory alone for those from where many were none.

        So whoever guesses costs the database nothing any more, and keys that are used where he sits stay good. One that
        is shown where it is not good is none.
        """
        failures = self._limits.get(FAILURES)

        def identified(key: str) -> Identity | None:
            address = self.address_of(request.environ)
            if failures is None:
                return identify(key, address)
            network = self.network_of(request.environ)
            stopped = network is not None and not failures.left(network).remaining
            try:
                identity = from_memory(key, address) if stopped else identify(key, address)
            except KeyElsewhere:
                if network is not None:
                    failures.take(network)
                raise
            if identity is None and network is not None and failures.take(network) is None:
                raise TooManyRequests(FAILURES, failures.left(network))
            return identity

        return identified

    def limit(self, app: Flask) -> Step:
        """Return the step that limits requests; it knows who asks."""
        app.after_request(self._tell)

        def check(request: Request) -> None:
            needed = permission_of(app, request)
            if needed is None:
                return
            identity = current_identity()
            if identity.role is not Role.PUBLIC:
                self._count(REQUESTS, _holder(identity))
            elif needed is Permission.REPORT_AS_RESIDENT and request.method == "POST":
                self._count(REPORTS, self.network_of(request.environ))
            elif needed is Permission.LOOK_UP_OWNER:
                self._count(LOOK_UPS, self.network_of(request.environ))

        return check

    def may_look_up(self, identity: Identity, environ: Mapping[str, Any]) -> bool:
        """Count a look-up that is answered without Flask; return whether it is within the limit."""
        name = LOOK_UPS if identity.role is Role.PUBLIC else REQUESTS
        limit = self._limits.get(name)
        if limit is None:
            return True
        caller = self.network_of(environ) if identity.role is Role.PUBLIC else _holder(identity)
        return caller is None or limit.take(caller) is not None

    def address_of(self, environ: Mapping[str, Any]) -> str | None:
        """Return the address that a request comes from, as far as proxies that are believed tell it."""
        return caller_of(environ.get("REMOTE_ADDR"), environ.get("HTTP_X_FORWARDED_FOR", ""), self._proxies)

    def network_of(self, environ: Mapping[str, Any]) -> str | None:
        """Return the network that a request comes from; None: this machine, which is not limited."""
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        network = counted_network(self.address_of(environ))
        if network is None and forwarded and not self._warned:
            self._warned = True
            log.warning("a proxy on this machine is not believed, so nobody who comes through it is limited",
                        setting="GEOSERVICE_PROXY_NETWORKS")  # fmt: skip
        return network

    def _count(self, name: str, caller: str | None) -> None:
        limit = self._limits.get(name)
        if limit is None or caller is None:
            return
        allowance = limit.take(caller)
        if allowance is None:
            raise TooManyRequests(name, limit.left(caller))
        g.allowance = (name, allowance)

    @staticmethod
    def _tell(response: Response) -> Response:
        told = g.pop("allowance", None)
        if told is not None:
            response.headers.update(rate_headers(*told))
        return response


def _holder(identity: Identity) -> str:
    return identity.key_id or identity.login or identity.actor
