"""A rebase ends what can be undone: undone, it would lead to a publication that takes others' work back unseen."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from geoservice.errors import NothingToUndo
from tests.geoservice.services.drafting.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with psycopg.connect(database_url, autocommit=True) as analyst:
        world = World(database_url, analyst)
        yield world
        world.close()


def test_neither_a_rebase_nor_a_step_before_it_can_be_undone(world: World) -> None:
    town = world.new_town()
    mine, theirs = (world.drafts.create(town.code, title=title).id for title in ("mine", "theirs"))
    world.drafts.recode(mine, "00", "mine", revision=None)
    world.drafts.recode(theirs, "22", "theirs", revision=None)
    world.editions.validate(theirs)
    world.editions.publish(theirs)
    world.drafts.rebase(mine, revision=None)

    with pytest.raises(NothingToUndo):
        world.drafts.undo(mine, revision=None)
    world.drafts.recode(mine, "mine", "ours", revision=None)
    world.drafts.undo(mine, revision=None)
    world.editions.validate(mine)
    world.editions.publish(mine)
