"""Staff of the demo and where they serve: one grid officer and two or three police officers per grid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from geoservice.demo.chance import Chance
from geoservice.demo.model import GridSeed, PostingSeed, StaffRole, StaffSeed
from layers.staff.call_signs import call_sign

#: Police officers of each grid in the order of codes: 20 together.
_POLICE_OF_GRIDS = (2, 3, 2, 3, 3, 3, 2, 2)


def staff_and_postings(
    grids: Sequence[GridSeed], *, today: date, seed: int
) -> tuple[tuple[StaffSeed, ...], tuple[PostingSeed, ...]]:
    """Return the staff and their postings, all of which began before `today` and are still open."""
    chance = Chance(seed, "staff")
    staff: list[StaffSeed] = []
    postings: list[PostingSeed] = []

    def post(person: StaffSeed, grid: GridSeed) -> None:
        since = today - timedelta(days=chance.whole(60, 700))
        staff.append(person)
        postings.append(PostingSeed(person.code, grid.code, person.role, since, None))

    for number, grid in enumerate(grids, start=1):
        post(_member("grid_officer", number), grid)
    police = 0
    for grid, wanted in zip(grids, _POLICE_OF_GRIDS, strict=True):
        for _ in range(wanted):
            police += 1
            post(_member("police_officer", police), grid)
    return tuple(staff), tuple(postings)


def _member(role: StaffRole, number: int) -> StaffSeed:
    prefix = "G" if role == "grid_officer" else "P"
    return StaffSeed(f"{prefix}{number:02d}", call_sign(role, number, chinese=True), role)
