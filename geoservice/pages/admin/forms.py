"""What is read of the forms of administrators, the same in every area."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

from werkzeug.wrappers import Response

from geoservice.pages.admin.areas import Here
from geoservice.pages.admin.model import Form, Refused
from geoservice.pages.admin.rendering import CHANGED, form_page
from geoservice.web.forms import read_signed_form

#: The last day that a form may state: what lasts longer is said to have no end.
_YEARS_MOST = 10
#: Of a form: 2,000 Chinese characters of a description take nine bytes each on the way.
_BYTES_MOST = 60_000


def sent(here: Here, form: Form, act: Callable[[Mapping[str, str]], Response]) -> Response:
    """Do what a form is sent for; where it is not taken, return it with what stands against it and what was written.

    Parameters
    ----------
    act
        Does it with the fields and raises Refused.
    """
    fields = read_signed_form(bytes_max=_BYTES_MOST)
    values = {one.name: fields.get(one.name, "").strip() for one in form.fields}
    if fields.get("seen", form.seen) != form.seen:
        return form_page(here, replace(form, values=values, errors={"": CHANGED}))
    try:
        return act(values)
    except Refused as exc:
        return form_page(here, replace(form, values=values, errors=exc.errors))


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
    text = values.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-11-30") else None
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
