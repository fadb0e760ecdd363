"""Heal grids in a child process with a limit of time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from threading import BoundedSemaphore

from shapely import MultiPolygon

from geoservice.domain.editing.healing import Healing
from geoservice.domain.validating.topology import HEALED_MAX_M
from geoservice.errors import GeoserviceError
from geoservice.services.children import ChildDied, ChildTookTooLong, OnProgress, in_child
from geoservice.services.healing.healing_process import heal
from layers.grids.model import GridShape

#: 34,753 areas of a country take 20 s.
MAX_S = 300.0

#: Healed at once in one process, and how long the next waits for its turn.
_TURNS, _PATIENCE_S = BoundedSemaphore(1), 10.0


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
        given = (list(grids), outline, tolerance_m)
        healing: Healing = in_child(heal, given, longest_s=longest_s, on_progress=on_progress)
    except ChildTookTooLong:
        raise HealingTookTooLong from None
    except ChildDied as exc:
        raise HealerDied(exit_code=exc.exit_code) from None
    finally:
        _TURNS.release()
    return healing
