"""Vector tiles of a city: cold and warm, whole pyramids, and after changes, beside what else people use for them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.benchmarks import databases, tile_keeping, tile_latency, tile_page, tile_pyramids
from tests.benchmarks.cities import MadeCity, make_city
from tests.benchmarks.goals import Goal, at_least, below
from tests.benchmarks.measuring import Figures, LeftOut, Say
from tests.benchmarks.scale import Scale
from tests.benchmarks.servers import running
from tests.benchmarks.tile_rivals import (
    LAYERS,
    Contender,
    ServedTiles,
    by_sql,
    in_process,
    lay_tables,
    martin,
    sql_over_http,
    tipg,
)
from tests.benchmarks.tile_table import table

__all__ = ["TITLE", "goals", "measured", "table"]

TITLE = "Vector tiles"
#: Enough for all that is asked for.
CACHE_MB = 512
#: Times as long as a bare statement on a stored column, asked without any server; how many times as long Martin takes.
TIMES_SQL, TIMES_MARTIN = 1.1, 1.25
#: How many times as long as ours everybody takes who draws every feature at low zooms, and how large ours may be there.
TIMES_LOW, LARGEST_LOW_KB = 10, 150
WARM_SHARE = 0.75
FRESH_S = 1.0
#: Of the page in a browser.
PAGE_GOALS = (
    ("first map ms", 1500, "ms"), ("worst frame of a drag ms", 300, "ms"), ("worst frame of a zoom ms", 300, "ms"),
    ("heap MB", 80, "MB"),
)  # fmt: skip
PYRAMID_SHARE, CHANGED_SHARE = 0.7, 0.03
_FORGET = "UPDATE geoservice.tile_set SET version = version + 1, base = version + 1"


@dataclass
class _Contenders:
    """Who takes part, and why others do not."""

    service: ServedTiles | None = None
    cold: list[Contender] = field(default_factory=list)
    cached: list[Contender] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def measured(scale: Scale, say: Say) -> Figures:
    """Return everything that is asked about tiles; raise LeftOut, WrongAnswers."""
    with databases.some_cluster() as cluster, databases.some_database(cluster) as url:
        say(f"tiles: a city of {scale.tile_buildings:,} buildings and {scale.tile_incidents:,} incidents")
        city = make_city(url, scale.tile_buildings, scale.tile_incidents)
        say("tiles: its changes are taken up")
        found: Figures = {"database versions": databases.versions(url), "taken up": tile_pyramids.take_up_all(city)}
        lay_tables(city)
        with _contenders(city, say) as all_of_them:
            return found | _compared(city, all_of_them, scale, say)


def _compared(city: MadeCity, taking_part: _Contenders, scale: Scale, say: Say) -> Figures:
    cold, service, rounds = taking_part.cold, taking_part.service, scale.tile_rounds
    forget = _forgetting(city, service)
    found: Figures = {
        "buildings": city.buildings, "incidents": city.incidents, "rounds": rounds, "absent": taking_part.left_out,
        "cold": {}, "together": {}, "sizes": {},
    }  # fmt: skip
    database = tile_latency.database_process(city)
    for layer in LAYERS:
        tile_latency.check_equal(cold, layer)
        found["sizes"][layer] = tile_latency.sizes(cold[0], layer)
        found["cold"][layer] = {}
        for zoom in tile_latency.ZOOMS:
            say(f"tiles: {layer}, zoom {zoom}, one by one")
            found["cold"][layer][str(zoom)] = tile_latency.latencies(cold, layer, zoom, rounds, forget)
        found["together"][layer] = {}
        for zoom in tile_latency.TOGETHER:
            say(f"tiles: {layer}, zoom {zoom}, {tile_latency.CONNECTIONS} at once")
            found["together"][layer][str(zoom)] = tile_latency.together(cold, layer, zoom, rounds, forget, database)
    say("tiles: warm")
    found["warm"] = _or_why_not(
        lambda: tile_keeping.warm(city, cold[0], service, taking_part.cached, rounds, scale.tile_seconds)
    )
    say("tiles: freshness")
    found["fresh"] = tile_keeping.freshness(city, [*cold, *taking_part.cached], service, rounds)
    found["unchanged"] = tile_keeping.unchanged_bytes(city)
    if service is not None:
        found["not modified"] = tile_keeping.not_modified(city, service)
    found["pyramid"] = tile_pyramids.measured(city, rounds, say)
    if service is not None:
        say("tiles: the page of the city in a browser")
        found["page"] = _or_why_not(lambda: tile_page.measured(service.page, rounds))
    return found


@contextlib.contextmanager
def _contenders(city: MadeCity, say: Say) -> Iterator[_Contenders]:
    """Yield everybody who is there; who is not is told."""
    bare = [by_sql(city, 3857), by_sql(city, 4326), by_sql(city, 3857, gzipped=True)]
    found = _Contenders(cold=[in_process(city), *bare])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            kept = {"GEOSERVICE_TILE_STORE": str(folder / "tiles.sqlite")}
            found.service = ServedTiles(stack.enter_context(running(city.url, variables=kept)))
            found.cold.insert(0, found.service.contender())
        except LeftOut as reason:
            found.left_out["service"] = str(reason)
        for name, others, into in (
            ("SQL 3857, granian", lambda: sql_over_http(city), found.cold),
            ("Martin", lambda: martin(city, folder, cache_mb=0), found.cold),
            ("Martin, cached", lambda: martin(city, folder, cache_mb=CACHE_MB), found.cached),
            ("TiPg", lambda: tipg(city), found.cold),
        ):
            try:
                into += stack.enter_context(others())
            except LeftOut as reason:
                found.left_out[name] = str(reason)
        for name, reason in found.left_out.items():
            say(f"tiles: {name} is left out: {reason}")
        yield found


def _forgetting(city: MadeCity, service: ServedTiles | None) -> Callable[[], None]:
    """Return what gives every tile a new version, as a change would that touches them all."""

    def forget() -> None:
        with psycopg.connect(city.url) as connection:
            connection.execute(_FORGET)
        if service is not None:
            service.take_up()

    return forget


def _or_why_not(measure: Callable[[], Figures]) -> Figures:
    try:
        return measure()
    except LeftOut as reason:
        return {"left out": str(reason)}


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached; ours is the service, or its statement alone where it gives no tiles yet."""
    ours = "cut_tiles" if "service" in found["absent"] else "service"
    return [*_cold_goals(found, ours), *_kept_goals(found), *_pyramid_goals(found), *_page_goals(found)]


