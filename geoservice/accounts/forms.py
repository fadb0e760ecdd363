"""The small forms of these pages, read within limits."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import request

from geoservice.web.streaming import WrongMediaType, incoming

FORM_TYPE = "application/x-www-form-urlencoded"
_BYTES_MAX = 20_000
_FIELDS_MAX = 20


def read_form() -> dict[str, str]:
    """Return the fields of the posted form; what can not be read of it is a sign that stands for nothing.

    Raises
    ------
    WrongMediaType, TooManySenders, RequestEntityTooLarge
    """
    if request.mimetype != FORM_TYPE:
        raise WrongMediaType
    with incoming(_BYTES_MAX) as body:
        text = body.read().decode("ascii", "replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS_MAX)
    except ValueError:  # more of them
        return {}
    return dict(fields)
