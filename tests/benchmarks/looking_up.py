"""Single look-ups over HTTP, beside applications that do nothing.

Four applications on the web server as the service runs it (one worker, its usual threads): the service with and without
its fast path, an application that does nothing, and a Flask route that does nothing. wrk asks each in turn (A B C D
A B C D) for random places in the demo community's bounding box; then a paced client asks at half of the service's rate.
"""

from __future__ import annotations

import contextlib
import gc
import json
import shutil
import statistics
import subprocess
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from geoservice.running.commands import APPLICATION
from tests.benchmarks.datasets import community, spread_evenly
from tests.benchmarks.goals import Goal, at_least, below, number
from tests.benchmarks.measuring import Figures, LeftOut, Say, WrongAnswers, median_ratio, medians
from tests.benchmarks.paced import CONNECTIONS, PATIENCE_S, ask_paced
from tests.benchmarks.scale import Scale
from tests.benchmarks.servers import HOST, demo_database, running

TITLE = "Single look-ups over HTTP"
PLACES = 20_000
#: So many of them are compared one by one first.
CHECKED = 500
WRK_THREADS = 2
WARM_UP_S = 1
#: The paced client is never asked for more than this share of what it can do; beyond, it would measure itself.
SHARE_OF_CLIENT = 0.6
MORE_THAN_ANY_CLIENT = 60_000
FAST_PATH_SHARE, FLASK_SHARE = 0.6, 0.7
P99_MS = 20

#: Letter: what it is, the application, and what it finds in its environment.
SERVERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "A": ("service, fast path", APPLICATION, {"GEOSERVICE_FAST_PATH": "true"}),
    "B": ("service, Flask path", APPLICATION, {"GEOSERVICE_FAST_PATH": "false"}),
    "C": ("bare WSGI", "tests.benchmarks.bare:bare", {}),
    "D": ("trivial Flask route", "tests.benchmarks.bare:trivial_flask", {}),
}

#: Who is asked at half of whose rate.
HALF_OF = {"A": "A", "B": "B", "C": "A"}

#: Every thread of wrk reads the paths before the clock starts, and begins elsewhere among them.
LUA = r"""
local threads = 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local asked, last = {}, 0
function init(args)
  for path in io.lines(args[1]) do
    asked[#asked + 1] = wrk.format("GET", path)
  end
  last = number * math.floor(#asked / 2)
end

function request()
  last = last % #asked + 1
  return asked[last]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\nFIGURES {"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "not_ok": %d, "socket_errors": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
"""


def random_paths() -> list[str]:
    """Return look-ups of random places, the same in every run."""
    return [f"/v1/owner?lon={lon:.6f}&lat={lat:.6f}" for lon, lat in spread_evenly(community(), PLACES)]


def check_answers(ports: dict[str, int], paths: list[str]) -> Figures:
    """Return the size of an answer and the share of places with an owner; raise WrongAnswers when A and B differ."""
    sizes, owned = [], 0
    for path in paths:
        said = {}
        for letter in "AB":
            with urllib.request.urlopen(f"http://{HOST}:{ports[letter]}{path}", timeout=PATIENCE_S) as answer:
                body = answer.read()
            said[letter] = json.loads(body) | {"as_of": None, "at": None}
        if said["A"] != said["B"]:
            raise WrongAnswers(f"{path}: {said}")
        sizes.append(len(body))
        owned += said["A"]["grid"] is not None
    return {"median_body_bytes": statistics.median(sizes), "share_with_owner": owned / len(paths)}


