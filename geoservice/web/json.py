"""JSON in and out by orjson: strict about NaN, fast, and unable to overflow the stack."""

from __future__ import annotations

from typing import Any

import orjson
from flask.json.provider import JSONProvider

_OPTIONS = orjson.OPT_UTC_Z


def dumps(value: Any) -> bytes:
    """Return a value as JSON; instants in UTC with Z."""
    return orjson.dumps(value, option=_OPTIONS)


class OrjsonProvider(JSONProvider):
    """Flask's JSON by orjson. The standard library's answers `[` * 5000 with a RecursionError and takes NaN."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return a value as JSON text."""
        return dumps(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Return the value of a JSON text; raise orjson.JSONDecodeError, a ValueError."""
        return orjson.loads(s)
