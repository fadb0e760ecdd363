"""How fast reports come in: by COPY and by the interface, with routing and without, in turns."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from tests.benchmarks import databases, servers
from tests.benchmarks.goals import Goal, at_least, below, number
from tests.benchmarks.measuring import Figures, LeftOut, Say, WrongAnswers, median_ratio, medians
from tests.benchmarks.scale import Scale
from tests.conftest import with_database
from tests.factories import select_one
from tests.proofs import chicago

TITLE = "Intake: reports by COPY and by the interface"
GOAL_ROWS_PER_S = 20_000
#: Of the time of a report by the interface, routing may be so much.
GOAL_ROUTING_SHARE = 0.25
WRITERS = 4
#: What a report would be without an owner, an officer and a limit: its columns must hold something.
_WITHOUT_ROUTING = """
    CREATE OR REPLACE FUNCTION geoservice.route_incident() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        new.routed_at := new.reported_at;
        new.received_x := coalesce(new.received_x, 0);
        new.received_y := coalesce(new.received_y, 0);
        new.method := 'none';
        new.near_border := false;
        RETURN new;
    END $$;
    ALTER TABLE geoservice.incident DISABLE TRIGGER time_arrival;
"""
_WITHOUT_TRIGGERS = """
    ALTER TABLE geoservice.incident DISABLE TRIGGER USER;
    ALTER TABLE geoservice.incident ALTER method SET DEFAULT 'none', ALTER near_border SET DEFAULT false,
        ALTER received_x SET DEFAULT 0, ALTER received_y SET DEFAULT 0, ALTER routed_at SET DEFAULT now();
"""
COPIES = {"routed": "", "by the inbox": "", "not routed": _WITHOUT_ROUTING, "no triggers at all": _WITHOUT_TRIGGERS}
#: All that a door decides of a report.
_DECIDED = """
    SELECT md5(string_agg((to_jsonb(i) - '{recorded_at,updated_at,status_since}'::text[])::text, '' ORDER BY i.id))
      FROM geoservice.incident AS i
