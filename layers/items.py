"""Features of a layer as OGC API Features asks for them: pages of them by place, time and condition, in any order.

A feature's JSON is written by the database and passed on as it is. Names of relations and columns come from the
catalogue and are quoted; values are always bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql

from layers.changes.queries import all_versions_at, versions_at, with_owner_at
from layers.conditions import Condition
from layers.crs import STORAGE_SRID, Bbox
from layers.db.base import SCHEMA
from layers.db.clock import now_in
from layers.db.periods import held_now
from layers.db.relations import columns_of
from layers.errors import NotKnownThen
from layers.layer import Column, Layer
from layers.published_crs import PublishedCrs

#: The column that the database fills with a feature's owner.
_OWNER = "grid_code"
#: A page of a box whose places take no more than that is fetched in one trip; else it streams.
_SMALL_BYTES = 4_000_000
#: So many rows are fetched first, so that a page may end before it is too large.
_FETCHED = 200
_quote = postgresql.dialect().identifier_preparer.quote_identifier


#: What an instant chooses of a layer: features in force then, those reported then, all as they were then, or nothing.
Timing = Literal["in_force", "reported", "as_it_was", "now"]


class Period(NamedTuple):
    """From an instant to another one, both included; None: open. An instant is both ends."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Order:
    """By which column, and in which direction."""

    column: str
    descending: bool = False


@dataclass(frozen=True)
class Selection:
    """Which features of a layer are asked for, and in which order."""

    #: What the rows belong to: the jurisdiction, or the edition of a draft, by the column that says so.
    home: Mapping[str, int]
    #: Ground that they meet, WKB of EPSG:4326; what has no place meets any.
    area: bytes | None = None
    period: Period | None = None
    condition: Condition | None = None
    order: tuple[Order, ...] = ()
    #: Where the page before ended: a value for each of `order`, and the key; as text.
    after: tuple[str | None, ...] | None = None


@dataclass(frozen=True)
class Shown:
    """What is told of each feature."""

    crs: PublishedCrs
    #: None: all.
    properties: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    """Features as JSON texts, how many are meant in all, and where the next page begins."""

    features: Sequence[bytes]
    matched: int
    #: Where this page ended; None: nothing follows.
    end: tuple[str | None, ...] | None


@dataclass(frozen=True)
class Item:
    """One feature as JSON, and the change by which it is as it is, where its layer keeps that."""

    feature: bytes
    has_history: bool
    #: None: it is older than its history.
    change_id: int | None


@dataclass(frozen=True)
class Extent:
    """Where features of a layer are, EPSG:4326, and since when; None: nobody knows."""

    bbox: Bbox | None
    since: datetime | None = None


def timing_of(layer: Layer, home: Mapping[str, int]) -> Timing:
    """Return what an instant chooses of a layer's features that belong to something."""
    if layer.bitemporal:
        return "in_force"
    if layer.newest_by is not None:
        return "reported"
    return "as_it_was" if layer.is_written and not layer.personal and "jurisdiction_id" in home else "now"


def told_columns(layer: Layer, period: Period | None = None) -> tuple[Column, ...]:
    """Return the columns that are told of a layer's features; of another instant no figures."""
    return layer.columns if period is None else tuple(one for one in layer.columns if _is_known(layer, one))


def page(
    connection: Connection, layer: Layer, selection: Selection, shown: Shown, *, limit: int, most_bytes: int
) -> Page:
    """Return a page of features: as many as are asked for, fewer when they are too many bytes.

    Raises
    ------
    NotKnownThen
        A figure is asked about of another instant.
    """
    question = _Question(connection, layer, selection)
    query = f"""
        SELECT {question.feature(shown)} AS feature, {question.position} AS position
          FROM {question.few(limit + 1)}{question.told(shown)} ORDER BY {question.order}
    """  # noqa: S608  names are quoted, values bound
    counted = None if selection.area is None else question.counted()
    stream = counted is None or counted.bytes > _SMALL_BYTES
    rows = question.run(query, stream=stream, after=question.key_before)
    features, end = _gathered(rows, limit, most_bytes)
    rows.close()
    if end is None and selection.after is None:
        return Page(features, len(features), None)
    return Page(features, (counted or question.counted()).features, end)


