"""What is built when it is first needed, and kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class LazyProperty(Generic[T]):
    """As functools.cached_property, without the lock that it has before Python 3.12.

    All instances share that lock: whoever made the index of eight grids ready waited for one of 35,000.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> T:
        made: T = self._make(instance)
        instance.__dict__[self._name] = made  # found there from now on, before this
        return made
