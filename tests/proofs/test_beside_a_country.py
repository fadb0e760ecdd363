"""A country is published while a town is looked up in batches: nothing is wrong, the town's own news come at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psycopg
import pytest
import shapely

from geoservice.reading.grids import grids_of_file
from geoservice.services.drafting.service import DraftService
from geoservice.services.editions import EditionService
from geoservice.services.healing.heal import heal_in_process
from layers.db.session import Database
from layers.geometry import as_multipolygon
from tests.conftest import LiveServer, serving
from tests.factories import make_jurisdiction
from tests.proofs.test_country import FIELDS, FILE
from tests.publishing import publish_turned, turned

pytestmark = pytest.mark.prove

#: Batches a second, and places of the town and of the country in each.
BATCHES_A_SECOND, PLACES = 20, 50
#: Between two publications of the town, seconds.
BETWEEN_S = 1.0
FIRST_EDITION = 1


@dataclass
class Looked:
    """One batch: when it was asked and answered, and the codes in it."""

    asked_s: float
    answered_s: float
    town: list[str | None]
    country: list[str | None]


@dataclass
class Looker:
    """Looks up the same places again and again."""

    live: LiveServer
    town: list[list[float]]
    country: list[list[float]]
    looks: list[Looked] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        url = urlsplit(self.live.url)
        connection = HTTPConnection(str(url.hostname), url.port, timeout=30)
        body = json.dumps({"positions": self.town + self.country})
        while not self.done.is_set():
            began = time.monotonic()
            connection.request("POST", "/v1/owner/batch", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                self.failures.append(f"{answer.status} {said[:200]!r}")
                continue
            codes = [one["grid_code"] for one in json.loads(said)["results"]]
            self.looks.append(Looked(began, time.monotonic(), codes[: len(self.town)], codes[len(self.town) :]))
            time.sleep(max(0.0, 1 / BATCHES_A_SECOND - (time.monotonic() - began)))
        connection.close()


@pytest.fixture
def live(cluster_url: str, community_template: str) -> Iterator[LiveServer]:
    with serving(cluster_url, community_template) as live:
        yield live


def test_a_town_is_answered_rightly_and_freshly_while_a_country_is_published(test_data: Path, live: LiveServer) -> None:
    path = str(test_data / FILE)
    whole = heal_in_process(grids_of_file(path, FIELDS).grids, None, 0.5)
    outline = as_multipolygon(shapely.union_all([grid.geom for grid in whole.grids]))
    database = Database.connect(live.database_url, pool_size=2)
    editions = EditionService(database)
    with psycopg.connect(live.database_url) as connection:
        make_jurisdiction(connection, code="country", outline=outline, metric_srid=27700, time_zone="Europe/London")
    drafted = editions.import_file(path, jurisdiction_code="country", fields=FIELDS, heal_m=0.5)
    grids = DraftService(database).grids(drafted.edition_id)[1]
    town = dict(_places(live))
    chosen = np.random.default_rng(5).choice(len(grids), PLACES, replace=False).tolist()
    inside = {grids[number].code: shapely.point_on_surface(grids[number].geom) for number in chosen}
    looker = Looker(live, [[p.x, p.y] for p in town.values()], [[p.x, p.y] for p in inside.values()])
    looking = threading.Thread(target=looker.run)
    looking.start()

    commits: list[tuple[int, float]] = [(FIRST_EDITION, 0.0)]
    published = threading.Event()

    def publish_country() -> None:
        editions.publish(drafted.edition_id)
        published.set()

    publishing = threading.Thread(target=publish_country)
    publishing.start()
    after = 0
    while after < 20:  # as long as it takes, and until the country is in memory
        with psycopg.connect(live.database_url) as connection:
            edition = publish_turned(connection, 1)
            connection.commit()
            commits.append((edition, time.monotonic()))
        time.sleep(BETWEEN_S)
        after += published.is_set()
    looker.done.set()
    publishing.join()
    looking.join()
    database.close()

    late = list(_lags(looker.looks, list(town), commits))
    slowest = max(one.answered_s - one.asked_s for one in looker.looks)
    told = sum(one.country == list(inside) for one in looker.looks)
    print(
        f"\n{len(looker.looks)} batches, {len(commits)} publications of the town; {len(late)} late, the last after"
        f" {max(late, default=0.0):.3f} s; slowest batch {slowest:.2f} s; {told} batches with the country"
    )
    assert looker.failures == []
    assert told > 0
    expected: list[list[str | None]] = [[None] * PLACES, list(inside)]
    assert [one for one in looker.looks if one.country not in expected] == []


def _places(live: LiveServer) -> Iterator[tuple[str, shapely.Point]]:
    with psycopg.connect(live.database_url) as connection:
        for code, wkt in connection.execute(
            "SELECT code, st_astext(st_pointonsurface(geom)) FROM geoservice.territory WHERE jurisdiction_id = 1"
        ):
            yield code, shapely.from_wkt(wkt)


def _lags(looks: list[Looked], codes: list[str], commits: list[tuple[int, float]]) -> Iterator[float]:
    """Yield for each answer of an edition that was over when it was asked for how long it had been over, in seconds.

    Every answer is one edition of the town, whole.
    """
    told = {
        tuple(code if edition == FIRST_EDITION else turned(code, edition) for code in codes): number
        for number, (edition, _) in enumerate(commits)
    }
    for one in looks:
        number = told[tuple(str(code) for code in one.town)]
        if number + 1 < len(commits) and one.asked_s > commits[number + 1][1]:
            yield one.asked_s - commits[number + 1][1]
