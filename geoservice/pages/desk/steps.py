"""The steps that the desk offers, and the forms that they are taken by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from geoservice.domain.lifecycle.table import ACTIONS, TOLD, Field, Step
from geoservice.domain.words import has_words
from geoservice.errors import (
    GeoserviceError,
    IncidentChanged,
    NobodyOnDuty,
    PersonalNumberRefused,
    StepNotAllowed,
    StepWants,
)
from geoservice.pages.desk.detail import Line, line_of
from geoservice.pages.desk.rows import Speaker
from geoservice.services.desk import DeskDetail
from geoservice.services.handling import ActionDetails
from layers.errors import LayerError
from layers.incidents.model import IncidentEvent

#: By the key that begins it. What only reporters do is not here; a pin is moved on the map of officers.
KEYS = {
    "dispatch": "d", "reassign": "d", "accept": "a", "resolve": "x", "verify": "v", "return": "r", "ask": "q",
    "set-out": "", "answer": "", "merge": "m", "overrule": "o", "reopen": "", "cancel": "",
}  # fmt: skip
#: What is done with several at once, and needs no words.
BULK = ("dispatch", "verify")
#: Where one of these is open, it is what is to be done next.
_NEXT = ("dispatch", "verify")
WORDS_MOST = 500


@dataclass(frozen=True)
class StepButton:
    """A step as a button."""

    action: str
    key: str
    first: bool


@dataclass(frozen=True)
class Form:
    """A step under way: what was written so far, and what stands against it."""

    action: str
    step: Step
    #: In which the incident was seen.
    version: int
    values: Mapping[str, str] = field(default_factory=dict)
    #: Sentences, by the field that they are about; "" is the whole.
    errors: Mapping[str, str] = field(default_factory=dict)
    #: What others did meanwhile.
    changes: tuple[Line, ...] = ()
    #: Whether the step can still be taken.
    open: bool = True

    def takes(self, name: str) -> bool:
        """Return whether the step takes something."""
        return Field(name) in self.step.takes | self.step.needs

    def needs(self, name: str) -> bool:
        """Return whether the step needs something."""
        return Field(name) in self.step.needs

    @property
    def told(self) -> bool:
        """Return whether the reporter reads the words."""
        return self.step.rule in (*TOLD, "asked")


def offered(whole: DeskDetail) -> tuple[StepButton, ...]:
    """Return the steps that are open, what is to be done next first."""
    steps = [one.action for one in whole.offer.steps if one.action in KEYS]
    steps.sort(key=lambda action: action not in _NEXT)
    return tuple(StepButton(action, KEYS[action], at == 0 and action in _NEXT) for at, action in enumerate(steps))


def new_form(whole: DeskDetail, action: str | None) -> Form | None:
    """Return an empty form of a step; None where it is not one of the desk's."""
    if action not in KEYS:
        return None
    incident = whole.offer.incident
    values = {"officer": whole.on_duty[0].code if whole.on_duty else ""} if action == "dispatch" else {}
    return Form(action, ACTIONS[action], incident.version, values, open=_is_open(whole, action))


def read_details(form: Mapping[str, str], step: Step) -> tuple[ActionDetails, dict[str, str]]:
    """Return what a form states of a step, and by field the key of the sentence about what is wrong with it."""
    values = {name: form.get(name, "").strip() for name in ("reason", "officer", "grid")}
    other = form.get("duplicate_of_id", "").strip() or form.get("duplicate_of", "").strip()
    errors: dict[str, str] = {}
    if Field.REASON in step.needs and not has_words(values["reason"]):
        errors["reason"] = "error.words"
    elif values["reason"] and not has_words(values["reason"]):
        values["reason"] = ""
    if Field.REASON in step.takes | step.needs and len(values["reason"]) > WORDS_MOST:
        errors["reason"] = "error.long"
    for name in ("officer", "grid"):
        if Field(name) in step.needs and not values[name]:
            errors[name] = f"error.{name}"
    duplicate_of = _uuid(other)
    if Field.DUPLICATE_OF in step.needs and duplicate_of is None:
        errors["duplicate_of"] = "error.id" if other else "error.duplicate_of"
    taken = step.takes | step.needs
    return ActionDetails(
        values["reason"] or None if Field.REASON in taken else None,
        values["officer"] or None if Field.OFFICER in taken else None,
        values["grid"] or None if Field.GRID in taken else None,
        duplicate_of=duplicate_of if Field.DUPLICATE_OF in taken else None,
    ), errors  # fmt: skip


def refused_form(
    whole: DeskDetail, action: str, form: Mapping[str, str], errors: Mapping[str, str], speaker: Speaker
) -> Form:  # fmt: skip
    """Return a form with what is wrong with it; the words in it are kept."""
    said = {name: speaker.words[key] for name, key in errors.items()}
    version = _version(form.get("version"), whole)
    return Form(action, ACTIONS[action], version, form, said, open=_is_open(whole, action))


def form_after(
    whole: DeskDetail, action: str, form: Mapping[str, str], error: GeoserviceError | LayerError, speaker: Speaker
) -> Form:  # fmt: skip
    """Return a form that was not taken, with the reason; who sends it again means the incident as it is now."""
    version, changes = _version(form.get("version"), whole), tuple[Line, ...]()
    if isinstance(error, IncidentChanged):
        lines = [one for one in error.changes if isinstance(one, IncidentEvent)]
        version, changes = whole.offer.incident.version, tuple(line_of(one, speaker) for one in lines)
    said = sentence(error, speaker.words)
    about = (
        "reason" if isinstance(error, PersonalNumberRefused) else "officer" if isinstance(error, NobodyOnDuty) else ""
    )
    return Form(action, ACTIONS[action], version, form, {about: said}, changes, _is_open(whole, action))


def sentence(error: GeoserviceError | LayerError, words: Mapping[str, str]) -> str:
    """Return why a step was not taken."""
    if isinstance(error, IncidentChanged | StepNotAllowed):
        return words["changed"]
    if isinstance(error, PersonalNumberRefused):
        return words["error.personal-number"]
    if isinstance(error, NobodyOnDuty):
        return words["error.nobody_on_duty"]
    if isinstance(error, StepWants):
        return words["error.refused"].format(detail=error)
    detail = str(getattr(error, "message", None) or type(error).__doc__)
    return words["error.refused"].format(detail=detail)


def _is_open(whole: DeskDetail, action: str) -> bool:
    return any(one.action == action for one in whole.offer.steps)


def _version(text: str | None, whole: DeskDetail) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() else whole.offer.incident.version


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None
