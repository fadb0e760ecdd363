"""The way in: what every request passes before its view, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, request
from werkzeug.datastructures import ImmutableMultiDict

#: Looks at the request and raises what stops it. It is handed the request itself: asking Flask's stand-in for each of
#: its properties costs a microsecond every time.
Step = Callable[[Request], None]


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


def _as_it_is(view: Callable[..., Any]) -> Callable[..., Any]:
    """Stand in for Flask's question, four times a request, whether a function is a coroutine: none of ours is."""
    return view


def before_request_chain(app: Flask, *steps: Step) -> None:
    """Take every request through the steps. One hook for all: Flask asks of each anew whether it is a coroutine."""

    def go() -> None:
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        for step in steps:
            step(asked)

    app.request_class = QuietRequest
    app.ensure_sync = _as_it_is  # type: ignore[assignment, method-assign]
    app.before_request(go)
