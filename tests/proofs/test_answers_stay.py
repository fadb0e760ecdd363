"""What was answered stays answered: asked again as it was known then, after ten more publications, to the byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import Connection

from tests.geoservice.services.drafting.world import answers
from tests.oracles import random_lonlats
from tests.proofs.previews import Looker
from tests.proofs.scribbles import draw

NOW, ONE_DAY = datetime.now(UTC), timedelta(days=1)
#: From when each edition holds: as its turn comes, as a correction, or for a day to come. None: now.
FIRST = (NOW - 400 * ONE_DAY, NOW - 200 * ONE_DAY)
LATER = (None, NOW - 300 * ONE_DAY, NOW + 30 * ONE_DAY, None, NOW - 500 * ONE_DAY, NOW + ONE_DAY,
         NOW - 200 * ONE_DAY, None, NOW - 10 * ONE_DAY, NOW + 60 * ONE_DAY)  # fmt: skip
INSTANTS = (NOW - 450 * ONE_DAY, NOW - 300 * ONE_DAY, NOW - 100 * ONE_DAY, NOW + 45 * ONE_DAY)


def clock(connection: Connection[Any]) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def publish_another(looker: Looker, rng: np.random.Generator, starts: datetime | None) -> None:
    """Publish a draft with edits at random; one in which a code wanders is put away and another is drawn."""
    while True:
        draft, _ = draw(looker.drafts, looker.code, looker.outline, rng, edits=2)
        errors = {one.rule for one in looker.editions.validate(draft) if one.severity == "error"}
        if not errors:
            looker.editions.publish(draft, valid_from=starts)
            return
        assert errors == {"reused-code"}
        looker.drafts.withdraw(draft, revision=None)


def prove(url: str, places: int) -> None:
    """Publish three editions, ask, publish ten more, and ask again as it was known."""
    rng = np.random.default_rng(5)
    looker = Looker(url, "sare")
    try:
        for starts in FIRST:
            publish_another(looker, rng, starts)
        with psycopg.connect(url, autocommit=True) as connection:
            lonlats = random_lonlats(looker.outline.bounds, places, seed=6)
            known_at = clock(connection)
            before = answers(connection, 1, INSTANTS, lonlats, known_at)
            assert [one.text for one in answers(connection, 1, INSTANTS, lonlats)] == [one.text for one in before]
            assert len({one.edition_id for one in before}) >= 3
            for starts in LATER:
                publish_another(looker, rng, starts)

            after = answers(connection, 1, INSTANTS, lonlats, known_at)
            ours = answers(connection, 1, INSTANTS, lonlats)

        assert [one.text for one in after] == [one.text for one in before]
        assert sum(new != old for new, old in zip(ours, before, strict=True)) > places
    finally:
        looker.close()


def test_some_places_answer_as_before(community_url: str) -> None:
    prove(community_url, 300)


@pytest.mark.prove
def test_ten_thousand_places_answer_as_before(community_url: str) -> None:
    prove(community_url, 10_000)
