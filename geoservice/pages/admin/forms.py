"""What is read of the forms of administrators, the same in every area.

All that is wrong with a form is told at once. What it costs is told before it counts: where that depends on what is
written, the form comes back with it, and is sent once more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime

from werkzeug.wrappers import Response

from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.model import CostsUnseen, Form, Refused, digest_of
from geoservice.pages.admin.rendering import form_page
from geoservice.web.forms import read_signed_form

#: The last day that a form may state: what lasts longer is said to have no end.
_YEARS_MOST = 10
#: Of a form: 2,000 Chinese characters of a description take nine bytes each on the way.
_BYTES_MOST = 60_000
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
#: In what a form says: the digest of what it costs, where that was shown.
AGREED = "agreed"


class FormErrors:
    """What is wrong with a form, noted field by field, so that all of it is told at once."""

    def __init__(self) -> None:
        self._errors: dict[str, str] = {}

    def refuse(self, field: str, error: str) -> None:
        """Note what is wrong with a field; of several the first is told."""
        self._errors.setdefault(field, error)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Note what reading of a field raises, and go on."""
        try:
            yield
        except Refused as exc:
            for field, error in exc.errors.items():
                self.refuse(field, error)

    def end(self) -> None:
        """Raise Refused where something is wrong."""
        if self._errors:
            raise Refused(**self._errors)


def sent(here: Here, form: Form, act: Callable[[Mapping[str, str]], Response]) -> Response:
    """Do what a form is sent for; where it is not taken, return it with what stands against it and what was written.

    Parameters
    ----------
    act
        Does it with the fields and raises Refused.
    """
    return sent_as(here, lambda fields: (form, act))


def sent_as(
    here: Here, made: Callable[[Mapping[str, str]], tuple[Form, Callable[[Mapping[str, str]], Response]]]
) -> Response:  # fmt: skip
    """Do the same where the form itself follows from what it says, such as whose staff is listed.

    Parameters
    ----------
    made
        Returns the form, and what does it, by the fields as they were sent.
    """
    fields = read_signed_form(bytes_max=_BYTES_MOST)
    form, act = made(fields)
    values = {one.name: fields.get(one.name, "").strip() for one in form.fields}
    agreed = {AGREED: fields.get(AGREED, "")}
    if fields.get("seen", form.seen) != form.seen:
        return form_page(here, replace(form, values=values, errors={"": form.changed}))
    try:
        return act(values | agreed)
    except Refused as exc:
        return form_page(here, replace(form, values=values, errors=exc.errors))
    except CostsUnseen as exc:
        return form_page(here, replace(form, values=values, costs=exc.costs, agreed=digest_of(exc.costs)))


def require_agreed(values: Mapping[str, str], costs: Sequence[str]) -> None:
    """Raise CostsUnseen unless whoever sent a form was shown that it costs this, no more and no less."""
    if costs and values[AGREED] != digest_of(costs):
        raise CostsUnseen(costs)


def leads_nowhere(code: str) -> bool:
    """Return whether no address leads to what has this code: browsers take it for a way between folders."""
    return "/" in code or code in (".", "..")


def number_in(values: Mapping[str, str], name: str, *, most: float, error: str) -> float | None:
    """Return the number above 0 that a form says, digits of full width among them; None: none. Raise Refused."""
    return _number(values, name, _NUMBER, most, error)


def whole_in(values: Mapping[str, str], name: str, *, least: int, most: int, error: str) -> int | None:
    """Return the whole number that a form says, digits of full width among them; None: none. Raise Refused."""
    found = _number(values, name, _WHOLE, most, error)
    if found is not None and found < least:
        raise Refused(**{name: error})
    return None if found is None else int(found)


def _number(values: Mapping[str, str], name: str, form: re.Pattern[str], most: float, error: str) -> float | None:
    text = plain(values[name])
    if not text:
        return None
    if not form.fullmatch(text) or not 0 < float(text) <= most:
        raise Refused(**{name: error})
    return float(text)


def plain(text: str) -> str:
    """Return a text with digits, letters and signs of full width as those that keyboards of the West write."""
    return unicodedata.normalize("NFKC", text).strip()


def end_in(here: Here, values: Mapping[str, str], name: str = "ends") -> datetime | None:
    """Return when something ends of which a form names the last day; None: it never does. Raise Refused."""
    day = day_in(values, name)
    if day is None:
        return None
    if not here.today <= day or day.year > here.today.year + _YEARS_MOST:
        raise Refused(**{name: "error.ends"})
    return here.end_of(day)


def day_in(values: Mapping[str, str], name: str) -> date | None:
    """Return the day that a form names; None: none. Raise Refused."""
    text = plain(values.get(name, ""))
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise Refused(**{name: "error.day"})
    return day


def chosen_in(values: Mapping[str, str], form: Form, name: str) -> str:
    """Return what a form says of a select, one of its options. Raise Refused."""
    options = next(one.options for one in form.fields if one.name == name)
    if values[name] not in {value for value, _ in options}:
        raise Refused(**{name: "error.choose"})
    return values[name]
