"""What heals in a process of its own: hostile rings have kept overlays busy for minutes and taken processes down."""

from __future__ import annotations

from collections.abc import Sequence

from shapely import MultiPolygon

from geoservice.domain.editing.healing import Healing, healed
from geoservice.services.children import OnProgress
from layers.grids.model import GridShape


def heal(
    grids: Sequence[GridShape], outline: MultiPolygon | None, tolerance_m: float, *, on_progress: OnProgress
) -> Healing:
    """Return grids healed.

    Parameters
    ----------
    outline
        None: what the grids cover, once they are mended.
    """
    return healed(
        grids, MultiPolygon() if outline is None else outline, tolerance_m, fit_outline=outline is not None,
        progress=on_progress,
    )  # fmt: skip
