"""A rebase that is undone must not lead to a publication that takes others' work back unseen."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from layers.errors import PublishedMeanwhile
from tests.geoservice.services.drafting.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with psycopg.connect(database_url, autocommit=True) as analyst:
        world = World(database_url, analyst)
        yield world
        world.close()


@pytest.mark.xfail(strict=True, reason="undo brings the grids back and leaves the base where the rebase put it")
def test_a_draft_whose_rebase_was_undone_is_of_its_old_base_again(world: World) -> None:
    town = world.new_town()
    mine, theirs = (world.drafts.create(town.code, title=title).id for title in ("mine", "theirs"))
    world.drafts.recode(mine, "00", "mine", revision=None)
    world.drafts.recode(theirs, "22", "theirs", revision=None)
    world.editions.validate(theirs)
    world.editions.publish(theirs)
    world.drafts.rebase(mine, revision=None)
    world.drafts.undo(mine, revision=None)
    world.editions.validate(mine)

    with pytest.raises(PublishedMeanwhile):
        world.editions.publish(mine)
