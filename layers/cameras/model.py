"""What a camera sees, as values."""

from __future__ import annotations

from dataclasses import dataclass

from layers.crs import Position


@dataclass(frozen=True)
class CameraView:
    """Where what a camera sees is taken to be: in the middle of its view, and how far that may be wrong."""

    code: str
    middle: Position
    accuracy_m: float


@dataclass(frozen=True)
class CoveringCamera:
    """A camera whose view sector covers a place."""

    code: str
    kind: str
    #: online, offline or maintenance.
    status: str
    #: From the camera to the place.
    distance_m: float
