"""Buildings with a name and an address: house numbers run along each street, odd on the left, even on the right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shapely import LineString, Point, STRtree

from geoservice.demo.blocks import Block
from geoservice.demo.footprints import Footprint
from geoservice.demo.model import BuildingSeed
from geoservice.demo.plane import to_lonlat
from geoservice.demo.streets import ALLEY_WIDTH_M, Street


@dataclass(frozen=True)
class Building:
    """A building with what the other parts of the demo need to know of it."""

    seed: BuildingSeed
    footprint: Footprint
    #: Position of its grid in the order of codes.
    grid: int
    #: Whether it is an apartment slab of an estate.
    slab: bool


@dataclass(frozen=True)
class _Premises:
    """What one house number stands for: a whole estate or campus, or one building."""

    footprints: tuple[int, ...]
    place: Point


def name_buildings(
    footprints: Sequence[Footprint], blocks: Sequence[Block], *, streets: Sequence[Street]
) -> tuple[Building, ...]:
    """Return the buildings, grid by grid and block by block, with codes, names and addresses."""
    premises = _premises(footprints, blocks)
    addresses = _addresses(premises, streets)
    named: dict[int, tuple[str, str]] = {}
    for group, address in zip(premises, addresses, strict=True):
        for rank, index in enumerate(group.footprints, start=1):
            footprint = footprints[index]
            named[index] = _name(footprint, blocks[footprint.block], rank, address)
    order = sorted(range(len(footprints)), key=lambda index: (blocks[footprints[index].block].grid, index))
    return tuple(
        _building(f"B{number:04d}", footprints[index], blocks, *named[index])
        for number, index in enumerate(order, start=1)
    )


def _building(code: str, footprint: Footprint, blocks: Sequence[Block], name: str, address: str) -> Building:
    block = blocks[footprint.block]
    geom = to_lonlat(footprint.shape)
    seed = BuildingSeed(code, name, footprint.kind, footprint.floors, address, geom)
    return Building(seed, footprint, block.grid, _is_slab(footprint, block))


def _is_slab(footprint: Footprint, block: Block) -> bool:
    return block.use == "estate" and footprint.kind == "residential"


def _premises(footprints: Sequence[Footprint], blocks: Sequence[Block]) -> list[_Premises]:
    shared: dict[int, list[int]] = defaultdict(list)
    premises = []
    for index, footprint in enumerate(footprints):
        block = blocks[footprint.block]
        if block.use == "campus" or _is_slab(footprint, block):
            shared[footprint.block].append(index)
        else:
            premises.append(_Premises((index,), footprint.shape.centroid))
    premises += [_Premises(tuple(indexes), blocks[block].shape.centroid) for block, indexes in shared.items()]
    return premises


def _addresses(premises: Sequence[_Premises], streets: Sequence[Street]) -> list[str]:
    """Return an address for each of the premises, numbered along the nearest street."""
    nearest = _streets_of(premises, streets)
    sides: dict[tuple[int, bool], list[tuple[float, int]]] = defaultdict(list)
    for index, group in enumerate(premises):
        street = nearest[index]
        line = streets[street].line
        sides[street, _is_left_of(line, group.place)].append((line.project(group.place), index))
    addresses = [""] * len(premises)
    for (street, left), members in sides.items():
        for rank, (_, index) in enumerate(sorted(members)):
            addresses[index] = f"{streets[street].name}{2 * rank + (1 if left else 2)}号"
    return addresses


def _streets_of(premises: Sequence[_Premises], streets: Sequence[Street]) -> list[int]:
    """Return the position of the nearest street of each of the premises; estates have their gate on no alley."""
    every = STRtree([street.line for street in streets])
    wide = [index for index, street in enumerate(streets) if street.width_m > ALLEY_WIDTH_M]
    gates = STRtree([streets[index].line for index in wide])
    return [
        wide[int(gates.nearest(group.place))] if len(group.footprints) > 1 else int(every.nearest(group.place))
        for group in premises
    ]


def _is_left_of(line: LineString, place: Point) -> bool:
    at = line.project(place)
    before, after = line.interpolate(max(0.0, at - 1)), line.interpolate(at + 1)
    along_east, along_north = after.x - before.x, after.y - before.y
    return along_east * (place.y - before.y) - along_north * (place.x - before.x) > 0


def _name(footprint: Footprint, block: Block, rank: int, address: str) -> tuple[str, str]:
    """Return the name and the address of a building, such as 安居苑3栋 and 格桑路12号."""
    if _is_slab(footprint, block):
        return f"{block.name or address + '院'}{rank}栋", address
    if block.use == "campus":
        return block.name + ("主楼" if rank == 1 else f"{rank}号楼"), address
    suffix = {"residential": "院", "shop": "商铺", "office": "办公楼"}[footprint.kind]
    return address + suffix, address
