"""What is known of a place: /v1/place."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from flask_openapi3 import APIBlueprint
from pydantic import BaseModel, Field

from geoservice.api.answers import OwnerOut, owner_out
from geoservice.api.ownership import TAG
from geoservice.services.places import PlaceAnswer, PlaceService
from geoservice.web.guard import current_identity, guard
from geoservice.web.json import dumps
from geoservice.web.parsing import Code, DegreesCrs, QueryNumber, StrictModel
from geoservice.web.problems import problem_responses
from geoservice.web.rendering import render_bytes
from geoservice.web.validation import with_query
from layers.crs import declared_position
from layers.features import FeaturesAt

#: So near to a place points are at it, where nobody says how near.
WITHIN_M = 15.0


class PlaceQuery(StrictModel):
    """A place in a jurisdiction, now."""

    jurisdiction: Code
    lon: QueryNumber = Field(description="Longitude in degrees, in `crs`")
    lat: QueryNumber = Field(description="Latitude in degrees, in `crs`")
    crs: DegreesCrs | None = None
    within_m: Annotated[QueryNumber, Field(ge=0, le=200)] = Field(
        WITHIN_M, description="How near points must be to be there, in metres"
    )


class PlaceFeature(BaseModel):
    """A feature at a place."""

    id: str
    distance_m: float = Field(description="0: the place is inside")
    properties: dict[str, Any] = Field(description="By column, as /v1/layers/{layer} describes them")


class PlaceLayer(BaseModel):
    """What of a layer is at a place."""

    layer: str
    features: list[PlaceFeature] = Field(description="The nearest first")
    matched: int = Field(description="How many there are, whether or not all are told")


class PlaceCamera(BaseModel):
    """A camera that sees a place."""

    code: str
    kind: str
    status: str
    distance_m: float


class PlaceOut(BaseModel):
    """What is known of a place, as far as whoever asks may know it."""

    owner: OwnerOut
    layers: list[PlaceLayer] = Field(
        description="Of layers that have something there, what maps draw on top first: points within `within_m`,"
        " shapes that cover the place; of incidents what is in hand"
    )
    cameras: list[PlaceCamera] = Field(description="That see the place, the nearest first")


def places_blueprint(places: PlaceService) -> APIBlueprint:
    """Return the route."""
    blueprint = APIBlueprint("places", __name__, url_prefix="/v1", abp_tags=[TAG])

    @blueprint.get(
        "/place", summary="All that is known of a place", responses={200: PlaceOut, **problem_responses(401, 403, 404)}
    )
    @guard("view_map")
    @with_query(PlaceQuery)
    def place(query: PlaceQuery) -> Response:
        """Say who owns a place, as /v1/owner does, and what of each layer is there that whoever asks may see."""
        where = declared_position(query.lon, query.lat, crs=query.crs or "wgs84")
        found = places.at(query.jurisdiction, where, within_m=query.within_m, identity=current_identity())
        return render_bytes(dumps(_told(found)))

    return blueprint


def _told(found: PlaceAnswer) -> dict[str, Any]:
    return {
        "owner": owner_out(found.owner),
        "layers": [_layer(one) for one in found.features],
        "cameras": [
            {"code": one.code, "kind": one.kind, "status": one.status, "distance_m": round(one.distance_m, 1)}
            for one in found.cameras
        ],
    }


def _layer(there: FeaturesAt) -> dict[str, Any]:
    names = [column.name for column in there.layer.columns]
    return {
        "layer": there.layer.id,
        "matched": there.matched,
        "features": [
            {"id": one["key"], "distance_m": round(one["distance_m"], 1),
             "properties": {name: one[name] for name in names}}
            for one in there.features
        ],
    }  # fmt: skip
