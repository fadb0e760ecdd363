"""Filters by chance find what the same question, asked in Python of each feature, finds; none breaks the service."""

from __future__ import annotations

import json
import random
from datetime import datetime
from urllib.parse import quote

import pytest
import shapely
from cql2 import parse_json, parse_text
from sqlalchemy import text

from tests.cql2_oracle import Feature, NotReckoned, is_meant
from tests.depth import depths
from tests.geoservice.ogc.chance_filters import Chance, as_text
from tests.geoservice.ogc.test_standard import ROOT, get
from tests.geoservice.web.door import Door

COLLECTIONS = {
    "buildings": {"texts": ("code", "name", "kind", "grid_code"), "numbers": ("floors", "households"),
                  "flags": ("in_use",)},
    "incidents": {"texts": ("id", "service_code", "status", "grid_code", "source"), "flags": ("near_border",),
                  "instants": ("reported_at",)},
}  # fmt: skip
#: Of a hundred.
MISTYPED = 25


def features(door: Door, collection: str) -> dict[str, Feature]:
    """Return the features of a collection by id, each place with every digit that is stored."""
    told = get(door, f"{ROOT}/collections/{collection}/items?limit=10000").json["features"]
    key, relation = {"buildings": ("code", "served_building"), "incidents": ("id", "served_incident")}[collection]
    query = text(f"SELECT {key}::text, st_asbinary(geom) FROM geoservice.{relation}")  # noqa: S608  ours
    with door.services.database.transaction() as connection:
        places = {id_: shapely.from_wkb(bytes(wkb)) for id_, wkb in connection.execute(query) if wkb is not None}
    instants = COLLECTIONS[collection].get("instants", ())
    return {
        one["id"]: Feature(
            one["properties"] | {name: datetime.fromisoformat(one["properties"][name]) for name in instants},
            places.get(one["id"]),
        )
        for one in told
    }


@depths(150, 5_000)
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_chance_filters_find_what_python_and_shapely_find(door: Door, collection: str, depth: int) -> None:
    """How many were read, refused and compared is printed: `make prove ARGS="... -s"`."""
    every = features(door, collection)
    chance = random.Random(f"{collection} 20260101")
    made = Chance(chance, list(every.values()), **COLLECTIONS[collection])
    compared = refused = found_some = 0
    for _ in range(depth):
        expression, spoilt = made.filter(), chance.randrange(100) < MISTYPED
        language = chance.choice(("cql2-text", "cql2-json"))
        said = as_text(expression) if language == "cql2-text" else json.dumps(expression)
        said = made.mistyped(said) if spoilt else said
        answer = door.client.get(
            f"{ROOT}/collections/{collection}/items?limit=10000&properties=&filter={quote(said)}&filter-lang={language}"
        )
        assert answer.status_code in {200, 400}, f"{said!r}: {answer.status_code}"
        if answer.status_code == 400:
            assert spoilt, f"{said!r}: {answer.get_data(as_text=True)}"
            refused += 1
            continue
        if spoilt:
            expression = (parse_text if language == "cql2-text" else parse_json)(said).to_json()
        ids = {one["id"] for one in answer.json["features"]}
        differ = [id_ for id_, one in every.items() if _differs(expression, one, id_ in ids)]
        assert differ == [], f"{said!r}: {len(differ)} differ, {differ[:3]}"
        compared += 1
        found_some += 0 < len(ids) < len(every)
    print(f"{collection}: {compared} compared, {found_some} of them find some and not all, {refused} refused")
    assert compared > depth / 2
    assert found_some > depth / 10
    assert refused > 0


def _differs(expression: object, feature: Feature, told: bool) -> bool:
    try:
        return is_meant(expression, feature) is not told
    except NotReckoned:
        return False
