"""Models of features: what an answer holds of a layer is what the catalogue says of its columns."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field, create_model

from layers.layer import Column, ColumnType, Layer

_TYPES: dict[ColumnType, Any] = {
    "text": str, "integer": int, "number": float, "boolean": bool, "instant": datetime,
    "day": date,
}  # fmt: skip


def feature_model(name: str, layer: Layer, *, base: type[BaseModel]) -> Any:
    """Return a model of a layer's features: its columns but for figures, and the fields of a base."""
    fields: dict[str, Any] = {column.name: _field(column) for column in layer.columns if not column.figure}
    return create_model(name, __base__=base, __doc__=layer.one.en, **fields)


def _field(column: Column) -> tuple[Any, Any]:
    unit = f", {column.unit}" if column.unit else ""
    type_ = _TYPES[column.type] | None if column.nullable else _TYPES[column.type]
    return type_, Field(description=f"{column.title.en}{unit}")
