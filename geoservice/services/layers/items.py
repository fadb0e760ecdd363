"""Features of layers as collections: what there is of a jurisdiction, pages of it, one of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Connection

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.errors import LayerUnknown
from geoservice.services.audit.traces import note_features_read
from geoservice.services.layers.errors import FeatureUnknown
from geoservice.services.lookups import get_jurisdiction
from layers import items
from layers.catalogue import catalogue
from layers.crs import Bbox
from layers.db.session import Database
from layers.grids.draft_layer import draft_layer
from layers.grids.queries import editions_of
from layers.items import Extent, Item, Page, Selection, Shown
from layers.jurisdictions import queries
from layers.jurisdictions.model import Jurisdiction
from layers.layer import Layer
from layers.published_crs import PublishedCrs, published_crs

#: Of open drafts so many are listed, the newest; each costs a statement and has its own part in the description.
MOST_DRAFTS = 12


@dataclass(frozen=True)
class Collection:
    """A layer of a jurisdiction, or one of its open drafts."""

    jurisdiction: Jurisdiction
    layer: Layer
    #: What its rows belong to, by the column that says so.
    home: Mapping[str, int]
    #: None: not asked for.
    extent: Extent | None = None

    @property
    def id(self) -> str:
        """Return what addresses call it."""
        return self.layer.id

    @property
    def is_draft(self) -> bool:
        """Return whether it is a draft."""
        return "jurisdiction_id" not in self.home

    @property
    def is_editable(self) -> bool:
        """Return whether its features are written one by one through it: what is told as counts is not."""
        return self.layer.is_written and not self.layer.personal and not self.is_draft

    @cached_property
    def crs(self) -> tuple[PublishedCrs, ...]:
        """Return the reference systems that it is told in; the first is that of storage."""
        return published_crs(self.jurisdiction)


@dataclass(frozen=True)
class Listing:
    """The collections of a jurisdiction that somebody may read."""

    collections: tuple[Collection, ...]
    #: Open drafts, listed or not; those that are not are read by their ids all the same.
    drafts: int

    @property
    def listed_drafts(self) -> int:
        """Return how many drafts are listed."""
        return sum(one.is_draft for one in self.collections)


class PageQuestion(NamedTuple):
    """What is asked of a collection."""

    selection: Selection
    shown: Shown
    limit: int


class ItemService:
    """Reads collections and their features."""

    def __init__(self, database: Database, *, page_bytes: int) -> None:
        self._database, self._page_bytes = database, page_bytes

    def jurisdictions(self) -> tuple[Jurisdiction, ...]:
        """Return every jurisdiction, by code."""
        with self._database.transaction() as connection:
            return queries.jurisdictions(connection)

    def jurisdiction(self, code: str) -> Jurisdiction:
        """Return a jurisdiction; raise JurisdictionUnknown."""
        with self._database.transaction() as connection:
            return get_jurisdiction(connection, code)

    def collections(self, jurisdiction_code: str, *, identity: Identity) -> Listing:
        """Return the collections that somebody may read, with their extents; raise JurisdictionUnknown."""
        with self._database.transaction(one_view=True) as connection:
            jurisdiction = get_jurisdiction(connection, jurisdiction_code)
            every = tuple(_readable(connection, jurisdiction, identity))
            drafts = [one for one in every if one.is_draft]
            listed = [*(one for one in every if not one.is_draft), *drafts[-MOST_DRAFTS:]]
            return Listing(tuple(_with_extent(connection, one) for one in listed), len(drafts))

    def collection(
        self, jurisdiction_code: str, collection_id: str, *, identity: Identity, with_extent: bool = False
    ) -> Collection:
        """Return a collection.

        Raises
        ------
        JurisdictionUnknown
        LayerUnknown
            There is none of this id that may be read.
        """
        with self._database.transaction(one_view=True) as connection:
            found = _found(connection, jurisdiction_code, collection_id, identity)
            return _with_extent(connection, found) if with_extent else found

    def page(
        self, jurisdiction_code: str, collection_id: str, ask: Callable[[Collection], PageQuestion], *,
        identity: Identity,
    ) -> tuple[Collection, PageQuestion, Page]:  # fmt: skip
        """Return a page of a collection, in one transaction with what the question depends on.

        Parameters
        ----------
        ask
            Returns what is asked of the collection; what it raises goes through.

        Raises
        ------
        layers.items.NotKnownThen
        JurisdictionUnknown, LayerUnknown
            As `collection` does.
        """
        with self._database.transaction(one_view=True) as connection:
            found = _found(connection, jurisdiction_code, collection_id, identity)
            asked = ask(found)
            page = items.page(
                connection, found.layer, asked.selection, asked.shown, limit=asked.limit, most_bytes=self._page_bytes
            )
            note_features_read(connection, found.layer, found.jurisdiction.id, len(page.features))
            return found, asked, page

    def item(self, collection: Collection, key: str, shown: Shown) -> Item:
        """Return a feature of a collection; raise FeatureUnknown."""
        with self._database.transaction() as connection:
            found = items.item(connection, collection.layer, Selection(collection.home), shown, key=key)
            note_features_read(connection, collection.layer, collection.jurisdiction.id, int(found is not None))
        if found is None:
            raise FeatureUnknown(layer=collection.id, key=key)
        return found


def _found(connection: Connection, jurisdiction_code: str, collection_id: str, identity: Identity) -> Collection:
    jurisdiction = get_jurisdiction(connection, jurisdiction_code)
    every = {one.id: one for one in _readable(connection, jurisdiction, identity)}
    if collection_id not in every:
        raise LayerUnknown(layer=collection_id, layers=", ".join(every))
    return every[collection_id]


def _readable(connection: Connection, jurisdiction: Jurisdiction, identity: Identity) -> Iterator[Collection]:
    for layer in catalogue().values():
        if permitted(identity, Permission(layer.read)):
            yield Collection(jurisdiction, layer, {"jurisdiction_id": jurisdiction.id})
    if permitted(identity, Permission.READ_DRAFTS):
        for edition in editions_of(connection, jurisdiction.id):
            if edition.status == "draft":
                yield Collection(jurisdiction, draft_layer(edition), {"edition_id": edition.id})


def _with_extent(connection: Connection, collection: Collection) -> Collection:
    found = items.extent(connection, collection.layer, collection.home)
    outline = collection.jurisdiction.bbox
    if found.bbox is None:
        found = Extent(outline, found.since)
    elif collection.layer.newest_by is not None:
        # What comes in by itself would have another extent each time that somebody asks; it may lie beyond the outline.
        found = Extent(_widened(found.bbox, outline), found.since)
    return Collection(collection.jurisdiction, collection.layer, collection.home, found)


def _widened(bbox: Bbox, outline: Bbox) -> Bbox:
    """Return a box around both, its sides on whole hundredths of a degree, so that it seldom changes."""
    west, south = (math.floor(100 * min(pair)) / 100 for pair in zip(bbox[:2], outline[:2], strict=True))
    east, north = (math.ceil(100 * max(pair)) / 100 for pair in zip(bbox[2:], outline[2:], strict=True))
    return Bbox(max(west, -180.0), max(south, -90.0), min(east, 180.0), min(north, 90.0))