def _gathered(rows: Any, limit: int, most_bytes: int) -> tuple[list[bytes], tuple[str | None, ...] | None]:
    """Return the features of a page from rows that stream in, and where it ended; None: nothing follows.

    Each trip fetches as many as there is room for, going by those before, so that most pages take two.
    """
    features: list[bytes] = []
    position, size, wanted = None, 0, _FETCHED
    while fetched := rows.fetchmany(min(wanted, limit + 1 - len(features))):
        for text_, place in fetched:
            feature = text_.encode()
            if len(features) == limit or (features and size + len(feature) > most_bytes):
                return features, tuple(json.loads(position or "[]"))
            features.append(feature)
            size += len(feature)
            position = place
        wanted = max(1, (most_bytes - size) * len(features) // size)
    return features, None


def item(connection: Connection, layer: Layer, selection: Selection, shown: Shown, *, key: str) -> Item | None:
    """Return the feature of a key; None when there is none."""
    question = _Question(connection, layer, selection)
    if question.key_type == "uuid" and not _is_uuid(key):
        return None
    change, has_history = "NULL::bigint", timing_of(layer, selection.home) == "as_it_was"
    if has_history:
        change = f"""(
            SELECT t.change_id FROM {_table(layer)} AS t
             WHERE t.jurisdiction_id = f.jurisdiction_id AND t.{_quote(layer.key)} = f.{_quote(layer.key)})"""  # noqa: S608
    query = f"""
        SELECT {question.feature(shown)} AS feature, {change} AS change_id
          FROM {question.source()}{question.told(shown)}
         WHERE {question.meant} AND f.{_quote(layer.key)} = CAST(:key AS {question.key_type})
    """  # noqa: S608  names are quoted, values bound
    row = question.run(query, key=key).one_or_none()
    return None if row is None else Item(row.feature.encode(), has_history, row.change_id)


def extent(connection: Connection, layer: Layer, home: Mapping[str, int]) -> Extent:
    """Return where the features of a layer are, and since when one is told."""
    since = "NULL::timestamptz"
    if layer.bitemporal:
        since = "min(lower(f.valid))"
    elif layer.newest_by is not None:
        since = f"min(f.{_quote(layer.newest_by)})"
    belongs = " AND ".join(f"f.{_quote(column)} = :{column}" for column in home)
    query = text(f"""
        SELECT st_xmin(e.box), st_ymin(e.box), st_xmax(e.box), st_ymax(e.box), e.since
          FROM (SELECT st_extent(f.{_quote(layer.geom)}) AS box, {since} AS since
                  FROM {_relation(layer)} AS f WHERE {belongs}) AS e
    """)  # noqa: S608  names are quoted, values bound
    row = connection.execute(query, home).one()
    return Extent(None if row[0] is None else Bbox(*row[:4]), row[4])


class _Counted(NamedTuple):
    features: int
    bytes: int


class _Question:
    """The parts of a statement about features of a layer, and the values that it binds."""

    def __init__(self, connection: Connection, layer: Layer, selection: Selection) -> None:
        self._connection, self._layer, self._selection = connection, layer, selection
        self._columns = {one.name: one for one in told_columns(layer, selection.period)}
        self._values: dict[str, object] = dict(selection.home)
        #: None: they are asked for as they are now.
        self._timing = None if selection.period is None else timing_of(layer, selection.home)
        self._look_into_time()
        asked = {one.column for one in selection.order}
        if selection.condition is not None:
            asked |= selection.condition.properties
            self._values |= selection.condition.values
        self._asked = asked
        if not asked <= self._columns.keys():
            raise NotKnownThen
        if selection.area is not None:
            self._values["area"] = selection.area
        for n, value in enumerate(selection.after or ()):
            self._values[f"after_{n}"] = value

    def run(self, statement: str, *, stream: bool = False, **values: object) -> Any:
        """Run a statement."""
        options = {"stream_results": True} if stream else {}
        return self._connection.execute(text(statement), self._values | values, execution_options=options)

    def counted(self) -> _Counted:
        """Return how many features are meant, and what their places take in the database."""
        size = f"coalesce(sum(st_memsize(f.{_quote(self._layer.geom)})), 0)" if self._selection.area else "0"
        counting = f"SELECT count(*), {size} FROM {self.source()} WHERE {self.meant}"  # noqa: S608
        return _Counted(*self.run(counting).one())

    def _look_into_time(self) -> None:
        period = self._selection.period
        if period is None:
            return
        self._values |= {
            "start": period.start, "end": period.end, "after": None,
            "at": period.end or "infinity", "owned_at": period.end or now_in(self._connection),
        }  # fmt: skip

    @property
    def key_before(self) -> str | None:
        """Return the key of the last feature of the page before, where features are sorted by nothing else."""
        after = self._selection.after
        return None if after is None or self._selection.order else after[-1]

    def source(self, few: int | None = None) -> str:
        """Return the relation that features come from, called f: of a history so few by their key as are wanted."""
        layer = self._layer
        if self._timing == "in_force":
            # Each once, as it was last.
            return f"""(
                SELECT DISTINCT ON (g.{_quote(layer.key)}) g.* FROM {_relation(layer)} AS g
                 WHERE {self._belongs("g")} AND upper_inf(g.known)
                   AND g.valid && tstzrange(CAST(:start AS timestamptz), CAST(:end AS timestamptz), '[]')
                 ORDER BY g.{_quote(layer.key)}, lower(g.valid) DESC) AS f"""  # noqa: S608
        if self._timing != "as_it_was":
            return f"{_relation(layer)} AS f"
        versions = all_versions_at(layer) if few is None else versions_at(layer, keyed=False, few=f"LIMIT {few}")
        return f"({with_owner_at(layer, versions) if _OWNER in self._asked else versions}) AS f"

    def few(self, count: int) -> str:
        """Return the first features that are asked for, called f: who owned one then is asked of these alone."""
        selection = self._selection
        chosen_by_key = not selection.order and selection.area is None and selection.condition is None
        source = self.source(count if chosen_by_key else None)
        chosen = f"""
            SELECT f.* FROM {source} WHERE {self.meant}{self.following} ORDER BY {self.order} LIMIT {count}
        """  # noqa: S608  names are quoted, values bound
        layer = self._layer
        if self._timing == "as_it_was" and layer.assignment is not None and _OWNER not in self._asked:
            chosen = with_owner_at(layer, chosen)
        return f"({chosen}) AS f"

    @property
    def meant(self) -> str:
        """Return what is true of the features that are asked for."""
        selection, layer = self._selection, self._layer
        parts = [self._belongs("f")]
        if layer.bitemporal and selection.period is None:
            parts.append(held_now("f"))
        if self._timing == "reported" and layer.newest_by is not None:
            parts.append(f"tstzrange(CAST(:start AS timestamptz), CAST(:end AS timestamptz), '[]')"
                         f" @> f.{_quote(layer.newest_by)}")  # fmt: skip
        if selection.area is not None:
            geom = f"f.{_quote(layer.geom)}"
            meets = f"st_intersects({geom}, st_geomfromwkb(:area, {STORAGE_SRID}))"
            parts.append(f"({geom} IS NULL OR {meets})" if layer.may_lack_place else meets)
        if selection.condition is not None:
            parts.append(selection.condition.sql)
        return " AND ".join(parts)

    def _belongs(self, alias: str) -> str:
        return " AND ".join(f"{alias}.{_quote(column)} = :{column}" for column in self._selection.home)

    def _sorted(self) -> Iterable[tuple[str, bool]]:
        """Yield the columns that features are sorted by, and whether downwards; the key last."""
        for one in self._selection.order:
            yield one.column, one.descending
        yield self._layer.key, False

    @property
    def order(self) -> str:
        """Return what to order by; what has no value comes last."""
        return ", ".join(f"f.{_quote(name)}{' DESC' if down else ''} NULLS LAST" for name, down in self._sorted())

    @property
    def position(self) -> str:
        """Return where a feature stands in the order, as JSON: one is read of a page, arrays are by the driver."""
        return f"json_build_array({', '.join(f'f.{_quote(name)}::text' for name, _ in self._sorted())})::text"

    @property
    def following(self) -> str:
        """Return what is true of the features after the page before."""
        after = self._selection.after
        if after is None:
            return ""
        steps, same = [], ""
        for n, (name, down) in enumerate(self._sorted()):
            sql, value = f"f.{_quote(name)}", f"CAST(:after_{n} AS {self._types[name]})"
            if after[n] is not None:  # after what has no value only its equals follow
                # A key is there always: an OR would keep its index from being asked.
                or_none = f" OR {sql} IS NULL" if n < len(self._selection.order) else ""
                steps.append(f"({same}({sql} {'<' if down else '>'} {value}{or_none}))")
            same += f"{sql} IS NOT DISTINCT FROM {value} AND "
        return f" AND ({' OR '.join(steps)})"

    @cached_property
    def _types(self) -> dict[str, str]:
        """Return the types of the columns, by name; the first page of a layer asks for none."""
        return {name: one.type for name, one in columns_of(self._connection, _relation(self._layer)).items()}

    @property
    def key_type(self) -> str:
        """Return the type of the layer's key."""
        return self._types[self._layer.key]

    def _shown(self, shown: Shown) -> list[str]:
        return [name for name in self._columns if shown.properties is None or name in shown.properties]

    def told(self, shown: Shown) -> str:
        """Return the relation of the properties that `feature` tells, called p, to be joined to f."""
        return f", LATERAL (SELECT {', '.join(f'f.{_quote(name)}' for name in self._shown(shown))}) AS p"

    def feature(self, shown: Shown) -> str:
        """Return a feature as GeoJSON text: its id, its place, and its properties, those of p, in the layer's order."""
        key, geom = f"f.{_quote(self._layer.key)}", f"f.{_quote(self._layer.geom)}"
        if shown.crs.srid != STORAGE_SRID:
            geom = f"st_transform({geom}, {shown.crs.srid})"
        if shown.crs.north_first:
            geom = f"st_flipcoordinates({geom})"
        properties = "row_to_json(p)::text" if self._shown(shown) else "'{}'"
        # No CRS in it: GeoJSON that says one is of 2008.
        place = f"coalesce(st_asgeojson({geom}, {shown.crs.decimals}, 0), 'null')"
        return f"""'{{"type":"Feature","id":' || to_json({key}::text)::text || ',"geometry":' || {place}
            || ',"properties":' || {properties} || '}}'"""


def _is_known(layer: Layer, column: Column) -> bool:
    """Return whether a column is told of another instant: figures are not, unless the layer has nothing but now."""
    return not column.figure or layer.personal


def _relation(layer: Layer) -> str:
    return f"{SCHEMA}.{_quote(layer.relation)}"


def _table(layer: Layer) -> str:
    return f"{SCHEMA}.{_quote(layer.table)}"


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False
