"""Who gets the narrow faces of gaps, overlaps and spills: the neighbour with the longest border to each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from geoservice.domain.editing.faces import Faces

#: Numbers of the grids that have a face: none has a gap, several have an overlap.
Owners = tuple[int, ...]


def inherited(faces: Faces, owners: Sequence[Owners], narrow: Iterable[int]) -> list[Owners]:
    """Return who has each face when the narrow ones went to those beside them.

    Parameters
    ----------
    owners
        Who has each face now.
    narrow
        Numbers of the faces to be given away: a gap to anybody beside it, an overlap to one of its owners, a spill,
        which has one owner, to nobody.

    Notes
    -----
    The longest common border is settled first. A sliver beside another one would else go to whoever it touches with
    its end, and that grid would get a tongue between two others.
    """
    return _Inheritance(faces, owners, set(narrow)).settled()


class _Inheritance:
    """Faces that wait for an owner, and the claims of those beside them."""

    def __init__(self, faces: Faces, owners: Sequence[Owners], narrow: set[int]) -> None:
        self._before = owners
        self._goes = [() if face in narrow and len(some) == 1 else some for face, some in enumerate(owners)]
        self._waiting = {face for face in narrow if len(owners[face]) != 1}
        self._beside: dict[int, list[tuple[int, float]]] = {}
        for (one, other), length in faces.lengths().items():
            self._beside.setdefault(one, []).append((other, length))
        #: How long the border is that a face has with an owner.
        self._shares: dict[tuple[int, int], float] = {}
        #: The longest first; then the smallest numbers, so that the outcome is always the same.
        self._claims: list[tuple[float, int, int]] = []

    def settled(self) -> list[Owners]:
        """Return who has each face in the end; a gap with nobody beside it stays one."""
        for face in sorted(self._waiting):
            for neighbour, length in self._beside.get(face, ()):
                if neighbour not in self._waiting:
                    self._claim(face, neighbour, length)
        while self._claims:
            _, face, owner = heappop(self._claims)
            if face in self._waiting:
                self._give(face, owner)
        for face in self._waiting:
            self._goes[face] = self._before[face][:1]
        return self._goes

    def _give(self, face: int, owner: int) -> None:
        self._goes[face] = (owner,)
        self._waiting.discard(face)
        for neighbour, length in self._beside.get(face, ()):
            if neighbour in self._waiting:
                self._claim(neighbour, face, length)

    def _claim(self, face: int, neighbour: int, length: float) -> None:
        """Let the one owner of a neighbour claim a face, by all the border that he has with it so far."""
        owners = self._goes[neighbour]
        if len(owners) != 1 or (self._before[face] and owners[0] not in self._before[face]):
            return
        key = (face, owners[0])
        self._shares[key] = self._shares.get(key, 0.0) + length
        heappush(self._claims, (-self._shares[key], *key))
