"""What is to be reached, and whether it was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """One goal with the figure that was found for it."""

    what: str
    #: The goal and the figure as people read them.
    wanted: str
    found: str
    met: bool


def at_least(what: str, found: float, wanted: float, unit: str = "") -> Goal:
    """Return a goal that is met by a figure as large as this."""
    return Goal(what, f"at least {number(wanted)}{unit}", f"{number(found)}{unit}", found >= wanted)


def below(what: str, found: float, wanted: float, unit: str = "") -> Goal:
    """Return a goal that is met by a smaller figure."""
    return Goal(what, f"below {number(wanted)}{unit}", f"{number(found)}{unit}", found < wanted)


def number(figure: float) -> str:
    """Return a figure with three digits that count; none of a larger number is lost."""
    if figure != figure:  # NaN
        return "?"
    if figure == 0 or abs(figure) >= 100:
        return f"{figure:,.0f}"
    digits = 2 if abs(figure) < 1 else 1 if abs(figure) >= 10 else 2
    if abs(figure) < 0.1:
        return f"{figure:.2g}"
    return f"{figure:.{digits}f}".rstrip("0").rstrip(".")
