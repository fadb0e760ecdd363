"""Editing: what an analyst waits for after each step of a draft of the demo, over HTTP."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import shapely
from shapely import LineString, MultiPolygon

from geoservice.auth.model import Role
from geoservice.domain.editing.change import shape_of
from geoservice.services.drafting.service import DraftService
from layers.db.session import Database
from layers.grids.model import Edition
from tests.benchmarks import servers
from tests.benchmarks.goals import Goal, below, number
from tests.benchmarks.measuring import Figures, Say, WrongAnswers
from tests.benchmarks.scale import Scale

TITLE = "Editing a draft"
GOAL_MS = 200.0
PATIENCE_S = 30.0
#: How far borders are drawn, in degrees of latitude: about 20 m, so that people and things move.
FAR_DEG = 0.0002
Shapes = Mapping[str, MultiPolygon]
Body = dict[str, Any]


def _neighbours(shapes: Shapes, rng: random.Random) -> tuple[str, str, LineString]:
    """Return two grids with a common border, and its longest straight edge."""
    found = [
        (one, other, border)
        for one, other in itertools.combinations(sorted(shapes), 2)
        if (border := shapes[one].intersection(shapes[other])).length > 0
    ]
    one, other, border = rng.choice(found)
    ends = [shapely.get_coordinates(line) for line in shapely.get_parts(border) if line.geom_type == "LineString"]
    edges = [LineString(pair) for line in ends for pair in itertools.pairwise(line.tolist())]
    return one, other, max(edges, key=lambda edge: edge.length)


def _aside(edge: LineString) -> list[float]:
    """Return a place beside the middle of an edge."""
    (west, south), (east, north) = edge.coords
    far = FAR_DEG / edge.length
    return [(west + east) / 2 - (north - south) * far, (south + north) / 2 + (east - west) * far]


def _split(shapes: Shapes, rng: random.Random) -> Body:
    code = rng.choice(sorted(shapes))
    west, south, east, north = shapes[code].bounds
    middle = west + (east - west) * rng.uniform(0.4, 0.6)
    return {"code": code, "line": [[middle, south - 0.001], [middle, north + 0.001]]}


def _merge(shapes: Shapes, rng: random.Random) -> Body:
    one, other, _ = _neighbours(shapes, rng)
    return {"codes": [one, other], "into": one}


def _move_vertex(shapes: Shapes, rng: random.Random) -> Body:
    _, _, edge = _neighbours(shapes, rng)
    middle = edge.interpolate(0.5, normalized=True)
    return {"at": [middle.x, middle.y], "to": _aside(edge)}


def _redraw(shapes: Shapes, rng: random.Random) -> Body:
    one, other, edge = _neighbours(shapes, rng)
    start, end = map(list, edge.coords)
    return {"codes": [one, other], "line": [start, _aside(edge), end]}


def _recode(shapes: Shapes, rng: random.Random) -> Body:
    return {"code": rng.choice(sorted(shapes)), "new_code": "new"}


VERBS: dict[str, Callable[[Shapes, random.Random], Body]] = {
    "move-vertex": _move_vertex, "redraw-border": _redraw, "split": _split, "merge": _merge, "recode": _recode,
}  # fmt: skip


class Analyst:
    """Someone who edits over one connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection(servers.HOST, port, timeout=PATIENCE_S)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: Body, etag: str = "") -> tuple[float, str]:
        """Return the milliseconds of a call and the ETag that came with its answer; raise WrongAnswers."""
        headers = self._headers | ({"If-Match": etag} if etag else {})
        began = time.perf_counter()
        self._connection.request("POST", path, json.dumps(body), headers)
        answer = self._connection.getresponse()
        told = answer.read()
        spent = (time.perf_counter() - began) * 1000
        if answer.status >= 300:
            raise WrongAnswers(f"editing: {path} {body}: {answer.status} {told[:500]!r}")
        return spent, answer.headers.get("ETag", "")

    def step(self, draft: Edition, verb: str, body: Body) -> Figures:
        """Edit a draft, look at it and ask what it would move, as a page does at each drag; return milliseconds."""
        path = f"/v1/editions/{draft.id}"
        edit_ms, etag = self.post(f"{path}/{verb}", body, etag=f'"{draft.id}-{draft.revision}"')
        findings_ms, _ = self.post(f"{path}/validate", {})
        impact_ms, _ = self.post(f"{path}/preview", {})
        undo_ms, _ = self.post(f"{path}/undo", {}, etag=etag)
        return {"edit_ms": edit_ms, "findings_ms": findings_ms, "impact_ms": impact_ms, "undo_ms": undo_ms}


def measured(scale: Scale, say: Say) -> Figures:
    """Return milliseconds of each verb with findings and impact after it; raise LeftOut, WrongAnswers."""
    rng = random.Random(1)
    spent: dict[str, list[Figures]] = {verb: [] for verb in VERBS}
    with servers.demo_database() as url, servers.running(url) as web:
        database = Database.connect(url, pool_size=1)
        drafts, analyst = DraftService(database), Analyst(web.port, servers.new_key(url, Role.ANALYST))
        for turn in range(scale.editing_rounds + 1):
            say(f"editing: round {turn} of {scale.editing_rounds}")
            for verb, make in VERBS.items():
                draft = drafts.create("sare", title=verb)
                shapes = {grid.code: shape_of(grid) for grid in drafts.grids(draft.id)[1]}
                found = analyst.step(draft, verb, make(shapes, rng))
                drafts.withdraw(draft.id, revision=None)
                if turn:  # the first round warms up
                    spent[verb].append(found)
        database.close()
    return {"rounds": scale.editing_rounds, "verbs": {verb: _figures(rounds) for verb, rounds in spent.items()}}


def _figures(rounds: list[Figures]) -> Figures:
    """Return the median of each, and of edit, findings and impact together the median and the slowest."""
    steps = [one["edit_ms"] + one["findings_ms"] + one["impact_ms"] for one in rounds]
    middles = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    return middles | {"step_ms": statistics.median(steps), "slowest_step_ms": max(steps)}


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    slowest = max(one["slowest_step_ms"] for one in found["verbs"].values())
    what = f"editing: a step on the demo with findings and impact, slowest of {found['rounds'] * len(found['verbs'])}"
    return [below(what, slowest, GOAL_MS, " ms")]


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        "On the demo, over HTTP: the edit, then the gate's findings, then what publishing would move, as a page asks"
        " for after each drag.",
        f"Medians of {found['rounds']} drafts in milliseconds; borders go 20 m.",
        "",
        "| verb | edit | findings | impact | all three | slowest | undo |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(_row(verb, one) for verb, one in found["verbs"].items()),
    ]


def _row(verb: str, one: Figures) -> str:
    columns = ("edit_ms", "findings_ms", "impact_ms", "step_ms", "slowest_step_ms", "undo_ms")
    return f"| {verb} | {' | '.join(number(one[column]) for column in columns)} |"