def ask_with_wrk(
    port: int, seconds: int, script: Path, places: Path, *, connections: int = CONNECTIONS, headers: Sequence[str] = ()
) -> Figures:
    """Return requests a second and milliseconds; raise WrongAnswers when any answer was not in order."""
    command = ["wrk", f"-t{WRK_THREADS}", f"-c{connections}", f"-d{seconds}s", "--timeout", "5s", "-s", str(script)]
    command += [word for header in headers for word in ("-H", header)]
    command += [f"http://{HOST}:{port}", "--", str(places)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    _, found, line = run.stdout.partition("\nFIGURES ")
    if run.returncode or not found:
        raise LeftOut(f"wrk: {run.stdout}{run.stderr}")
    one = json.loads(line.splitlines()[0])
    if one["not_ok"] or one["socket_errors"] or not one["requests"]:
        raise WrongAnswers(f"not every request was answered with success: {one}")
    return {
        "requests_s": one["requests"] / one["us"] * 1e6,
        "p50_ms": one["p50_us"] / 1e3,
        "p99_ms": one["p99_us"] / 1e3,
    }


def full_load(ports: dict[str, int], paths: list[str], scale: Scale) -> dict[str, list[Figures]]:
    """Return the figures of each server in each round."""
    found: dict[str, list[Figures]] = {letter: [] for letter in ports}
    with tempfile.TemporaryDirectory() as folder:
        script, places = Path(folder) / "look_up.lua", Path(folder) / "paths"
        script.write_text(LUA)
        places.write_text("\n".join(paths) + "\n")
        for port in ports.values():
            ask_with_wrk(port, WARM_UP_S, script, places)
        for _ in range(scale.http_rounds):
            for letter, port in ports.items():
                found[letter].append(ask_with_wrk(port, scale.http_s, script, places))
    return found


def half_load(ports: dict[str, int], paths: list[str], rates: Figures, scale: Scale) -> Figures:
    """Return the figures of the paced client at half of what each can do; what does nothing, at half of the service."""
    gc.freeze()  # what the imports left behind is not looked through again while we measure
    client_s = ask_paced(ports["C"], paths, MORE_THAN_ANY_CLIENT, 1)["answered_s"]
    offered = {letter: min(rates[rate] / 2, SHARE_OF_CLIENT * client_s) for letter, rate in HALF_OF.items()}
    found: dict[str, list[Figures]] = {letter: [] for letter in offered}
    for _ in range(scale.http_rounds):
        for letter, results in found.items():
            results.append(ask_paced(ports[letter], paths, offered[letter], scale.http_s))
    gc.unfreeze()
    return {"client_can_s": client_s, **{letter: medians(results) for letter, results in found.items()}}


def measured(scale: Scale, say: Say) -> Figures:
    """Return rates at full load, their ratios, and latencies at half load; raise LeftOut, WrongAnswers."""
    if shutil.which("wrk") is None:
        raise LeftOut("wrk is not installed")
    paths = random_paths()
    with contextlib.ExitStack() as stack:
        say("http: the demo community and four web servers")
        url = stack.enter_context(demo_database())
        ports = {
            letter: stack.enter_context(running(url, application=application, variables=said)).port
            for letter, (_, application, said) in SERVERS.items()
        }
        checked = check_answers(ports, paths[:CHECKED])
        say("http: full load")
        full = full_load(ports, paths, scale)
        say("http: half load")
        rates = {letter: [one["requests_s"] for one in rounds] for letter, rounds in full.items()}
        half = half_load(ports, paths, {letter: statistics.median(one) for letter, one in rates.items()}, scale)
    return {
        "seconds": scale.http_s,
        "rounds": scale.http_rounds,
        "connections": CONNECTIONS,
        "answers": checked,
        "full load": {
            letter: medians(rounds) | {"lowest": min(rates[letter]), "highest": max(rates[letter])}
            for letter, rounds in full.items()
        },
        "ratios": {f"{a} / {b}": median_ratio(rates[a], rates[b]) for a, b in ("AC", "BD", "AB")},
        "half load": half,
    }


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    ratios, half = found["ratios"], found["half load"]
    return [
        at_least("HTTP: fast path, share of bare WSGI", ratios["A / C"] * 100, FAST_PATH_SHARE * 100, " %"),
        at_least("HTTP: Flask path, share of a trivial Flask route", ratios["B / D"] * 100, FLASK_SHARE * 100, " %"),
        below("HTTP: p99 of a look-up at half load", half["A"]["p99_ms"], P99_MS, " ms"),
    ]


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    answers, half = found["answers"], found["half load"]
    return [
        f"`GET /v1/owner` for random places in the demo community's bounding box, {found['connections']} connections,",
        f"{found['rounds']} rounds of {found['seconds']} s each. Clients and servers share the machine, so the rates",
        "are those of a part of it: read the ratios.",
        "",
        "| | server | requests/s | lowest to highest | p50 ms | p99 ms |",
        "|---|---|--:|--:|--:|--:|",
        *(_row(letter, one) for letter, one in found["full load"].items()),
        "",
        "Ratios: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in found["ratios"].items()) + ".",
        "",
        "At half load (C at that of A), by a client whose requests fall due like those of strangers; it could ask",
        f"{number(half['client_can_s'])} times a second itself, and is never told to ask more than",
        f"{SHARE_OF_CLIENT:.0%} of that:",
        "",
        "| | server | offered/s | answered/s | p50 ms | p99 ms | sent late by the client itself, p99 ms |",
        "|---|---|--:|--:|--:|--:|--:|",
        *(_half_row(letter, half[letter]) for letter in HALF_OF),
        "",
        f"An answer has {answers['median_body_bytes']:.0f} bytes; {answers['share_with_owner']:.0%} of the places have",
        f"an owner. A and B gave equal answers for {CHECKED} places.",
    ]


def _row(letter: str, one: Figures) -> str:
    requests, lowest, highest, p50, p99 = (
        number(one[column]) for column in ("requests_s", "lowest", "highest", "p50_ms", "p99_ms")
    )
    return f"| {letter} | {SERVERS[letter][0]} | {requests} | {lowest} to {highest} | {p50} | {p99} |"


def _half_row(letter: str, one: Figures) -> str:
    columns = ("offered_s", "answered_s", "p50_ms", "p99_ms", "sent_late_p99_ms")
    return f"| {letter} | {SERVERS[letter][0]} | {' | '.join(number(one[column]) for column in columns)} |"
