"""What is known of a place: who owns it, by the one rule, and what of every layer is there."""

from __future__ import annotations

from dataclasses import dataclass

from geoservice.auth.model import Identity
from geoservice.auth.permissions import Permission, permitted
from geoservice.services import lookups
from geoservice.services.ownership import OwnerAnswer, OwnershipService
from layers.cameras.model import CoveringCamera
from layers.catalogue import catalogue
from layers.crs import DeclaredPosition
from layers.db.session import Database
from layers.features import FeaturesAt, features_at
from layers.layer import Layer
from layers.summaries.camera_views import cameras_seeing

#: Of each layer, and of cameras that see the place.
MOST = 20


@dataclass(frozen=True)
class PlaceAnswer:
    """A place, as far as whoever asks may know of it."""

    owner: OwnerAnswer
    #: Of layers that have something there, in the order in which they are drawn, what is on top first.
    features: tuple[FeaturesAt, ...]
    #: Cameras that see the place, the nearest first.
    cameras: tuple[CoveringCamera, ...]


class PlaceService:
    """Reads; changes nothing."""

    def __init__(self, database: Database, ownership: OwnershipService) -> None:
        self._database = database
        self._ownership = ownership

    def at(
        self, jurisdiction_code: str, place: DeclaredPosition, *, within_m: float, identity: Identity
    ) -> PlaceAnswer:  # fmt: skip
        """Return what is known of a place in a jurisdiction; raise JurisdictionUnknown.

        Parameters
        ----------
        within_m
            How near points must be to be at the place.
        """
        owner = self._ownership.owner_of(place, jurisdiction_code=jurisdiction_code)
        told = [layer for layer in _at_places() if permitted(identity, Permission(layer.read))]
        with self._database.transaction() as connection:
            home = lookups.get_jurisdiction(connection, jurisdiction_code).id
            there = [features_at(connection, layer, place.position, jurisdiction_id=home, within_m=within_m, limit=MOST)
                     for layer in told]  # fmt: skip
            sees = permitted(identity, Permission.VIEW_FEATURES)
            cameras = cameras_seeing(connection, place.position, jurisdiction_id=home, limit=MOST) if sees else ()
        return PlaceAnswer(owner, tuple(one for one in there if one.features), cameras)


def _at_places() -> list[Layer]:
    """Return the layers whose features are told at a place, what is drawn on top first.

    Not grids, whose owner is told by the rule; not the base map; not households, which buildings count; not what
    cameras see, which is told as the cameras that see the place.
    """
    told = [layer for layer in catalogue().values() if layer.assignment is not None and not layer.personal]
    return sorted(told, key=lambda layer: -max((style.order for style in layer.styles), default=0))
