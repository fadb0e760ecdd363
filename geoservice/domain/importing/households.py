"""What is only true of households: bands that are told as sums, and names that tell nothing of who lives there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layers.households.layer import BANDS

#: Of those from 60 years on, as sentences call them.
OLDER_BANDS = {"age_60_79": "60 to 79", "age_80_plus": "80 and older"}
#: Columns that two households of one home may differ in.
_COUNTS = ("households", *BANDS, "floating")


def without(
    from_60: Sequence[object], those: Sequence[object], *, named: str
) -> tuple[list[object], dict[int, str]]:  # fmt: skip
    """Return how many are 60 and older and not of a band of those, with reasons by place where that can not be."""
    others: list[object] = [
        whole - part if isinstance(whole, int) and isinstance(part, int) else None
        for whole, part in zip(from_60, those, strict=True)
    ]
    reasons = {
        place: f"fewer are 60 and older than {OLDER_BANDS[named]}"
        for place, count in enumerate(others)
        if isinstance(count, int) and count < 0
    }
    return others, reasons


def not_their_sum(
    from_60: Sequence[object], younger: Sequence[object], older: Sequence[object]
) -> dict[int, str]:  # fmt: skip
    """Return reasons by place of rows where those from 60 on are not both bands together."""
    return {
        place: "those who are 60 and older are not those of 60 to 79 and those of 80 and more together"
        for place, (whole, young, old) in enumerate(zip(from_60, younger, older, strict=True))
        if isinstance(whole, int) and whole != _count(young) + _count(old)
    }


def not_residents(values: Mapping[str, Sequence[object]]) -> dict[int, str]:
    """Return reasons by place of rows with more floating residents than residents."""
    if "floating" not in values or not set(BANDS) <= set(values):
        return {}
    residents = [sum(map(_count, counts)) for counts in zip(*(values[band] for band in BANDS), strict=True)]
    return {
        place: "more are floating than there are"
        for place, (floating, most) in enumerate(zip(values["floating"], residents, strict=True))
        if _count(floating) > most
    }


def running_names(
    buildings: Sequence[str | None], values: Mapping[str, Sequence[object]], places: Sequence[int]
) -> dict[int, str]:
    """Return names by place: building, unit and a running number.

    The numbers follow the counts and not the file, so that they tell nothing of its order.

    Parameters
    ----------
    places
        Those to name; the others are refused.
    """
    units = values.get("unit")
    homes: dict[str, list[int]] = {}
    for place in places:
        building, unit = buildings[place], None if units is None else units[place]
        if building is not None:
            homes.setdefault(building if unit is None else f"{building}/{unit}", []).append(place)
    return {
        place: f"{home}#{number}"
        for home, inside in homes.items()
        for number, place in enumerate(sorted(inside, key=lambda one: _counts(values, one)), start=1)
    }


def _counts(values: Mapping[str, Sequence[object]], place: int) -> tuple[int, ...]:
    return tuple(_count(values[name][place]) for name in _COUNTS if name in values)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
