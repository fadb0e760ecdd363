"""The catalogue: every layer, once. Whatever serves layers asks here instead of naming them.

A layer is a package of `layers` with a module `layer`, whose constants of type Layer are found by looking; nobody lists
them a second time. Own layers are described in the database. A process holds them here as it last read them: whoever
has a connection open anyway hands them over (`hold`), and nobody who looks waits for the database.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import layers
from layers.layer import Layer
from layers.style import Style

#: A style with its layer.
Drawn = tuple[Layer, Style]


@cache
def built_in() -> Mapping[str, Layer]:
    """Return every layer that is described in the code by its id, in alphabetical order."""
    return {layer.id: layer for layer in sorted(_built_in(), key=lambda layer: layer.id)}


class _Held:
    """What this process holds of own layers. One reference, which is replaced: nobody sees half of a state."""

    own: tuple[Layer, ...] = ()
    every: Mapping[str, Layer] | None = None
    view: int = 0


def hold(own: Iterable[Layer], *, view: int | None = None) -> None:
    """Have the catalogue of this process show these own layers, and no others; a built-in one of that id goes first.

    Parameters
    ----------
    view
        Of the reading: one that saw later commits has no smaller one. What was read before what is held is left out:
        of two that read side by side the later one may come here first. None: held in any case.
    """
    if view is not None and view < _Held.view:
        return
    own, _Held.view = tuple(own), view or 0
    if own != _Held.own:
        every = {**{layer.id: layer for layer in own}, **built_in()}
        _Held.own, _Held.every = own, dict(sorted(every.items())) if own else None


def catalogue() -> Mapping[str, Layer]:
    """Return every layer by its id, in alphabetical order."""
    return built_in() if _Held.every is None else _Held.every


def owned() -> tuple[Layer, ...]:
    """Return the layers whose features a grid owns."""
    return tuple(layer for layer in catalogue().values() if layer.assignment is not None)


def styles() -> tuple[Drawn, ...]:
    """Return every style with its layer, in the order in which they are drawn: lowest first."""
    shown = [(layer, style) for layer in catalogue().values() for style in layer.styles]
    return tuple(sorted(shown, key=lambda pair: pair[1].order))


def _built_in() -> Iterator[Layer]:
    for package in pkgutil.iter_modules(layers.__path__, "layers."):
        if package.ispkg and find_spec(f"{package.name}.layer") is not None:
            module = import_module(f"{package.name}.layer")
            yield from (value for value in vars(module).values() if isinstance(value, Layer))
