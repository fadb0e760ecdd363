"""What the desk tells of one incident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from geoservice.domain.languages import Language
from geoservice.pages.desk.rows import Due, Speaker
from geoservice.pages.shell.telling import span
from geoservice.services.desk import DeskDetail
from layers.incidents.model import Incident, IncidentEvent

_ROLES = ("officer", "dispatcher", "analyst", "admin", "reader", "public")


@dataclass(frozen=True)
class Line:
    """A line of the history."""

    at: str
    rule: str
    who: str
    words: str | None
    #: Where it went, or what it became.
    what: str


@dataclass(frozen=True)
class Pair:
    """Another incident that may be about the same matter."""

    id: str
    status: str
    status_word: str
    words: str
    reported: str
    apart: str


@dataclass(frozen=True)
class Candidate:
    """A grid that may be meant at a border."""

    code: str
    name: str
    metres: str
    #: Whether it owns the place.
    owns: bool
    #: Who serves there today, the grid officer first.
    officer: str


@dataclass(frozen=True)
class Detail:
    """All that is told."""

    incident: Incident
    service: str
    status_word: str
    due: Due
    #: The day and the hour.
    due_at: str | None
    reported: str
    since: str
    #: Since when somebody is on the way.
    set_out: str | None
    grid: str
    officer: str
    source: str
    method: str
    #: Whether the rule says the same when it is asked again, and what it says.
    agrees: bool
    again: str
    border_m: str | None
    candidates: tuple[Candidate, ...]
    answers: tuple[tuple[str, str], ...]
    buildings: tuple[tuple[str, str], ...]
    cameras: tuple[tuple[str, str], ...]
    pairs: tuple[Pair, ...]
    lines: tuple[Line, ...]
    original: str | None


def detail_of(whole: DeskDetail, language: Language, words: Mapping[str, str]) -> tuple[Detail, Speaker]:
    """Return what is told of an incident, and who tells it."""
    incident = whole.offer.incident
    speaker = Speaker(language, words, whole.names, ZoneInfo(whole.jurisdiction.time_zone), whole.now)
    last = whole.routings[-1] if whole.routings else None
    border = incident.distance_to_border_m
    original = whole.offer.original
    return Detail(
        incident=incident,
        service=speaker.service(incident.service_code),
        status_word=speaker.status(incident.status),
        due=speaker.due(incident, whole.left_s),
        due_at=None if incident.expected_at is None else speaker.moment(incident.expected_at),
        reported=speaker.moment(incident.reported_at),
        since=speaker.moment(incident.status_since),
        set_out=None if incident.set_out_at is None else speaker.moment(incident.set_out_at),
        grid=speaker.grid(incident.grid_code),
        officer=speaker.officer(incident.officer_code),
        source=speaker.source(incident.source),
        method=speaker.method(incident.method),
        agrees=last is None or last.agrees,
        again=speaker.grid(None if last is None else last.again_grid_code),
        border_m=None if border is None else _metres(border),
        candidates=_candidates(whole, speaker),
        answers=_answers(incident, speaker),
        buildings=tuple((one.name or one.address or one.code, _distance(one.distance_m, words))
                        for one in whole.buildings),
        cameras=tuple((one.code, _distance(one.distance_m, words)) for one in whole.cameras),
        pairs=_pairs(whole, speaker),
        lines=tuple(line_of(_as_reported(one, incident), speaker) for one in reversed(whole.history)),
        original=None if original is None else speaker.status(original.status),
    ), speaker  # fmt: skip


def _metres(metres: float) -> str:
    return f"{metres:,.1f}" if metres < 10 else f"{metres:,.0f}"


def _distance(metres: float, words: Mapping[str, str]) -> str:
    return words["inside"] if metres == 0 else words["distance"].format(m=_metres(metres))


def _candidates(whole: DeskDetail, speaker: Speaker) -> tuple[Candidate, ...]:
    """Return the grids that may be meant, the nearest first, where a border is near."""
    told, incident = [], whole.offer.incident
    for one in incident.candidates if incident.near_border else ():
        code, distance = str(one["grid_code"]), one.get("distance_m")
        metres = (
            speaker.words["distance"].format(m=_metres(float(distance))) if isinstance(distance, int | float) else ""
        )
        officer = speaker.officer(whole.on_duty_near.get(code))
        told.append(Candidate(code, speaker.grid(code), metres, code == incident.grid_code, officer))
    return tuple(told)


def _answers(incident: Incident, speaker: Speaker) -> tuple[tuple[str, str], ...]:
    """Return what the reporter answered, by what was asked, as far as the service still asks it."""
    service = speaker.names.services.get(incident.service_code)
    asked: dict[str, Any] = {} if service is None else {str(one["code"]): one for one in service.attributes}
    return tuple(
        (speaker.told(asked.get(code, {}), "description") or code, _answer(answer, asked.get(code, {}), speaker))
        for code, answer in incident.attributes.items()
    )


def _answer(answer: object, asked: Mapping[str, Any], speaker: Speaker) -> str:
    names = {str(one["key"]): speaker.told(one, "name") for one in asked.get("values", ())}
    given = answer if isinstance(answer, list) else [answer]
    return ", ".join(names.get(str(one), str(one)) for one in given)


def _pairs(whole: DeskDetail, speaker: Speaker) -> tuple[Pair, ...]:
    here, told = whole.offer.incident, []
    for near in whole.alike:
        other = whole.pairs.get(near.id)
        if other is None:
            continue
        time = span((other.reported_at - here.reported_at).total_seconds(), speaker.words)
        apart = speaker.words["apart"].format(m=_metres(near.distance_m), time=time)
        words = other.description or speaker.words["no_words"]
        told.append(Pair(str(other.id), other.status, speaker.status(other.status), words,
                         speaker.moment(other.reported_at), apart))  # fmt: skip
    return tuple(told)


def _as_reported(one: IncidentEvent, incident: Incident) -> IncidentEvent:
    """Return a line with the time of what it tells: a report may be older than the day on which it was entered."""
    return replace(one, at=incident.reported_at) if one.rule == "reported" else one


def line_of(one: IncidentEvent, speaker: Speaker) -> Line:
    """Return a line of the history as people read it."""
    what = []
    if one.to_status not in (one.from_status, one.rule):
        what.append(speaker.status(one.to_status))
    if one.to_grid_code != one.from_grid_code and one.to_grid_code is not None:
        what.append(speaker.grid(one.to_grid_code))
    if one.officer_code is not None and one.to_status in ("dispatched", "accepted"):
        what.append(speaker.officer(one.officer_code))
    rule = speaker.words.get(f"rule.{one.rule}", one.rule)
    return Line(speaker.moment(one.at), rule, who(one.actor, speaker.words), one.reason, " · ".join(what))


def who(actor: str, words: Mapping[str, str]) -> str:
    """Return who did something, as histories keep it, in words."""
    role, _, name = actor.partition(":")
    if role in _ROLES:
        return f"{words[f'role.{role}']} {name}".strip()
    return words.get(f"actor.{actor}", actor)
