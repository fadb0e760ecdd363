"""The figures of a jurisdiction and of each of its grids."""

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
    households: int
    residents: int
    #: Of the residents, those registered elsewhere.
    floating: int
    received: int
    closed: int
    in_hand: int


@dataclass(frozen=True)
class Figures:
    """The figures of a jurisdiction, now. Incidents without a grid wait in the triage queue."""

    grids: int
    households: int
    residents: int
    floating: int
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
           h.households, h.residents, h.floating, i.received, i.closed, i.in_hand, i.triage
      FROM (SELECT coalesce(sum(households), 0) AS households, coalesce(sum(residents), 0) AS residents,
                   coalesce(sum(floating), 0) AS floating
              FROM geoservice.household WHERE jurisdiction_id = :jurisdiction_id) AS h,
           (SELECT count(*) AS received, count(*) FILTER (WHERE status = 'closed') AS closed,
                   count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand,
                   count(*) FILTER (WHERE grid_code IS NULL
                                      AND geoservice.is_open(status)) AS triage
              FROM geoservice.incident WHERE jurisdiction_id = :jurisdiction_id) AS i
""")  # noqa: S608  texts of ours


def figures(connection: Connection, *, jurisdiction_id: int) -> Figures:
    """Return the figures of a jurisdiction and of each of its grids."""
    asked = {"jurisdiction_id": jurisdiction_id}
    per_grid = tuple(GridFigures(**row._mapping) for row in connection.execute(_PER_GRID, asked))
    return Figures(per_grid=per_grid, **connection.execute(_TOTALS, asked).one()._mapping)
