"""Where a request acts whose address names a thing by its number, and no jurisdiction."""

from __future__ import annotations

from collections.abc import Callable, Collection

from flask import Request

from geoservice.services.locating import Thing

#: Returns the jurisdictions of a thing, by code.
FindJurisdictions = Callable[[Thing, str], Collection[str]]
#: By what addresses begin with that name one, and what of their rules its number is.
_THINGS: tuple[tuple[str, Thing, str], ...] = (
    ("/v1/editions/<id>", "edition", "id"), ("/v1/incidents/<id>", "incident", "id"),
    ("/v1/webhooks/<id>", "webhook", "id"), ("/v1/postings/<int:id>", "posting", "id"),
    ("/v1/changes/<change>", "change", "change"),
)  # fmt: skip


def locating(find: FindJurisdictions) -> Callable[[Request], Collection[str]]:
    """Return what finds the jurisdictions of what a request is about; none, where it names no such thing."""

    def located(request: Request) -> Collection[str]:
        rule = "" if request.url_rule is None else request.url_rule.rule
        for begins, thing, argument in _THINGS:
            if rule.startswith(begins):
                return find(thing, str((request.view_args or {}).get(argument, "")))
        return ()

    return located
