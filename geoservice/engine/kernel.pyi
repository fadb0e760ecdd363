from typing import Any

from numpy.typing import NDArray

from geoservice.engine.answers import Method
from geoservice.engine.scalar import Found

SOURCE_SHA256: str

class Tables:
    def __new__(
        cls,
        lattice: tuple[float, float, float, float, int, int],
        cells: tuple[NDArray[Any], ...],
        region: tuple[float, float, float, float, float] = ...,
        lists: tuple[NDArray[Any], ...] = ...,
        answers: type[Found] = ...,
        methods: tuple[Method, Method, Method] = ...,
        /,
    ) -> Tables: ...
    def owners(
        self,
        lon: NDArray[Any],
        lat: NDArray[Any],
        found: NDArray[Any],
        cells: NDArray[Any] | None = None,
        /,
    ) -> int: ...
    def at(self, lon: float, lat: float, accuracy_m: float, snap_tolerance_m: float, /) -> Found | None: ...
