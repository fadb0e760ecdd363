"""Errors on their way from an executor to the caller: what Spark brings back is a text that begins in Java."""

from __future__ import annotations

import base64
import importlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

from geoservice.assigning.point_errors import PointsUnreadable
from geoservice.errors import GeoserviceError
from layers.errors import LayerError

_MARK = re.compile(r"geoservice-refusal:([A-Za-z0-9+/=]+)")
#: What stands before the sentence in the lines of a trace, in Java as in Python: the name of a class.
_CLASS = re.compile(r"^(?:Caused by: )?(?:[A-Za-z_$][\w$]*\.)+[A-Z][\w$]*: ")


class Refused(Exception):
    """Carries an error across: its name and fields as one word, which every wrapping leaves whole."""

    def __init__(self, error: GeoserviceError | LayerError) -> None:
        said = json.dumps([type(error).__module__, type(error).__name__, error.fields], default=str)
        super().__init__("geoservice-refusal:" + base64.b64encode(said.encode()).decode())


@contextmanager
def crossing() -> Iterator[None]:
    """Raise errors of ours so that they can cross; on an executor."""
    try:
        yield
    except (GeoserviceError, LayerError) as exc:
        raise Refused(exc) from None


@contextmanager
def arriving() -> Iterator[None]:
    """Raise what Spark reports as the error that an executor raised, else as PointsUnreadable with one line."""
    from py4j.protocol import Py4JError  # type: ignore  # noqa: PLC0415  an extra
    from pyspark.errors import PySparkException  # noqa: PLC0415  an extra

    try:
        yield
    except (PySparkException, Py4JError) as exc:
        raise _error_of(str(exc)) from exc


def _error_of(text: str) -> Exception:
    found = _MARK.search(text)
    if not found:
        return PointsUnreadable(reason=_sentence(text))
    module, name, fields = json.loads(base64.b64decode(found[1]))
    error: Exception = getattr(importlib.import_module(module), name)(**fields)
    return error


def _sentence(text: str) -> str:
    """Return the line of a trace that says most: the last of Python or the last cause of Java, else the first."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if any(line.startswith("Traceback (most recent call last)") for line in lines):
        python = [line for line in lines if not line.startswith((" ", "\t")) and _CLASS.match(line + " ")]
        causes = python[-1:]
    else:
        causes = [line for line in lines if line.startswith("Caused by: ")][-1:]
    said = (causes or lines or ["Spark says nothing"])[-1 if causes else 0]
    return _CLASS.sub("", said)[:300]
