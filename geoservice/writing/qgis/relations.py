"""Relations: which rows of one layer belong to a feature of another, so that its form shows them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from geoservice.writing.qgis.elements import element
from geoservice.writing.qgis.layers import ProjectLayer


class Relation(NamedTuple):
    """Rows of a child belong to that feature of a parent whose field has the value that a field of theirs has."""

    parent: ProjectLayer
    parent_field: str
    child: ProjectLayer
    child_field: str

    @property
    def id(self) -> str:
        """Return what the project knows it by."""
        return f"{self.parent.id}_has_{self.child.id}"


def relations_among(layers: Sequence[ProjectLayer]) -> tuple[Relation, ...]:
    """Return the relations of layers with what of a project they belong to: tables first, then what is drawn."""
    by_id = {layer.id: layer for layer in layers}
    return tuple(_relations(by_id, sorted(layers, key=lambda layer: layer.looks is not None)))


def _relations(by_id: dict[str, ProjectLayer], layers: Sequence[ProjectLayer]) -> Iterator[Relation]:
    for child in layers:
        for one in child.belongs:
            if one.parent in by_id:
                yield Relation(by_id[one.parent], one.parent_field, child, one.field)


def relations_element(relations: Sequence[Relation]) -> Element:
    """Return relations as a project keeps them."""
    return element("relations", *(_relation(one) for one in relations))


def _relation(one: Relation) -> Element:
    fields = element("fieldRef", referencingField=one.child_field, referencedField=one.parent_field)
    return element("relation", fields, id=one.id, name=one.child.title, referencingLayer=one.child.id,
                   referencedLayer=one.parent.id, strength="Association")  # fmt: skip