"""


def measured(scale: Scale, say: Say) -> Figures:
    """Return rates of both doors; raise LeftOut, WrongAnswers."""
    with databases.some_cluster() as cluster_url:
        by_interface = _by_interface(cluster_url, scale, say)
        return {"interface": by_interface, "copy": _by_copy(cluster_url, scale, say)}


def _by_copy(cluster_url: str, scale: Scale, say: Say) -> Figures:
    data = Path(os.environ.get("GEOSERVICE_TEST_DATA", chicago.DEFAULT_DATA))
    if not data.is_dir():
        raise LeftOut("no real incidents: set GEOSERVICE_TEST_DATA to their folder")
    reports = chicago.read_reports(data, scale.intake_rows)
    with databases.some_database(cluster_url) as url:
        city = chicago.put_beats_in_force(url, data)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")
        lines = chicago.copy_lines(reports, city)
        rounds = []
        for turn in range(scale.intake_rounds):
            say(f"intake: {scale.intake_rows:,} rows by COPY, round {turn + 1} of {scale.intake_rounds}")
            decided: dict[str, str] = {}
            rounds.append({name: _copied(cluster_url, url, name, lines, decided) for name in COPIES})
            if decided["routed"] != decided["by the inbox"]:
                raise WrongAnswers("intake: the inbox decided otherwise than the trigger of rows")
    return {"rows": scale.intake_rows, **{name: scale.intake_rows / one for name, one in medians(rounds).items()}}


def _copied(cluster_url: str, url: str, door: str, lines: bytes, decided: dict[str, str]) -> float:
    """Return the seconds of one COPY into a fresh copy of a database; note what was decided of the reports."""
    change = COPIES[door]
    name = "geoservice_bench_copy"
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        template = sql.Identifier(psycopg.conninfo.conninfo_to_dict(url)["dbname"] or "")
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), template))
    with psycopg.connect(with_database(cluster_url, name)) as connection:
        connection.execute(change.encode())
        connection.commit()
        seconds = chicago.load(connection, lines, inbox=door == "by the inbox")
        decided[door] = select_one(connection, _DECIDED)
        counted = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE grid_code IS NOT NULL) FROM geoservice.incident"
        ).fetchone()
    if counted is None or counted[0] != lines.count(b"\n") or (counted[1] > 0) != (change == ""):
        raise WrongAnswers(f"intake: {counted} stored and routed")
    with psycopg.connect(cluster_url, autocommit=True) as connection:
        connection.execute(drop)
    return seconds


def _by_interface(cluster_url: str, scale: Scale, say: Say) -> Figures:
    with databases.some_database(cluster_url) as url, databases.some_database(cluster_url) as other:
        for one in (url, other):
            servers.load_demo(one, lambda line: None)
        with psycopg.connect(other, autocommit=True) as connection:
            connection.execute(_WITHOUT_ROUTING.encode())
        keys = {"routed": servers.new_key(url), "not routed": servers.new_key(other)}
        with servers.running(url) as routed, servers.running(other) as bare:
            ports = {"routed": routed.port, "not routed": bare.port}
            rounds: list[Figures] = []
            for turn in range(scale.intake_rounds + 1):
                say(f"intake: {scale.intake_reports} reports by the interface, round {turn}")
                rounds.append({name: _reported(ports[name], keys[name], scale.intake_reports) for name in ports})
    rounds = rounds[1:]  # the first one warms up
    slow, fast = ([one[name] for one in rounds] for name in ("routed", "not routed"))
    share = 1 - 1 / median_ratio(slow, fast)
    return {
        "routed": scale.intake_reports / statistics.median(slow),
        "not routed": scale.intake_reports / statistics.median(fast), "routing share": share,
    }  # fmt: skip


def _reported(port: int, key: str, count: int) -> float:
    """Return the seconds in which some writers hand in so many reports."""
    refused: list[int] = []

    def write(places: Sequence[Sequence[float]]) -> None:
        connection = http.client.HTTPConnection(servers.HOST, port, timeout=30)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        for lon, lat in places:
            body: dict[str, Any] = {"service_code": "light", "lon": lon, "lat": lat, "jurisdiction": "sare"}
            connection.request("POST", "/v1/incidents", json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 201:
                refused.append(answer.status)
        connection.close()

    places = np.random.default_rng(count).uniform((91.765, 29.23), (91.775, 29.245), (count, 2))
    threads = [threading.Thread(target=write, args=(part.tolist(),)) for part in np.array_split(places, WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        raise WrongAnswers(f"intake: reports refused: {refused[:3]}")
    return time.perf_counter() - began


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    copy = found["copy"]
    return [
        at_least("intake: by COPY on the beats of Chicago", copy.get("by the inbox", copy["routed"]), GOAL_ROWS_PER_S,
                 " rows/s"),
        below("intake: by the interface, share of routing", found["interface"]["routing share"] * 100,
              GOAL_ROUTING_SHARE * 100, " %"),
    ]  # fmt: skip


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    copy, interface = found["copy"], found["interface"]
    doors = [name for name in COPIES if name in copy]  # figures that were kept before the inbox have none of it
    return [
        f"Reports a second: {copy['rows']:,} real incidents in one COPY on the 275 beats of Chicago, and by"
        f" `POST /v1/incidents` with {WRITERS}",
        "writers on the demo community. `not routed` finds no owner, no officer and no limit, but keeps the history.",
        "",
        f"| | {' | '.join(doors)} |",
        f"|---|{'--:|' * len(doors)}",
        f"| COPY | {' | '.join(number(copy[name]) for name in doors)} |",
        "| interface | "
        + " | ".join(number(interface[name]) if name in interface else "" for name in doors).rstrip(" ")
        + " |",
        "",
        f"By the interface routing is {number(interface['routing share'] * 100)} % of a report's time.",
    ]
