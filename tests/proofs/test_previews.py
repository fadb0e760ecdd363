"""Publishing moves exactly what its preview showed; when data moved meanwhile, it moves nothing and says what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pytest

from tests.proofs import chicago
from tests.proofs.previews import Looker

#: Nobody, then somebody who does this.
WRITERS = (None, "removal", "household", "camera", "incident")


@contextmanager
def looking(url: str, code: str) -> Iterator[Looker]:
    looker = Looker(url, code)
    try:
        yield looker
    finally:
        looker.close()


def run(looker: Looker, drafts: int, *, seed: int, edits: int, writers: tuple[str | None, ...] = WRITERS) -> None:
    rng = np.random.default_rng(seed)
    for number in range(drafts):
        looker.round(rng, edits=edits, writer=writers[number % len(writers)])
    print(looker.rounds)


@pytest.mark.slow
def test_some_drafts_of_the_demo(community_url: str) -> None:
    with looking(community_url, "sare") as looker:
        run(looker, 8, seed=1, edits=2)

        assert looker.rounds.published >= 6
        assert looker.rounds.moved > 0
        assert looker.rounds.outdated > 0


@pytest.mark.prove
def test_two_hundred_drafts_of_the_demo(community_url: str) -> None:
    with looking(community_url, "sare") as looker:
        run(looker, 200, seed=2, edits=2)

        assert looker.rounds.published >= 150
        assert looker.rounds.kinds == {"building", "household", "camera", "organisation", "incident"}


@pytest.mark.data
@pytest.mark.prove
def test_twenty_drafts_of_chicago_with_its_incidents(database_url: str, test_data: Path) -> None:
    reports = chicago.read_reports(test_data)
    lines = chicago.copy_lines(reports, chicago.put_beats_in_force(database_url, test_data))
    with psycopg.connect(database_url) as connection:
        chicago.load(connection, lines)

    with looking(database_url, chicago.CODE) as looker:
        run(looker, 20, seed=3, edits=5, writers=(None, "incident", "household"))

        assert looker.rounds.published >= 15
        assert looker.rounds.moved > 1_000
