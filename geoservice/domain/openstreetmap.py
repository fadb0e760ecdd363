"""What OpenStreetMap's tags mean for the layers here.

Source: the tags' own pages, wiki.openstreetmap.org/wiki/Map_features. Nothing is read of who mapped what, nor of how
somebody is reached: `KEYS` is all that leaves the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from geoservice.domain.privacy import holds_personal_number

Tags = Mapping[str, str]

#: Who made the data, and where the terms are told; both go wherever they are shown (ODbL 1.0, 4.3).
ATTRIBUTION = "© OpenStreetMap contributors"
ATTRIBUTION_URL = "https://www.openstreetmap.org/copyright"

#: Tags that are read.
KEYS = (
    "addr:housenumber", "addr:street", "amenity", "area", "building", "building:levels", "building:part", "highway",
    "landuse", "leisure", "location", "name", "name:en", "name:zh", "natural", "office", "shop", "tourism", "tunnel",
    "waterway",
)  # fmt: skip
#: What areas, lines and points must have one of to be read at all.
AREA_KEYS = ("building", "building:part", "landuse", "leisure", "natural", "waterway")
LINE_KEYS = ("highway", "waterway")
POINT_KEYS = ("amenity", "office", "shop", "tourism")

_NO_BUILDING = {"no", "entrance", "ruins", "collapsed"}
_NO_STREET = {"construction", "proposed", "platform", "corridor", "elevator", "razed", "abandoned"}
#: Ways that people walk: drawn as streets, but no block ends at one.
_PATHS = {"footway", "path", "steps", "cycleway", "bridleway", "track"}
_WATER_LINES = {"river", "stream", "canal", "drain", "ditch"}
_WATER = {"natural": {"water"}, "waterway": {"riverbank", "dock"}, "landuse": {"reservoir", "basin"}}
_GREEN = {
    "leisure": {"park", "garden", "playground", "pitch", "nature_reserve"},
    "landuse": {
        "grass", "forest", "meadow", "recreation_ground", "village_green", "cemetery", "allotments",
    },
    "natural": {"wood", "scrub", "grassland", "heath"},
}  # fmt: skip

#: Kinds of the building layer by the value of `building`.
_KINDS = {
    value: kind
    for kind, values in {
        "residential": "apartments residential house detached semidetached_house terrace bungalow dormitory farm",
        "shop": "commercial retail supermarket kiosk hotel",
        "office": "office",
        "industrial": "industrial warehouse factory manufacture",
        "school": "school kindergarten university college",
        "hospital": "hospital clinic",
        "public": "government civic public townhall church chapel cathedral temple mosque monastery shrine synagogue"
        " fire_station train_station",
        "ancillary": "garage garages shed carport roof hut service",
    }.items()
    for value in values.split()
}
#: The same by what is in a building of which nothing else is said.
_KINDS_WITHIN = {
    value: kind
    for kind, values in {
        "school": "school kindergarten university college",
        "hospital": "hospital clinic doctors",
        "public": "townhall police fire_station place_of_worship community_centre library courthouse post_office"
        " social_facility arts_centre",
        "shop": "restaurant cafe fast_food bar pub bank marketplace pharmacy fuel cinema",
    }.items()
    for value in values.split()
}
_LODGINGS = {"hotel", "hostel", "guest_house", "motel"}
_FIRST_NUMBER = re.compile(r"\s*(\d{1,3})(?!\d)", re.ASCII)
_FLOORS_MAX = 200
_NAME_LENGTH_MAX = 200


def is_building(tags: Tags) -> bool:
    """Return whether something is a building that stands above the ground."""
    return tags.get("building", "no") not in _NO_BUILDING and tags.get("location") != "underground"


def is_building_part(tags: Tags) -> bool:
    """Return whether something is a part of a building, which may have no outline of its own."""
    part = tags.get("building:part", "no") not in _NO_BUILDING
    return part and "building" not in tags and tags.get("location") != "underground"


def building_kind(tags: Tags, within: Iterable[Tags] = ()) -> str:
    """Return the kind of a building; `within` are the tags of what stands inside it."""
    said = _KINDS.get(tags.get("building", tags.get("building:part", "")))
    if said is not None:
        return said
    for one in (tags, *within):
        kind = _kind_within(one)
        if kind is not None:
            return kind
    return "other"


def _kind_within(tags: Tags) -> str | None:
    kind = _KINDS_WITHIN.get(tags.get("amenity", ""))
    if kind is not None:
        return kind
    if "office" in tags:
        return "public" if tags["office"] == "government" else "office"
    return "shop" if "shop" in tags or tags.get("tourism") in _LODGINGS else None


def floors_of(tags: Tags) -> int | None:
    """Return how many floors a building has: the first number of its levels, which may be 2.5 or 3;4."""
    number = _FIRST_NUMBER.match(tags.get("building:levels", ""))
    floors = 0 if number is None else int(number[1])
    return floors if 1 <= floors <= _FLOORS_MAX else None


def address_of(tags: Tags) -> str | None:
    """Return the street and the number of a house, as they are written there."""
    street, number = tags.get("addr:street"), tags.get("addr:housenumber")
    if street is None or number is None:
        return None
    return f"{street}{number}" if _is_han(street[-1:]) else f"{street} {number}"


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK") if character else False


def names_of(tags: Tags) -> tuple[str | None, str | None]:
    """Return the name, and the English one."""
    return tags.get("name", tags.get("name:zh")), tags.get("name:en")


def is_shown(name: str) -> bool:
    """Return whether a text can be shown as a name: short, of visible characters, without a person's number."""
    plain = all(unicodedata.category(one)[0] != "C" for one in name)
    return plain and 1 <= len(name) <= _NAME_LENGTH_MAX and not holds_personal_number(name)


def kind_of_line(tags: Tags) -> str | None:
    """Return the kind of the base map that a way is as a line: street or water."""
    if is_street(tags):
        return "street"
    return "water" if tags.get("waterway") in _WATER_LINES and tags.get("tunnel", "no") == "no" else None


def is_street(tags: Tags) -> bool:
    """Return whether a way is a street, drawn as a line."""
    return "highway" in tags and tags["highway"] not in _NO_STREET and tags.get("area") != "yes"


def bounds_blocks(tags: Tags) -> bool:
    """Return whether blocks end at a way: at streets, and not at what people only walk or ride on."""
    return is_street(tags) and tags["highway"] not in _PATHS


def kind_of_area(tags: Tags) -> str | None:
    """Return the kind of the base map that an area is: water or green; what is a street or a building is neither."""
    if is_street(tags) or is_building(tags):
        return None
    for kind, meant in (("water", _WATER), ("green", _GREEN)):
        if any(tags.get(key) in values for key, values in meant.items()):
            return kind
    return None
