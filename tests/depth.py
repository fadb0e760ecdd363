"""How deep a test looks: little in the everyday run, all there is in the long proofs."""

from __future__ import annotations

import pytest


def depths(everyday: int, proof: int) -> pytest.MarkDecorator:
    """Return what runs a test with `depth` of the everyday run, and by `make prove` with that of the proof."""
    return pytest.mark.parametrize("depth", [everyday, pytest.param(proof, marks=pytest.mark.prove)])
