"""What differs of features, in words: of a change that was made, and of one that is to be."""

from __future__ import annotations

from geoservice.pages.admin.areas import Here
from layers.catalogue import catalogue
from layers.changes.model import FeatureChange


def title_of(here: Here, layer_id: str) -> str:
    """Return what a layer is called; one that is gone by its code."""
    found = catalogue().get(layer_id)
    return layer_id if found is None else found.title.text(here.language)


def field_title(here: Here, name: str) -> str:
    """Return what a field of a difference is called."""
    return here.words["differs.place"] if name == "geom" else name


def fields_in_words(here: Here, change: FeatureChange) -> str:
    """Return what differs of a feature, in words; of a place how far it moved."""
    return "; ".join(
        f"{field_title(here, name)}: {_value(here, new)}" if name == "geom"
        else f"{name}: {_value(here, old)} → {_value(here, new)}"
        for name, old, new in change.fields
    ) or "—"  # fmt: skip


def _value(here: Here, value: object) -> str:
    return here.words["differs.nothing"] if value is None else str(value)
