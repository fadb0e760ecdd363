"""Households add up to the community's figures, and staff are posted to every grid."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime

from geoservice.demo.model import Community


def households_of_grids(community: Community) -> Counter[str]:
    by_code = {building.code: building for building in community.buildings}
    grid_of = {
        code: next(grid.code for grid in community.grids if grid.geom.contains(building.geom))
        for code, building in by_code.items()
    }
    return Counter(grid_of[household.building_code] for household in community.households)


def test_totals_are_those_of_the_community(community: Community) -> None:
    assert len(community.households) == 3200
    assert sum(household.residents for household in community.households) == 8987
    assert sum(household.floating for household in community.households) == 6001


def test_every_grid_has_300_to_500_households_and_no_two_the_same(community: Community) -> None:
    counts = households_of_grids(community)

    assert len(counts) == 8
    assert all(300 <= count <= 500 for count in counts.values())
    assert len(set(counts.values())) == 8


def test_no_household_is_empty_or_holds_more_floating_than_residents(community: Community) -> None:
    for household in community.households:
        assert 1 <= household.residents <= 8
        assert 0 <= household.floating <= household.residents


def test_every_age_band_occurs(community: Community) -> None:
    for band in ("age_0_13", "age_14_17", "age_18_59", "age_60_79", "age_80_plus"):
        counts = [getattr(household, band) for household in community.households]

        assert min(counts) == 0
        assert sum(counts) > 50


def test_households_live_inside_their_building(community: Community) -> None:
    by_code = {building.code: building for building in community.buildings}

    for household in community.households:
        assert by_code[household.building_code].geom.contains(household.position)


def test_nobody_lives_in_schools_and_offices(community: Community) -> None:
    kinds = {building.code: building.kind for building in community.buildings}

    assert {kinds[household.building_code] for household in community.households} == {"residential", "shop"}


def test_every_residential_building_is_lived_in(community: Community) -> None:
    lived_in = {household.building_code for household in community.households}

    assert {building.code for building in community.buildings if building.kind == "residential"} <= lived_in


def test_units_are_unique_in_a_building_and_below_its_roof(community: Community) -> None:
    floors = {building.code: building.floors for building in community.buildings}
    doors = [(household.building_code, household.unit) for household in community.households]

    assert len(set(doors)) == len(doors)
    for code, unit in doors:
        match = re.fullmatch(r"[1-9]-([1-9])[0-9]{2}", unit)
        assert match
        assert int(match[1]) <= floors[code]


def test_each_grid_has_one_officer_and_two_or_three_police(community: Community) -> None:
    officers = Counter(p.grid_code for p in community.postings if p.role == "grid_officer")
    police = Counter(p.grid_code for p in community.postings if p.role == "police_officer")
    codes = {grid.code for grid in community.grids}

    assert officers == dict.fromkeys(codes, 1)
    assert set(police) == codes
    assert set(police.values()) == {2, 3}
    assert police.total() == 20


def test_postings_are_open_and_name_known_staff(community: Community, now: datetime) -> None:
    roles = {member.code: member.role for member in community.staff}

    assert len(roles) == len(community.staff) == len(community.postings) == 28
    for posting in community.postings:
        assert roles[posting.staff_code] == posting.role
        assert posting.valid_from < now.date()
        assert posting.valid_to is None


def test_staff_have_call_signs_and_no_names(community: Community) -> None:
    signs = [member.call_sign for member in community.staff]

    assert len(set(signs)) == 28
    assert all(re.fullmatch(r"(网格员|民警)[一二三四五六七八九十]+号", sign) for sign in signs)


def test_organisations_are_counted_and_placed(community: Community) -> None:
    kinds = Counter(organisation.kind for organisation in community.organisations)

    assert kinds["party_branch"] == 8
    assert kinds["partner"] == 16
    assert 4 <= kinds["service_point"] <= 8
    for organisation in community.organisations:
        assert sum(building.geom.contains(organisation.position) for building in community.buildings) == 1
    assert len({organisation.code for organisation in community.organisations}) == len(community.organisations)


def test_every_grid_has_its_party_branch(community: Community) -> None:
    branches = [organisation for organisation in community.organisations if organisation.kind == "party_branch"]

    for grid in community.grids:
        inside = [branch for branch in branches if grid.geom.contains(branch.position)]
        assert [branch.name for branch in inside] == [f"{grid.name}党支部"]
