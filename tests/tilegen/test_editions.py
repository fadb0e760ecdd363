"""Tiles of grids: an edition's never change, and where the next one draws nothing anew they are the same ones."""

from __future__ import annotations

import shapely

from geoservice.services.tiles.service import FoundTile, MovedTile
from geoservice.wiring import Services
from layers.crs import Bbox, Position
from tests.geoservice.services.test_along_with_the_border import draft_without
from tests.tilegen.decoding import in_tile
from tilegen.drawing import draw_edition
from tilegen.encode import Cut, cut_edition_tiles
from tilegen.matrix import DEEPEST_ZOOM, EXTENT, MARGIN, TOUCHING, Tile, tiles_of

TOLERANCE_M = 0.001


def whole(services: Services, edition: int) -> dict[Tile, Cut]:
    """Return every tile of an edition."""
    bbox = Bbox(*services.viewing.jurisdiction_view("sare").bbox)
    with services.database.transaction(timeout_s=60) as connection:
        drawn = draw_edition(connection, 1, edition)
        return {
            cut.tile: cut
            for zoom in range(DEEPEST_ZOOM + 1)
            for cut in cut_edition_tiles(connection, drawn, list(tiles_of(bbox, zoom)))
        }


def with_a_moved_border(services: Services) -> tuple[int, shapely.Geometry]:
    """Publish an edition in which a corner of one border lies 3 m elsewhere; return it and the ground that changed."""
    draft = services.drafts.create("sare", title="next").id
    before = {one.code: one.geom for one in services.drafts.grids(draft)[1]}
    one, other = next(
        (a, b) for a in before.values() for b in before.values() if a is not b and a.intersection(b).length > 0.001
    )
    border = shapely.line_merge(one.intersection(other))
    x, y = shapely.get_coordinates(border)[len(shapely.get_coordinates(border)) // 2]
    goal = Position(x + 0.00002, y + 0.00002)
    services.drafts.move_vertex(draft, Position(x, y), goal, tolerance_m=TOLERANCE_M, revision=None)
    after = {one.code: one.geom for one in services.drafts.grids(draft)[1]}
    services.editions.validate(draft)
    services.editions.publish(draft)
    return draft, shapely.union_all([before[code].symmetric_difference(after[code]) for code in before])


def touching(tiles: dict[Tile, Cut], ground: shapely.Geometry, margin: float) -> set[Tile]:
    box = shapely.box(-margin, -margin, EXTENT + margin, EXTENT + margin)
    return {tile for tile in tiles if shapely.intersects(in_tile(ground, tile), box)}


def test_a_moved_border_renews_the_tiles_that_its_ground_touches_and_no_others(services: Services) -> None:
    before = whole(services, 1)
    edition, ground = with_a_moved_border(services)
    after = whole(services, edition)

    renewed = {tile for tile in after if after[tile].version != before[tile].version}
    rewritten = {tile for tile in after if after[tile].data != before[tile].data}
    assert rewritten <= renewed
    deep = {tile for tile in after if tile.z > 13}  # drawn with every vertex
    assert touching(after, ground, MARGIN - 0.5) & deep <= renewed & deep <= touching(after, ground, TOUCHING + 0.5)
    assert {tile for tile in renewed - rewritten if tile in touching(after, ground, MARGIN - 2) & deep} == set()
    assert 0 < len(renewed & deep) < len(deep)


def test_who_holds_the_old_edition_sees_the_whole_old_map(services: Services) -> None:
    before = whole(services, 1)
    with_a_moved_border(services)
    draft, _ = draft_without(services, services.grids.grids("sare")[0]["code"])
    services.editions.publish(draft)
    whole(services, draft)

    assert whole(services, 1) == before


def test_a_tile_of_a_later_edition_is_found_under_the_version_that_drew_it(services: Services) -> None:
    before = services.tiles.tile_set("sare", "grids").version
    edition, ground = with_a_moved_border(services)
    after = services.tiles.tile_set("sare", "grids").version
    assert after > before

    tiles = whole(services, edition)
    for tile, cut in tiles.items():
        found = services.tiles.tile("sare", "grids", after, tile)
        if cut.version == after:
            assert isinstance(found, FoundTile)
        else:
            assert found == MovedTile(before, for_good=True)
            assert isinstance(services.tiles.tile("sare", "grids", before, tile), FoundTile)
    deep = {tile for tile in tiles if tile.z > 13}
    assert touching(tiles, ground, MARGIN - 1) & deep <= {tile for tile, cut in tiles.items() if cut.version == after}


def test_a_renamed_grid_is_drawn_anew_wherever_it_is_seen(services: Services) -> None:
    before = whole(services, 1)
    draft = services.drafts.create("sare", title="next").id
    grid = next(one for one in services.drafts.grids(draft)[1])
    services.drafts.put(draft, grid.__class__(**{**grid.__dict__, "name": "新名"}), revision=None)
    services.editions.validate(draft)
    services.editions.publish(draft)
    after = whole(services, draft)

    assert grid.geom is not None
    assert touching(after, grid.geom, MARGIN - 1) == {
        tile for tile in after if after[tile].data != before[tile].data
    } | {tile for tile in touching(after, grid.geom, MARGIN - 1) if tile.z < 7}
