"""What differs of features, in words: of a change that was made, and of one that is to be."""

from __future__ import annotations

from geoservice.pages.admin.areas import Here
from layers.catalogue import catalogue
from layers.changes.model import FeatureChange
from layers.layer import Column


def title_of(here: Here, layer_id: str) -> str:
    """Return what a layer is called; one that is gone by its code."""
    found = catalogue().get(layer_id)
    return layer_id if found is None else found.title.text(here.language)


def field_title(here: Here, layer_id: str, name: str) -> str:
    """Return what a field of a layer is called."""
    column = _column(layer_id, name)
    return (
        here.words["differs.place"] if name == "geom" else name if column is None else column.title.text(here.language)
    )


def titled_fields(here: Here, layer_id: str, change: FeatureChange) -> str:
    """Return what would differ of a feature, fields and codes by what they are called."""
    return "; ".join(
        f"{field_title(here, layer_id, name)}: "
        + (str(new) if name == "geom" else f"{_meant(here, layer_id, name, old)} → {_meant(here, layer_id, name, new)}")
        for name, old, new in change.fields
    )  # fmt: skip


def fields_in_words(here: Here, change: FeatureChange) -> str:
    """Return what differs of a feature as it is stored, whatever its layer is now; of a place how far it moved."""
    return "; ".join(
        f"{here.words['differs.place']}: {_value(here, new)}" if name == "geom"
        else f"{name}: {_value(here, old)} → {_value(here, new)}"
        for name, old, new in change.fields
    ) or "—"  # fmt: skip


def _column(layer_id: str, name: str) -> Column | None:
    return next((one for one in catalogue()[layer_id].written if one.name == name), None)


def _meant(here: Here, layer_id: str, name: str, value: object) -> str:
    column = _column(layer_id, name)
    title = None if column is None else column.codes.get(str(value))
    return _value(here, value) if title is None else title.text(here.language)


def _value(here: Here, value: object) -> str:
    return here.words["differs.nothing"] if value is None else str(value)
