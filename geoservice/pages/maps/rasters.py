"""Base maps of pictures over HTTP: which there are, and their tiles; behind the guard of the map."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, jsonify, make_response, request, url_for

from geoservice.services.rasters import RasterService
from geoservice.web.guard import Guard
from tilegen.raster_pictures import media_type


def rasters_blueprint(rasters: RasterService, guard: Guard) -> Blueprint:
    """Return the list and the tiles."""
    blueprint = Blueprint("rasters", __name__)
    may_view = guard("view_map")

    @blueprint.get("/maps/<jurisdiction>/basemaps.json")
    @may_view
    def every(jurisdiction: str) -> Response:
        response = jsonify([
            {
                "id": one.id, "title": one.title, "attribution": one.attribution, "crs": one.crs, "bbox": one.bbox,
                "min_zoom": one.min_zoom, "max_zoom": one.max_zoom,
                "tiles": url_for("rasters.every", jurisdiction=jurisdiction).removesuffix(".json") + f"/{one.id}",
            }
            for one in rasters.every(jurisdiction)
        ])  # fmt: skip
        response.headers["Cache-Control"] = "no-store"
        return response

    @blueprint.get("/maps/<jurisdiction>/basemaps/<int:number>/<int:z>/<int:x>/<int:y>")
    @may_view
    def tile(jurisdiction: str, number: int, z: int, x: int, y: int) -> Response:
        data = rasters.tile(jurisdiction, number, z, x, y)
        if not data:  # pictures cover some ground, and not all of it: that is no fault
            return Response(status=204, headers={"Cache-Control": "private, no-cache"})
        response = make_response(data)
        response.headers["Content-Type"] = media_type(data) or "application/octet-stream"
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.set_etag(hashlib.sha256(data).hexdigest()[:32])
        response.make_conditional(request)
        return response

    return blueprint
