"""What a child process does that reads a file of strangers: no database is known there, and it may die of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.mapping import Proposal
from geoservice.domain.importing.model import ReadFeatures
from geoservice.domain.importing.words import dictionary, own_words
from geoservice.errors import GeoserviceError
from geoservice.reading.features import features_of, proposal_of, read_table
from geoservice.reading.limits import Limits
from layers.errors import LayerError
from layers.layer import Layer


class LookedAt(NamedTuple):
    """What the columns of a file would be taken for."""

    proposal: Proposal
    #: What a column may be.
    fields: tuple[str, ...]
    rows: int
    remarks: tuple[str, ...]


class ReadFile(NamedTuple):
    """The features of a file, and what its columns were taken for."""

    proposal: Proposal
    features: ReadFeatures


class Refusal(NamedTuple):
    """Why a file is not read: an error on its way between two processes."""

    error: type[GeoserviceError | LayerError]
    fields: dict[str, object]

    def again(self) -> GeoserviceError | LayerError:
        """Return the error as it was raised."""
        return self.error(**self.fields)


def look_at(path: str, layer: Layer, choices: Choices, limits: Limits) -> LookedAt | Refusal:
    """Return what the columns of a file would be taken for, or why that can not be said."""

    def look() -> LookedAt:
        table = read_table(path, layer, choices, limits)
        fields = tuple(dict.fromkeys((*own_words(layer), *dictionary(layer, placed=table.wkb is not None))))
        return LookedAt(proposal_of(table, layer, choices), fields, len(table.rows), tuple(table.remarks))

    return _refusing(path, look)


def read(path: str, layer: Layer, choices: Choices, limits: Limits) -> ReadFile | Refusal:
    """Return the features of a file, or why it is not read."""

    def reading() -> ReadFile:
        table = read_table(path, layer, choices, limits)
        proposal = proposal_of(table, layer, choices)
        return ReadFile(proposal, features_of(table, proposal, layer, choices))

    return _refusing(path, reading)


def _refusing(path: str, work: Callable[[], Any]) -> Any:
    # What is copied on the way lies beside the file, and goes with it should this process be ended.
    before, tempfile.tempdir = tempfile.tempdir, str(Path(path).parent)
    try:
        return work()
    except (GeoserviceError, LayerError) as exc:
        return Refusal(type(exc), dict(exc.fields))
    finally:
        tempfile.tempdir = before
