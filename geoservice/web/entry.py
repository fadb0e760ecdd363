"""The way in: what every request passes before its view, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict

#: Looks at the request and raises what stops it.
Step = Callable[[], None]


class Arguments(ImmutableMultiDict[str, str]):
    """A query. Asking for what is not there costs no exception made and thrown away, as werkzeug's own does."""

    # One signature for werkzeug's five.
    def get(self, key: str, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]
        """Return the first value of a name."""
        values = dict.get(self, key)
        if not values:
            return default
        return values[0] if type is None else super().get(key, default, type)


class QuietRequest(Request):
    """A request with such a query."""

    parameter_storage_class = Arguments


def let_in(app: Flask, *steps: Step) -> None:
    """Take every request through the steps. One hook for all: Flask asks of each anew whether it is a coroutine."""

    def go() -> None:
        for step in steps:
            step()

    app.request_class = QuietRequest
    app.before_request(go)
