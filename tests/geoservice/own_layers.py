"""Files of which layers of one's own are made, and the commands that make them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from click.testing import CliRunner, Result
from shapely.geometry.base import BaseGeometry

from geoservice.cli.layer import layer
from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.inferring import ColumnChoices
from geoservice.reading.new_layers import NewLayer, new_layer
from geoservice.wiring import Services
from layers.title import Title

OF_SARE = ("--jurisdiction", "sare")


def geojson(path: Path, geoms: Sequence[BaseGeometry], **columns: Sequence[object]) -> Path:
    """Write features with a column `code` (F0, F1 …) and others as GeoJSON."""
    told = {"code": [f"F{n}" for n in range(len(geoms))], **columns}
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(geom)),
            "properties": {name: values[n] for name, values in told.items()},
        }
        for n, geom in enumerate(geoms)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return path


def in_grids(services: Services, jurisdiction: str = "sare") -> list[shapely.Point]:
    """Return a point in each grid, by the grid's code."""
    with services.database.transaction() as connection:
        rows = connection.exec_driver_sql(
            "SELECT st_asbinary(st_pointonsurface(t.geom)) FROM geoservice.territory AS t"
            "  JOIN geoservice.jurisdiction AS j ON j.id = t.jurisdiction_id"
            " WHERE j.code = %s AND t.valid @> now() AND upper_inf(t.known) ORDER BY t.code",
            (jurisdiction,),
        ).all()
    return [shapely.from_wkb(bytes(row[0])) for row in rows]


def read(file: Path, name: str = "hydrants", told: ColumnChoices = ColumnChoices(), **choices: Any) -> NewLayer:  # noqa: B008  frozen
    """Return the layer that a file makes."""
    said = Choices(**({"crs": "wgs84", "time_zone": "Asia/Shanghai"} | choices))
    return new_layer(str(file), name, Title("消火栓", "Hydrants"), told, said)


def make(services: Services, file: Path, name: str = "hydrants", **said: Any) -> NewLayer:
    """Make a layer of a file."""
    made = read(file, name, **said)
    services.own_layers.create("sare", made.layer, made.features, actor="t", door="command", commit=True)
    return made


def run(*arguments: str) -> Result:
    """Run a command of layers."""
    return CliRunner().invoke(layer, [*arguments], catch_exceptions=False)


def types(made: NewLayer) -> Mapping[str, str]:
    """Return the type of each column that a layer would have."""
    return {one.column.name: "codes" if one.column.codes else one.column.type for one in made.columns if one.column}
