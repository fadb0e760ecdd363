"""Which parts of which standards are kept: what /conformance declares, and so what clients dare to ask for."""

from __future__ import annotations

_SPEC = "http://www.opengis.net/spec"
_COMMON = ("common-1/1.0/conf/core", "common-1/1.0/conf/json", "common-2/1.0/conf/collections")
_FEATURES = (
    *(f"features-1/1.0/conf/{name}" for name in ("core", "geojson", "oas30", "html")),
    "features-2/1.0/conf/crs",
    *(
        f"features-3/1.0/conf/{name}"
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(f"features-4/1.0/conf/{name}" for name in ("create-replace-delete", "update", "features")),
    # The draft of June 2026 writes /req/ in its text and means a class of conformance.
    *(f"features-4/1.0/{kind}/optimistic-locking-etags" for kind in ("conf", "req")),
    "features-5/1.0/conf/schemas",
)
_TILES = tuple(
    f"tiles-1/1.0/conf/{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt", "oas30")
)
_CQL2 = (
    "cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "case-insensitive-comparison",
    "basic-spatial-functions", "basic-spatial-functions-plus", "temporal-functions",
    "property-property", "arithmetic",
    # What older QGIS looks for.
    "basic-spatial-operators",
)  # fmt: skip

CONFORMS_TO = (
    *(f"{_SPEC}/ogcapi-{name}" for name in (*_COMMON, *_FEATURES, *_TILES)),
    *(f"{_SPEC}/tms/2.0/conf/{name}" for name in ("tilematrixset", "json-tilematrixset", "json-tilesetmetadata")),
    *(f"{_SPEC}/cql2/1.0/conf/{name}" for name in _CQL2),
)
