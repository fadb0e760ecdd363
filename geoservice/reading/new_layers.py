"""A layer made of a file: its geometry, its columns, what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.inferring import ColumnChoices, ColumnChoiceWrong, InferredColumn, infer, key_among
from geoservice.domain.importing.mapping import FileColumn, Proposal
from geoservice.domain.importing.model import ReadFeatures
from geoservice.domain.importing.words import KEY, PLACE
from geoservice.errors import OwnLayerRefused
from geoservice.reading.features import features_of, proposal_of, read_table, require_known
from geoservice.reading.file_errors import LayerWithoutPlaces
from geoservice.reading.file_tables import FileTable
from geoservice.reading.limits import Limits
from geoservice.reading.places import geometry_of
from layers.layer import Layer
from layers.own_layers.description import own_layer
from layers.title import Title

_PLACED_BY = frozenset(PLACE)


@dataclass(frozen=True)
class NewLayer:
    """A layer that a file would make, and the features that it would have."""

    layer: Layer
    columns: tuple[InferredColumn, ...]
    #: Which column names the features, and which say where they are, by header.
    roles: dict[str, str]
    features: ReadFeatures


def new_layer(
    path: str, name: str, title: Title, told: ColumnChoices, choices: Choices = Choices(), limits: Limits = Limits()  # noqa: B008  frozen
) -> NewLayer:  # fmt: skip
    """Return the layer that a file makes; columns that are about people are left out.

    Parameters
    ----------
    choices
        Of its mapping only the key and what says where features are.

    Raises
    ------
    LayerWithoutPlaces
    OwnLayerRefused
        What is told of columns is wrong.
    GeoserviceError
        As `read_features` does.
    """
    bare = own_layer(name, title, "Point", ())
    table = read_table(path, bare, choices, limits)
    first = proposal_of(table, bare, choices)
    geometry = geometry_of(table, first.fields, choices)
    if geometry is None:
        raise LayerWithoutPlaces(columns=", ".join(table.headers))
    choices = _with_key(table, first, choices)
    placed_by = {field: header for field, header in first.fields.items() if field in _PLACED_BY or field == KEY}
    placed_by |= {field: header for field, header in choices.mapping.items() if field == KEY}
    columns = _columns(table, set(placed_by.values()), told)
    # Codes as text: what a column of codes says of persons is looked at before its words are taken for harmless.
    draft = own_layer(name, title, geometry, [replace(one.column, codes={}) for one in columns if one.column])
    mapping = placed_by | {one.column.name: one.header for one in columns if one.column}
    require_known(draft, choices)
    judged = proposal_of(table, draft, replace(choices, mapping=mapping))
    columns = _without_refused(columns, judged)
    layer = own_layer(name, title, geometry, [one.column for one in columns if one.column])
    choices = replace(
        choices,
        mapping={field: header for field, header in mapping.items() if field in judged.fields},
        no_persons=choices.no_persons & {column.name for column in layer.written},
    )
    features = features_of(table, proposal_of(table, layer, choices), layer, choices)
    return NewLayer(layer, tuple(columns), {header: field for field, header in placed_by.items()}, features)


def _with_key(table: FileTable, first: Proposal, choices: Choices) -> Choices:
    """Return choices that name the key, where a column of the file is called as keys are."""
    if KEY in first.fields:
        return choices
    placed_by = set(first.fields.values())
    key = key_among([column for column in _open(table, placed_by) if not _is_refused(first, column.header)])
    return choices if key is None else replace(choices, mapping={**choices.mapping, KEY: key})


def _is_refused(proposal: Proposal, header: str) -> bool:
    return any(column.header == header and column.how == "refused" for column in proposal.columns)


def _columns(table: FileTable, taken: set[str], told: ColumnChoices) -> list[InferredColumn]:
    try:
        return infer(_open(table, taken), told)
    except ColumnChoiceWrong as exc:
        raise OwnLayerRefused(f"{exc}.".replace("?.", "?")) from exc


def _open(table: FileTable, taken: set[str]) -> list[FileColumn]:
    """Return the columns that have no part yet."""
    return [column for column in table.judged() if column.header not in taken]


def _without_refused(columns: Sequence[InferredColumn], judged: Proposal) -> list[InferredColumn]:
    refused = {column.header: column.why for column in judged.columns if column.how == "refused"}
    return [
        one._replace(column=None, why=f"refused: {refused[one.header]}")
        if one.column and one.header in refused
        else one
        for one in columns
    ]
