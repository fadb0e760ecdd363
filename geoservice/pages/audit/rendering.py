"""How entries are told to people: in words of their language, by the clocks of the jurisdiction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response

from geoservice.auth.permissions import Permission, permitted
from geoservice.pages.audit.address import FILTERS, AuditAddress
from geoservice.pages.shell.frame import Place, page
from geoservice.pages.words.catalogue import words
from geoservice.records.audit.model import AuditEntry
from geoservice.services.audit.service import AuditLook
from geoservice.web.guard import current_identity
from geoservice.web.language import page_address

#: Digits of a hash that are shown: enough to be compared with an anchor by eye.
HASH_SHOWN = 16
#: Of a list so many are told; then how many more.
LISTED = 6


@dataclass(frozen=True)
class Touched:
    """One thing that was touched."""

    word: str
    text: str
    #: Where it is looked at; empty: nowhere, or not by whoever looks on.
    url: str = ""


@dataclass(frozen=True)
class Line:
    """An entry as it is told."""

    instant: str
    at: str
    who: str
    role: str
    what: str
    touched: tuple[Touched, ...]
    request: str


def audit_page(asked: AuditAddress, told: AuditLook) -> Response:
    """Return the page."""
    language = asked.language
    said = words("audit", language)
    jurisdiction, zone = told.jurisdiction, ZoneInfo(told.jurisdiction.time_zone)
    name = jurisdiction.name_en if language == "en" and jurisdiction.name_en else jurisdiction.name
    shown = said["shown"].format(x=f"{len(told.entries):,}", y=f"{told.total:,}") if told.total is not None else (
        said["shown.after"].format(x=f"{len(told.entries):,}")
    )  # fmt: skip
    return page(
        "audit/templates/audit.html", "audit", title=said["title"],
        place=Place(jurisdiction.code, name, jurisdiction.time_zone), asked=asked, filters=FILTERS,
        lines=[line_of(one, asked, zone, said) for one in told.entries], shown_words=shown,
        more_url=asked.url(before=str(told.more)) if told.more is not None else "",
        first_url=asked.url(before=None) if asked.before is not None else "",
        clear_url=asked.url(**dict.fromkeys((*FILTERS, "before"))) if asked.is_narrowed else "",
        kinds=_kinds(said, asked.said.get("what", "")), chain=_chain(told, zone, said),
    )  # fmt: skip


def line_of(entry: AuditEntry, asked: AuditAddress, zone: ZoneInfo, said: Mapping[str, str]) -> Line:
    """Return an entry in words; what there are none for is told by its code."""
    return Line(
        entry.at.isoformat(), entry.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"), entry.who,
        said.get(f"role.{entry.role}", entry.role or ""), said.get(f"what.{entry.what}", entry.what),
        tuple(_touched(entry.touched, asked, zone, said)), str(entry.request or ""),
    )  # fmt: skip


def _touched(
    touched: Mapping[str, Any], asked: AuditAddress, zone: ZoneInfo, said: Mapping[str, str]
) -> Iterator[Touched]:  # fmt: skip
    for key, value in touched.items():
        word = said.get(f"touched.{key}", key)
        if key == "incident" and permitted(current_identity(), Permission.USE_DESK):
            yield Touched(
                word, str(value), page_address(f"/desk/{asked.jurisdiction}", asked.language, open=str(value))
            )
        elif key == "ended_at":
            yield Touched(word, datetime.fromisoformat(value).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"))
        elif isinstance(value, dict):
            yield Touched(word, "; ".join(f"{name}: {_listed(one, said)}" for name, one in value.items()))
        else:
            yield Touched(word, said.get(f"value.{value}", _listed(value, said)))


def _listed(value: object, said: Mapping[str, str]) -> str:
    if not isinstance(value, list):
        return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    told = ", ".join(said.get(f"value.{one}", str(one)) for one in value[:LISTED])
    return told if len(value) <= LISTED else said["and_more"].format(list=told, n=len(value) - LISTED)


def _kinds(said: Mapping[str, str], chosen: str) -> list[tuple[str, str]]:
    """Return what can have been done, by name and in words; and what the address names beside that."""
    known = [(key.removeprefix("what."), text) for key, text in said.items() if key.startswith("what.")]
    return known if chosen in ("", *(name for name, _ in known)) else [*known, (chosen, chosen)]


def _chain(told: AuditLook, zone: ZoneInfo, said: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return how the chain stands: each thing, and what is told of it."""
    chain, anchor = told.chain, told.chain.anchor
    sealed = f"{chain.head.seq:,} · {chain.head.hash.hex()[:HASH_SHOWN]}…" if chain.head.seq else said["chain.nothing"]
    since = chain.waiting.oldest_at
    unsealed = f"{chain.waiting.count:,}"
    if since is not None:
        unsealed += " " + said["chain.since"].format(time=since.astimezone(zone).strftime("%m-%d %H:%M:%S"))
    anchored = said["chain.nothing" if chain.is_anchor_readable else "chain.unreadable"]
    if anchor is not None:
        at = "" if anchor.at is None else " · " + anchor.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        anchored = f"{anchor.seq:,} · {anchor.hash.hex()[:HASH_SHOWN]}…{at}"
    return [(said["chain.sealed"], sealed), (said["chain.unsealed"], unsealed), (said["chain.anchor"], anchored)]
