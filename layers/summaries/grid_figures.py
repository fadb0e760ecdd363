"""The figures of a jurisdiction and of each of its grids, as far as whoever asks may be told them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from layers.db.periods import held_now


@dataclass(frozen=True)
class GridFigures:
    """The figures of one grid, now."""

    code: str
    name: str
    name_en: str | None
    #: None: too few to be told to whoever asks; so with the two that follow.
    households: int | None
    residents: int | None
    #: Of the residents, those registered elsewhere.
    floating: int | None
    received: int
    closed: int
    in_hand: int


@dataclass(frozen=True)
class Figures:
    """The figures of a jurisdiction, now. Incidents without a grid wait in the triage queue."""

    grids: int
    #: None: a part of it may not be told; so with the two that follow.
    households: int | None
    residents: int | None
    floating: int | None
    received: int
    closed: int
    in_hand: int
    triage: int
    per_grid: tuple[GridFigures, ...]


_PER_GRID = text(f"""
    SELECT g.code, g.name, g.name_en, g.households, g.residents, g.floating, g.received, g.closed, g.in_hand
      FROM geoservice.served_grid AS g
     WHERE g.jurisdiction_id = :jurisdiction_id AND {held_now("g")}
     ORDER BY g.code
""")  # noqa: S608  texts of ours
_TOTALS = text(f"""
    SELECT (SELECT count(*) FROM geoservice.territory AS t
             WHERE t.jurisdiction_id = :jurisdiction_id AND {held_now("t")}) AS grids,
           j.households, j.residents, j.floating, j.received, j.closed, j.in_hand, j.triage
      FROM geoservice.served_jurisdiction AS j WHERE j.jurisdiction_id = :jurisdiction_id
""")  # noqa: S608  texts of ours


def figures(connection: Connection, *, jurisdiction_id: int) -> Figures:
    """Return the figures of a jurisdiction and of each of its grids."""
    asked = {"jurisdiction_id": jurisdiction_id}
    per_grid = tuple(GridFigures(**row._mapping) for row in connection.execute(_PER_GRID, asked))
    return Figures(per_grid=per_grid, **connection.execute(_TOTALS, asked).one()._mapping)
