"""How much is measured: enough to be believed, or just enough to see that everything works."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.datasets import SETS


@dataclass(frozen=True)
class Scale:
    """Numbers of positions, rounds and seconds."""

    #: Sets of grids that the engine is asked about, and positions that each gets.
    sets: tuple[str, ...]
    positions: int
    rounds: int
    #: How often each index is built, each time in a process of its own.
    builds: int
    #: Seconds that each web server is asked for, and how often.
    http_s: int
    http_rounds: int
    #: Rows of a large batch, and of one as GeoJSON, which has a limit of its own.
    batch_rows: int
    geojson_rows: int
    batch_rounds: int
    assign_rows: int
    assign_rounds: int
    #: Squares on a side of the city that is published, who lives there and what was reported.
    publishing_side: int
    publishing_households: int
    publishing_incidents: int
    publishing_rounds: int
    #: Drafts of the demo that each verb is tried on.
    editing_rounds: int
    #: Rows of one COPY, reports by the interface in one round, and rounds of both.
    intake_rows: int
    intake_reports: int
    intake_rounds: int
    #: Who listens, events that are told, seconds of look-ups meanwhile, and in how many turns with those of nobody's.
    stream_listeners: int
    stream_events: int
    stream_seconds: float
    stream_rounds: int
    #: Editions that follow each other while everybody looks up; a tenth of them once more, unannounced.
    freshness_publications: int
    #: Seconds that an idle instance is left alone first, and is measured then.
    idle_settle_seconds: float
    idle_seconds: float
    #: What lies in the city that is drawn, rounds of each question, and seconds of asking for warm tiles.
    tile_buildings: int
    tile_incidents: int
    tile_rounds: int
    tile_seconds: int
    #: Buildings that are imported and changed, and how often; versions of them; persons of a register.
    kept_buildings: int
    kept_rounds: int
    kept_versions: int
    kept_persons: int
    #: Incidents of the town whose pages are opened, and how often each is.
    page_incidents: int
    page_rounds: int


FULL = Scale(
    sets=tuple(SETS), positions=4_000_000, rounds=7, builds=3, http_s=5, http_rounds=5, batch_rows=1_000_000,
    geojson_rows=100_000, batch_rounds=7, assign_rows=10_000_000, assign_rounds=3,
    publishing_side=100, publishing_households=200_000, publishing_incidents=1_000_000, publishing_rounds=3,
    editing_rounds=25, intake_rows=200_000, intake_reports=1_000, intake_rounds=3, stream_listeners=500,
    stream_events=20, stream_seconds=40, stream_rounds=5, freshness_publications=200,
    idle_settle_seconds=90, idle_seconds=300,
    tile_buildings=100_000, tile_incidents=200_000, tile_rounds=3, tile_seconds=3,
    kept_buildings=100_000, kept_rounds=3, kept_versions=1_000_000, kept_persons=100_000,
    page_incidents=200_000, page_rounds=3,
)  # fmt: skip
QUICK = Scale(
    sets=("demo, 8", "synthetic, 8", "synthetic, 300", "Chicago, 275", "synthetic, 3,000"), positions=200_000,
    rounds=3, builds=1, http_s=1, http_rounds=2, batch_rows=50_000, geojson_rows=10_000, batch_rounds=3,
    assign_rows=200_000, assign_rounds=1,
    publishing_side=32, publishing_households=4_000, publishing_incidents=20_000, publishing_rounds=1,
    editing_rounds=2, intake_rows=5_000, intake_reports=100, intake_rounds=1, stream_listeners=50,
    stream_events=4, stream_seconds=2, stream_rounds=2, freshness_publications=5,
    idle_settle_seconds=5, idle_seconds=20,
    tile_buildings=5_000, tile_incidents=10_000, tile_rounds=2, tile_seconds=1,
    kept_buildings=2_000, kept_rounds=1, kept_versions=20_000, kept_persons=2_000,
    page_incidents=3_000, page_rounds=1,
)  # fmt: skip
