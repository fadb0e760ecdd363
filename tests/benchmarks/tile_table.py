"""What was found about tiles, as markdown."""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.cities import GRIDS
from tests.benchmarks.goals import number
from tests.benchmarks.measuring import Figures
from tests.benchmarks.tile_keeping import PATIENCE_S
from tests.benchmarks.tile_latency import CONNECTIONS
from tests.benchmarks.tile_pyramids import DEEPEST, LOWEST, PROCESSES
from tests.benchmarks.tile_rivals import MARTIN, TIPG


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    taken = found["taken up"]
    return [
        f"A city of 10 by 10 km: {GRIDS} grids, {found['buildings']:,} buildings, {found['incidents']:,} incidents,",
        "all put in through the triggers. `service` is asked over HTTP, `cut_tiles` is its statement alone; `SQL` is a",
        "bare prepared statement by psycopg, alone or behind granian. Rivals have tables of their own with nothing but",
        "what tiles tell, in EPSG:3857 or 4326. Servers are asked as browsers ask, for gzip; SQL does not",
        "compress unless it says so. Below zoom 14 ours count features by cells, others draw every one.",
        "",
        f"Taking up the {taken['changes']:,} changes of the load took {number(taken['seconds'])} s.",
        *(f"Left out: {name}: {reason}." for name, reason in found["absent"].items()),
        *(line for layer in found["cold"] for line in _layer(found, layer)),
        *_warm(found["warm"]),
        *_fresh(found),
        *_pyramid(found["pyramid"]),
        *_page(found.get("page", {})),
        "",
        "### To have the rivals beside",
        "",
        "Martin: `cargo install martin --locked` (`martin-cp` comes with it), or its release for this platform; on the",
        f"path, or in a folder that `{MARTIN}` names. TiPg: `python -m venv FOLDER` and"
        " `FOLDER/bin/pip install tipg 'uvicorn[standard]'`;",
        f"`{TIPG}=FOLDER/bin/python`. Who is not there is left out, and told.",
    ]


def _layer(found: Figures, layer: str) -> Iterator[str]:
    zooms = found["cold"][layer]
    names = list(next(iter(zooms.values()))["asked"])
    yield from (
        "",
        f"### {layer.capitalize()}, cold",
        "",
        "Milliseconds of a tile, p50 / p95:",
        "",
        f"| | {' | '.join(f'z{zoom}' for zoom in zooms)} |",
        f"|---|{'--:|' * len(zooms)}",
    )
    for name in names:
        asked = [one["asked"][name] for one in zooms.values()]
        each = (f"{number(one['p50_ms'])} / {number(one['p95_ms'])}" for one in asked)
        yield f"| {name} | {' | '.join(each)} |"
    yield from ("", "How many times as long, as the median over neighbours in time:", "")
    yield f"| | {' | '.join(f'z{zoom}' for zoom in zooms)} |"
    yield f"|---|{'--:|' * len(zooms)}"
    for name in next(iter(zooms.values()))["ratios"]:
        yield f"| {name} | {' | '.join(number(one['ratios'][name]) for one in zooms.values())} |"
    yield from _together(found["together"][layer])
    yield from ("", "The largest tile, kB as it is:", "", f"| | {' | '.join(f'z{zoom}' for zoom in zooms)} |")
    yield f"|---|{'--:|' * len(zooms)}"
    for name in names:
        yield f"| {name} | {' | '.join(number(one['asked'][name]['bytes'] / 1e3) for one in zooms.values())} |"
    yield from ("", "Ours at each zoom, kB, and compressed as they are sent:", "")
    yield "| zoom | median | largest | sent, median | sent, largest |"
    yield "|--:|--:|--:|--:|--:|"
    for one in found["sizes"][layer]:
        kept = " | ".join(number(one[name] / 1e3) for name in ("median", "largest", "sent_median", "sent_largest"))
        yield f"| {one['zoom']} | {kept} |"


