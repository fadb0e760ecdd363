"""Answers to what a service asks for: judged by the kinds of GeoReport v2, whichever door they come through."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Answers = dict[str, str | list[str]]

REQUIRED = "is required"
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", re.ASCII)


def judged(
    attributes: Iterable[Mapping[str, Any]], answers: Mapping[str, str | list[str]]
) -> tuple[Answers, dict[str, str]]:
    """Return the answers that are asked for, and what is wrong, by the attribute's code.

    Parameters
    ----------
    attributes
        What a service asks for, as GeoReport v2 defines it.
    answers
        By code; what nobody asks for is left out.
    """
    kept: Answers = {}
    faults: dict[str, str] = {}
    for attribute in attributes:
        code = str(attribute["code"])
        answer = answers.get(code)
        if not answer:
            if attribute.get("required"):
                faults[code] = REQUIRED
            continue
        fault = _fault(attribute, answer if isinstance(answer, list) else [answer])
        if fault is not None:
            faults[code] = fault
        kept[code] = answer
    return kept, faults


def _fault(attribute: Mapping[str, Any], answers: list[str]) -> str | None:
    """Return what is wrong with the answers to an attribute, None when nothing is."""
    datatype = attribute.get("datatype", "string")
    allowed = [str(value["key"]) for value in attribute.get("values", ())]
    if allowed and not set(answers) <= set(allowed):
        return f"is one of {', '.join(allowed)}"
    if len(answers) > 1 and datatype != "multivaluelist":
        return "has one answer"
    if datatype == "number" and not _NUMBER.fullmatch(answers[0]):
        return "is a number, such as 3"
    if datatype == "datetime" and not _DATETIME.match(answers[0]):
        return "is a time, such as 2026-03-01T08:00:00+08:00"
    return None
