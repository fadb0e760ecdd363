"""The process that heals: hostile rings have kept overlays busy for minutes and taken whole processes down."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from shapely import MultiPolygon

from geoservice.domain.editing.healing import healed
from layers.grids.model import GridShape


def heal_and_send(
    pipe: Connection, grids: Sequence[GridShape], outline: MultiPolygon | None, tolerance_m: float, memory_bytes: int
) -> None:
    """Heal, and send progress as ("progress", (share, what)), then the Healing as ("done", it).

    Parameters
    ----------
    outline
        None: what the grids cover, once they are mended.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def on_progress(share: float, what: str) -> None:
        pipe.send(("progress", (share, what)))

    result: Any = healed(
        grids, MultiPolygon() if outline is None else outline, tolerance_m, fit_outline=outline is not None,
        progress=on_progress,
    )  # fmt: skip
    pipe.send(("done", result))