def _cold_goals(found: Figures, ours: str) -> list[Goal]:
    told = []
    for layer, zooms in found["cold"].items():
        for zoom, one in zooms.items():
            what, ratios = f"tiles of {layer}, cold, zoom {zoom}", one["ratios"]
            others = {name.partition(" / ")[0]: times for name, times in ratios.items() if name.endswith(f" / {ours}")}
            if int(zoom) >= min(tile_latency.TOGETHER):
                told.append(below(f"{what}: {ours}, times SQL 3857", 1 / others["SQL 3857"], TIMES_SQL, " x"))
                if "Martin 4326" in others:
                    times = others["Martin 4326"]
                    told.append(at_least(f"{what}: Martin 4326, times {ours}", times, TIMES_MARTIN, " x"))
            else:
                told.append(at_least(f"{what}: the fastest other, times {ours}", min(others.values()), TIMES_LOW, " x"))
        largest = max(one["largest"] for one in found["sizes"][layer] if one["zoom"] < min(tile_latency.TOGETHER) - 1)
        told.append(below(f"tiles of {layer}, zooms 8 to 12: the largest", largest / 1e3, LARGEST_LOW_KB, " kB"))
    return told


def _page_goals(found: Figures) -> list[Goal]:
    page = found.get("page", {})
    return [
        below(f"tiles: the page of a city, {name.removesuffix(f' {unit}')}", page[name], most, f" {unit}")
        for name, most, unit in PAGE_GOALS
        if name in page
    ]


def _kept_goals(found: Figures) -> list[Goal]:
    told = [
        at_least(f"tiles, warm, zoom {zoom}: share of bare WSGI", one["ratios"]["service"], WARM_SHARE)
        for zoom, one in found["warm"].items()
        if zoom in ("14", "16") and "service" in one["ratios"]
    ]
    if "service" in found["fresh"]:
        told.append(below("tiles: an UPDATE is shown after", found["fresh"]["service"]["seconds"], FRESH_S, " s"))
    if "not modified" in found:
        one = found["not modified"]
        told.append(below("tiles: statements of a 304", max(0, one["asked"] - one["idle"]) / one["requests"], 0.02))
    return told


def _pyramid_goals(found: Figures) -> list[Goal]:
    one, told = found["pyramid"], []
    rivals: Sequence[str] = [name for name in one["ratios"] if name.startswith("martin-cp")]
    for name in rivals:
        told.append(below(f"tiles: full pyramid, times {name}", one["ratios"][name], PYRAMID_SHARE, " x"))
    near = one["changed"][tile_pyramids.NEAR]
    told.append(below("tiles: 1 % changed, share of the full pyramid", near["share"] * 100, CHANGED_SHARE * 100, " %"))
    return told
