"""Organisations: a party branch in every grid, the partners of the community and its service points."""

from __future__ import annotations

from collections.abc import Sequence

from geoservice.demo.buildings import Building
from geoservice.demo.chance import Chance
from geoservice.demo.model import OrganisationKind, OrganisationSeed
from geoservice.demo.plan import GRID_SEATS
from geoservice.demo.plane import to_lonlat
from layers.staff.call_signs import numeral

_PARTNERS = (
    ("萨热小学", "Sare Primary School"), ("社区卫生服务中心", "Community Health Centre"),
    ("雅砻中学", "Yalong Middle School"), ("格桑幼儿园", "Gesang Kindergarten"),
    ("文化活动中心", "Culture Centre"), ("萨热农贸市场", "Sare Farmers' Market"),
    ("供电服务站", "Power Supply Station"), ("自来水公司营业厅", "Water Company Office"),
    ("邮政支局", "Post Office"), ("农业银行网点", "Bank Branch"), ("环卫站", "Sanitation Station"),
    ("小型消防站", "Fire Station"), ("公交公司", "Bus Company"), ("物业服务公司", "Property Management Company"),
    ("电信营业厅", "Telecom Office"), ("法律服务所", "Legal Service Office"),
)  # fmt: skip

_SERVICE_POINTS = (
    ("社区综合服务中心", "Community Service Centre"), ("便民服务点", "Convenience Service Point"),
    ("党群服务驿站", "Party-Masses Service Station"), ("警务服务点", "Police Service Point"),
    ("环卫工人爱心驿站", "Sanitation Workers' Rest Stop"), ("流动人口服务点", "Floating Population Service Point"),
)  # fmt: skip


def found_organisations(buildings: Sequence[Building], *, seed: int) -> tuple[OrganisationSeed, ...]:
    """Return the organisations, each in a building of its own; those named like a campus sit in its main building."""
    chance = Chance(seed, "organisations")
    roomy = [building for building in buildings if building.seed.kind != "residential"]
    free = chance.shuffled(roomy)
    organisations: list[OrganisationSeed] = []

    def found(kind: OrganisationKind, name: str, name_en: str, home: Building) -> None:
        free.remove(home)
        number = sum(organisation.kind == kind for organisation in organisations) + 1
        code = f"{_PREFIXES[kind]}{number:02d}"
        position = to_lonlat(home.footprint.shape.buffer(-1.0).representative_point())
        organisations.append(OrganisationSeed(code, name, name_en, kind, position))

    named: tuple[tuple[OrganisationKind, tuple[tuple[str, str], ...]], ...] = (
        ("partner", _PARTNERS),
        ("service_point", _SERVICE_POINTS),
    )
    for kind, names in named:
        for name, name_en in names:
            own = [building for building in free if building.seed.name == f"{name}主楼"]
            found(kind, name, name_en, (own or [building for building in free if not _is_campus(building)])[0])
    for grid in range(len(GRID_SEATS)):
        name = f"第{numeral(grid + 1)}网格党支部"
        home = next(building for building in free if building.grid == grid)
        found("party_branch", name, f"Party Branch of Grid {grid + 1}", home)
    return tuple(organisations)


_PREFIXES: dict[OrganisationKind, str] = {"party_branch": "D", "partner": "U", "service_point": "S"}


def _is_campus(building: Building) -> bool:
    return building.seed.kind in ("school", "public")
