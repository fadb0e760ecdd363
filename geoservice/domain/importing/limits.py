"""How long a matter may take, of what catalogues say of it: working days and hours; what else is asked about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple

from geoservice.domain.counting.writing import number_of
from geoservice.domain.importing.values import NotAValue

#: Of working time.
Unit = Literal["working days", "hours"]


class SaidLimit(NamedTuple):
    """A limit as it is said."""

    amount: float
    unit: Unit


class UnclearLimit(NamedTuple):
    """A limit that says no working time; whoever imports it has to say what it means."""

    text: str


#: A longer one is no limit.
_LONGEST = 60
_AMOUNT = r"([0-9]+(?:[.,][0-9]+)?|[零一二两三四五六七八九十半]{1,3})"
_UNITS: Mapping[Unit, str] = {
    "working days": r"个?(?:工作日|工作天)|working-?days?|workdays?|business-?days?|arbeitstage?n?",
    "hours": r"个?(?:工作)?小时|(?:working-?)?hours?|h|(?:arbeits)?stunden?",
}
_SAID = {unit: re.compile(_AMOUNT + f"(?:{words})(?:内|以内)?") for unit, words in _UNITS.items()}
_IN_HEADER: Mapping[Unit, re.Pattern[str]] = {
    "working days": re.compile(r"工作日|working_?days?|arbeitstage"),
    "hours": re.compile(r"小时|hours?|stunden"),
}
_BARE = re.compile(_AMOUNT)
#: No working time, or nobody knows of which days.
_ASKED = re.compile(
    r"即时|立即|立刻|当场|马上|当日|当天|immediately|atonce|sofort"
    rf"|{_AMOUNT}(?:个?(?:自然日|日历日|天|日|周|星期|月)|(?:calendar-?)?days?|weeks?|months?"
    r"|(?:kalender)?tage?n?|wochen?)"
    "(?:内|以内)?"
)
_RANGE = re.compile(_AMOUNT + r"[^0-9]{0,5}?(?:-|~|–|—|至|到|to|bis)" + _AMOUNT)


def unit_of_header(header: str) -> Unit | None:
    """Return the unit that a header says of the numbers below it."""
    said = unicodedata.normalize("NFKC", header).casefold()
    return next((unit for unit, words in _IN_HEADER.items() if words.search(said)), None)


def limit_of(cell: object, *, unit: Unit | None = None, words: Mapping[str, str]) -> SaidLimit | UnclearLimit:
    """Return the limit that a cell says.

    Parameters
    ----------
    unit
        Of numbers without one.
    words
        What texts mean: `2小时` for 即时, or a unit for another one, such as 工作日 for 自然日.

    Raises
    ------
    NotAValue
        It is a range, or no limit.
    """
    said = _narrow(str(cell))
    meant = {_narrow(word): _narrow(meaning) for word, meaning in words.items()}
    said = meant.get(said, said)
    for word, meaning in meant.items():
        said = said.replace(word, meaning) if said.endswith((word, f"{word}内")) else said
    for known, pattern in _SAID.items():
        found = pattern.fullmatch(said)
        if found is not None:
            return SaidLimit(_amount(found[1]), known)
    if _RANGE.search(said):
        raise NotAValue("is a range: neither of its ends is the limit; write one")
    if _BARE.fullmatch(said):
        return UnclearLimit(str(cell).strip()) if unit is None else SaidLimit(_amount(said), unit)
    if _ASKED.fullmatch(said):
        return UnclearLimit(str(cell).strip())
    raise NotAValue("is no limit such as 3个工作日 or 8小时")


def _narrow(text: str) -> str:
    if len(text) > _LONGEST:
        raise NotAValue("is no limit: it is too long")
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def _amount(text: str) -> float:
    if text == "半":
        return 0.5
    number = number_of(text.replace("两", "二"))
    try:
        amount = float(number if number is not None else text.replace(",", "."))
    except ValueError as exc:
        raise NotAValue("is no number") from exc
    if not 0 < amount <= 10_000:
        raise NotAValue("is not more than 0 and at most 10,000")
    return amount
