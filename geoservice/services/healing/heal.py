"""Heal grids in a child process with a limit of time and memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import BoundedSemaphore

from shapely import MultiPolygon

from geoservice.domain.editing.healing import Healing
from geoservice.domain.validating.topology import HEALED_MAX_M
from geoservice.errors import GeoserviceError
from geoservice.services.healing.healing_process import heal_and_send
from layers.grids.model import GridShape

#: 34,753 areas of a country take 20 s.
MAX_S = 300.0
MEMORY_BYTES = 4_294_967_296

#: Healed at once in one process, and how long the next waits for its turn.
_TURNS, _PATIENCE_S = BoundedSemaphore(1), 10.0

OnProgress = Callable[[float, str], None]


class HealingRefused(GeoserviceError):
    """The tolerance of healing is above 0 and at most 10 metres: what is wider is for a person to decide."""


class HealingTookTooLong(GeoserviceError):
    """Healing was stopped after its limit of time; heal a part of the grids, or with a smaller tolerance."""


class HealerDied(GeoserviceError):
    """The process that healed died: the shapes are hostile, or need more memory than allowed."""


class HealerBusy(GeoserviceError):
    """Other grids are being healed; try again in a moment."""


def heal_in_process(
    grids: Sequence[GridShape],
    outline: MultiPolygon | None,
    tolerance_m: float,
    *,
    longest_s: float = MAX_S,
    on_progress: OnProgress = lambda share, what: None,
) -> Healing:
    """Return grids healed below a tolerance; see `geoservice.domain.editing.healing.healed`.

    Parameters
    ----------
    outline
        To be fitted to; None: the grids are only fitted to each other.
    on_progress
        Called with the share that is done and what is being done.

    Raises
    ------
    HealingRefused, HealingTookTooLong, HealerDied, HealerBusy
        Nothing was changed.
    """
    if not 0 < tolerance_m <= HEALED_MAX_M:
        raise HealingRefused(tolerance_m=tolerance_m)
    if not _TURNS.acquire(timeout=_PATIENCE_S):
        raise HealerBusy
    try:
        return _in_child(grids, outline, tolerance_m, longest_s, on_progress)
    finally:
        _TURNS.release()


def _in_child(
    grids: Sequence[GridShape], outline: MultiPolygon | None, tolerance_m: float, longest_s: float,
    on_progress: OnProgress,
) -> Healing:  # fmt: skip
    context = multiprocessing.get_context("spawn")  # a fork would take the threads' locks along, but not the threads
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(
        target=heal_and_send, args=(theirs, list(grids), outline, tolerance_m, MEMORY_BYTES), daemon=True
    )
    child.start()
    theirs.close()
    try:
        return _result(ours, child, time.monotonic() + longest_s, on_progress)
    finally:
        child.kill()
        child.join()
        ours.close()


def _result(pipe: Connection, child: SpawnProcess, deadline_s: float, on_progress: OnProgress) -> Healing:
    while (left_s := deadline_s - time.monotonic()) > 0:
        if not pipe.poll(min(left_s, 1.0)):
            continue
        try:
            kind, value = pipe.recv()
        except EOFError:
            child.join(1.0)
            raise HealerDied(exit_code=child.exitcode) from None
        if kind == "done":
            result: Healing = value
            return result
        on_progress(*value)
    raise HealingTookTooLong
