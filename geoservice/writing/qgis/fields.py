"""The fields of a layer, as forms show them: the catalogue's words for what the database has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from geoservice.writing.qgis.widgets import HIDDEN, TEXT, TICKED, Widget, offered, stepped
from geoservice.writing.qgis.words import LIMITS, TRUTH
from layers.layer import Column, Limit

#: Of what a row gets that tells nothing: a text without quotes in it, a truth value, a number.
_PLAIN = re.compile(r"('[^']*'|true|false|-?[0-9.]+)(?:::[a-z ]+)?")


@dataclass(frozen=True)
class Field:
    """One field of a layer."""

    name: str
    #: What people call it.
    title: str
    #: None: QGIS sees by its type what fills it in.
    widget: Widget | None = None
    #: Whether people fill it in; else it is shown.
    written: bool = False
    required: bool = False
    #: An expression of QGIS that has to hold before it is saved, and its words.
    rule: tuple[str, str] | None = None
    #: The expression of QGIS that fills it in for a new feature.
    default: str | None = None

    @property
    def shown(self) -> bool:
        """Whether people see it."""
        return self.widget is not HIDDEN


class StoredColumn(Protocol):
    """A column as the database describes it (layers/db/relations.py)."""

    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def required(self) -> bool: ...  # noqa: D102
    @property
    def given(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True)
class Home:
    """Where the rows of a layer are, as the database describes it to those whom a project is for."""

    #: Table or view.
    relation: str
    columns: Mapping[str, StoredColumn]
    limits: Mapping[str, Sequence[Limit]] = field(default_factory=dict)
    #: Columns that people fill in, by name; none where they only read.
    written: frozenset[str] = frozenset()


def fields_of(
    columns: Sequence[Column], home: Home, language: str, *, geometry: str | None = None,
    given: Mapping[str, str] | None = None,
) -> tuple[Field, ...]:  # fmt: skip
    """Return the fields of a layer: what is described of it, then what only the database needs, which is hidden.

    Parameters
    ----------
    geometry
        The column that is drawn, and so no field; None: there is none.
    given
        Expressions of QGIS that fill fields in which nobody sees, by name.
    """
    described = [_field(column, home, language) for column in columns if column.name in home.columns]
    names = {column.name for column in columns}
    hidden = [
        Field(name, name, HIDDEN, default=(given or {}).get(name) if home.written else None)
        for name, there in home.columns.items()
        if name not in names and name != geometry and not there.type.endswith("range")  # which QGIS does not read
    ]
    return (*described, *hidden)


def widget_of(column: Column, language: str, limits: Sequence[Limit] = ()) -> Widget | None:
    """Return what fills a column in; None: QGIS sees it by its type."""
    if column.codes:
        return offered(column.codes, language, nullable=column.nullable)
    if limits and column.type == "integer":
        return stepped(limits, nullable=column.nullable)
    if column.type == "boolean":  # a box that is ticked knows no third state
        return offered(TRUTH, language, nullable=True) if column.nullable else TICKED
    if column.type == "text":
        return TEXT
    return None  # numbers with fractions among them: what steps through them would cut digits


def title_of(column: Column, language: str) -> str:
    """Return what a column is called, with its unit."""
    return column.title.text(language) + (f" ({column.unit})" if column.unit else "")


def _field(column: Column, home: Home, language: str) -> Field:
    there, limits = home.columns[column.name], home.limits.get(column.name, ())
    written = column.name in home.written
    return Field(
        column.name, title_of(column, language), widget_of(column, language, limits if written else ()), written,
        required=written and there.required, rule=_rule(column, limits, language) if written and limits else None,
        default=_default(there.given) if written else None,
    )  # fmt: skip


def _rule(column: Column, limits: Sequence[Limit], language: str) -> tuple[str, str]:
    expression = " AND ".join(f'"{column.name}" {sign} {number}' for sign, number in limits)
    words = ", ".join(LIMITS[sign].text(language).format(number=number) for sign, number in limits)
    return f'"{column.name}" IS NULL OR ({expression})', f"{title_of(column, language)}: {words}"


def _default(given: str | None) -> str | None:
    """Return what a row gets that tells nothing as an expression of QGIS; None: the database alone says it."""
    plain = _PLAIN.fullmatch(given or "")
    return plain[1] if plain else None
