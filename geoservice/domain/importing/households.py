"""What is only true of households: bands that are told as sums, and names that tell nothing of who lives there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layers.households.layer import BANDS

#: Columns that two households of one home may differ in.
_COUNTS = ("households", *BANDS, "floating")


def without_oldest(from_60: Sequence[object], from_80: Sequence[object]) -> tuple[list[object], dict[int, str]]:
    """Return how many are 60 to 79 years old, with reasons by place where that can not be."""
    between: list[object] = [
        whole - old if isinstance(whole, int) and isinstance(old, int) else None
        for whole, old in zip(from_60, from_80, strict=True)
    ]
    reasons = {
        place: "fewer are 60 and older than 80 and older"
        for place, count in enumerate(between)
        if isinstance(count, int) and count < 0
    }
    return between, reasons


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
