"""How the events' process answers what is no stream, and what it says of itself to pages of the same host."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[str, str], ...]

RETRY_AFTER_S = 5


class Refusal(Exception):
    """Why there is no stream: a status, a title, and how to mend it."""

    def __init__(self, status: int, title: str, detail: str, headers: Headers = ()) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers


def come_again(title: str, detail: str) -> Refusal:
    """Return a refusal for now."""
    return Refusal(503, title, detail, (("retry-after", str(RETRY_AFTER_S)),))


def fields_of(scope: Scope) -> dict[str, str]:
    """Return the header of a request; what comes in several lines is one list (RFC 9110, 5.3; of cookies RFC 9113)."""
    fields: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        between = "; " if name == "cookie" else ", "
        fields[name] = f"{fields[name]}{between}{value}" if name in fields else value
    return fields


async def begin(send: Send, status: int, headers: Headers) -> None:
    """Send the head of an answer."""
    said = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": said})


async def end(send: Send, body: bytes = b"") -> None:
    """Send the last of an answer."""
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse(send: Send, refusal: Refusal, shared: Headers) -> None:
    """Answer with a refusal, as problem+json (RFC 9457)."""
    problem = {"type": "about:blank", "title": refusal.title, "status": refusal.status, "detail": refusal.detail}
    await begin(send, refusal.status, (*shared, *refusal.headers, ("content-type", "application/problem+json")))
    await end(send, json.dumps(problem).encode())


def host_name(header: str) -> str:
    """Return the name of a Host header without its port; empty when it is none."""
    return _name_of(f"//{header}")


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True)
class OwnPage:
    """A page of this very service, as its browser says: the session that the browser sends along counts."""

    #: As the page's address has it.
    host: str
    secure: bool


def own_page(headers: Mapping[str, str], web_port: int) -> OwnPage | None:
    """Return which page of this service asks, None for any other.

    It comes from the web server's port of the same host, or, behind a proxy, from where this is asked itself. Browsers
    say where from as Origin, but not of what a page asks of its own origin.
    """
    host, origin = headers.get("host", ""), headers.get("origin")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "same-site", "none"):
        return None
    if origin is None:
        return OwnPage(host, headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower() == "https")
    scheme, _, netloc = origin.partition("://")
    same_port = _name_of(origin) == host_name(host) != "" and netloc.rpartition(":")[2] == str(web_port)
    return OwnPage(netloc, scheme == "https") if netloc.lower() == host.lower() or same_port else None


def cookie(headers: Mapping[str, str], name: str) -> str | None:
    """Return the value of a cookie."""
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return next((value for found, _, value in pairs if found == name), None)


def shared_with(headers: Mapping[str, str], web_port: int) -> Headers:
    """Return what lets a page of the same host read the answer: the service's own pages come from another port.

    Only they may have the session count that their browser sends along.
    """
    origin = headers.get("origin", "")
    same = origin != "" and _name_of(origin) == host_name(headers.get("host", "")) != ""
    if not same:
        return ()
    own = (("access-control-allow-credentials", "true"),) if own_page(headers, web_port) else ()
    return (
        *own,
        ("access-control-allow-origin", origin), ("access-control-allow-headers", "Authorization, Last-Event-ID"),
        ("access-control-max-age", "600"), ("vary", "Origin"),
    )  # fmt: skip