def _together(zooms: Figures) -> Iterator[str]:
    yield from ("", f"{CONNECTIONS} at once: tiles a second, and milliseconds of a processor for each in the database")
    yield "and in the server (or in the client, where there is none):"
    yield ""
    yield f"| | {' | '.join(f'z{zoom}/s | database | server' for zoom in zooms)} |"
    yield f"|---|{'--:|' * 3 * len(zooms)}"
    for name in next(iter(zooms.values())):
        each = (number(one[name][what]) for one in zooms.values() for what in ("tiles_s", "database_ms", "server_ms"))
        yield f"| {name} | {' | '.join(each)} |"


def _warm(found: Figures) -> Iterator[str]:
    yield from ("", "### Warm", "")
    if "left out" in found:
        yield f"Left out: {found['left out']}."
        return
    yield f"Buildings, compressed, {CONNECTIONS} connections; requests a second (share of bare WSGI), p50 / p99 ms:"
    yield ""
    sent = (f"z{zoom}, {number(one['sent_median'] / 1e3)} kB" for zoom, one in found.items())
    yield f"| | {' | '.join(sent)} |"
    yield f"|---|{'--:|' * len(found)}"
    for name in next(iter(found.values()))["asked"]:
        cells = []
        for one in found.values():
            asked, share = one["asked"][name], one["ratios"].get(name, 1.0)
            rate, p50, p99 = (number(asked[what]) for what in ("requests_s", "p50_ms", "p99_ms"))
            cells.append(f"{rate} ({number(share)}), {p50} / {p99}")
        yield f"| {name} | {' | '.join(cells)} |"


def _fresh(found: Figures) -> Iterator[str]:
    yield from ("", "### After an UPDATE", "")
    yield f"Of one building, at zoom 16, until an answer shows it; after {number(PATIENCE_S)} s it is given up:"
    yield ""
    yield "| | shown after ms | at which request | never |"
    yield "|---|--:|--:|--:|"
    for name, one in found["fresh"].items():
        yield f"| {name} | {number(one['seconds'] * 1e3)} | {number(one['requests'])} | {one['never']} |"
    yield ""
    yield f"{found['unchanged']} tiles that no change touched had the same bytes after their rows had moved."
    if "not modified" in found:
        one = found["not modified"]
        yield f"{one['requests']} times 304: {one['asked']} transactions; as long a time of nothing: {one['idle']}."


def _pyramid(found: Figures) -> Iterator[str]:
    yield from ("", f"### Pyramid of the buildings, zooms {LOWEST} to {DEEPEST}", "")
    yield f"{found['tiles']} tiles, compressed: by `geoservice tiles build` on {PROCESSES} processes into its store, by"
    yield f"`martin-cp` with {PROCESSES} connections into an MBTiles file, by bare statements one after the other."
    yield from (f"Left out: {name}: {reason}." for name, reason in found["absent"].items())
    yield from ("", "| | seconds | service, times this |", "|---|--:|--:|")
    for name, seconds in found["seconds"].items():
        yield f"| {name} | {number(seconds)} | {number(found['ratios'][name])} |"
    yield from ("", "After 1 % of the buildings changed, without the command's start:", "")
    yield "| | taken up s | tiles made anew | made s | share of the full pyramid |"
    yield "|---|--:|--:|--:|--:|"
    for where, one in found["changed"].items():
        taken, tiles, cut = (number(one[name]) for name in ("take_up_s", "tiles", "cut_s"))
        yield f"| {where} | {taken} | {tiles} | {cut} | {number(one['share'] * 100)} % |"


def _page(found: Figures) -> Iterator[str]:
    if not found:
        return
    yield from (
        "",
        "### The page of the city",
        "",
        "In Chromium, 1920 x 1080, zoom 15, without a graphics card; medians:",
        "",
    )
    if "left out" in found:
        yield f"Left out: {found['left out']}."
        return
    yield from ("| | |", "|---|--:|")
    yield from (f"| {name} | {number(value)} |" for name, value in found.items())
