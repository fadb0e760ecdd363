"""How deep a test looks: little in the everyday run, more in `make check`, all in the long proofs (docs/proofs.md)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import pytest


def depths(everyday: int, proof: int) -> pytest.MarkDecorator:
    """Return what runs a test with `depth` of the everyday run, and by `make prove` with that of the proof."""
    return pytest.mark.parametrize("depth", [everyday, pytest.param(proof, marks=pytest.mark.prove)])


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """Return cases for a parameter: the first and every so many after it are met every day, all by `make check`."""
    return [
        pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=pytest.mark.slow if number % every else ())
        for number, one in enumerate(cases)
    ]


def crossed(everyday: int = 0, **axes: Mapping[str, Any]) -> pytest.MarkDecorator:
    """Return what runs a test with the values of several axes: in the proof with every pair, triple and so on of them.

    The everyday run meets each value of each axis once at least: the first of all together, the second of all, until
    the longest axis has ended. What is hard together, such as the longer language on the smaller screen, has the same
    place in its axis.

    Parameters
    ----------
    everyday
        How many of these cases, where fewer will do.
    axes
        By the name of the parameter, its values by what they are called in the name of the test.
    """
    count = everyday or max(map(len, axes.values()))
    met = {tuple(list(axis)[number % len(axis)] for axis in axes.values()) for number in range(count)}
    cases = [
        pytest.param(
            *(axis[name] for axis, name in zip(axes.values(), names, strict=True)),
            id="-".join(names), marks=() if names in met else pytest.mark.prove,
        )
        for names in itertools.product(*axes.values())
    ]  # fmt: skip
    return pytest.mark.parametrize(list(axes), cases)
