"""Merging what grids are called: name, English name, parent and properties, each by itself."""

from __future__ import annotations

from typing import Literal

from layers.grids.model import GridShape


class NamingConflict(Exception):
    """Both drafts gave a grid another name, parent or property."""


def merged_naming(
    base: GridShape | None, ours: GridShape | None, theirs: GridShape | None, side: Literal["ours", "theirs"] | None
) -> GridShape:
    """Return a grid with what either draft changed about its naming; its shape is that of any of them.

    Parameters
    ----------
    base, ours, theirs
        The grid as each has it, None where it is missing; at least one is not.
    side
        Whose counts where both changed the same thing; without one that is a conflict.

    Raises
    ------
    NamingConflict
        Both changed the same thing in two ways.
    """
    if ours is None or theirs is None:
        there = ours or theirs or base
        if there is None:
            raise NamingConflict("Nobody has this grid.")
        return there

    def pick(what: str, was: object, mine: object, other: object) -> object:
        if mine == other or (base is not None and mine == was):
            return other
        if base is not None and other == was:
            return mine
        if side is None:
            raise NamingConflict(f"Grid {ours.code} has the {what} {mine} in ours and {other} in theirs.")
        return mine if side == "ours" else other

    picked = {
        field: pick(field.replace("_", " "), getattr(base, field, None), getattr(ours, field), getattr(theirs, field))
        for field in ("name", "name_en", "parent_code", "unowned_reason")
    }
    was = {} if base is None else base.properties
    properties = {}
    for key in {**was, **ours.properties, **theirs.properties}:
        values = [source.get(key, _MISSING) for source in (was, ours.properties, theirs.properties)]
        value = pick(f"property {key}", *values)
        if value is not _MISSING:
            properties[key] = value
    return GridShape(
        ours.code, str(picked["name"]), _text(picked["name_en"]), _text(picked["parent_code"]), ours.geom, properties,
        _text(picked["unowned_reason"]),
    )  # fmt: skip


class _Missing:
    """A property that is not there."""

    def __repr__(self) -> str:
        return "nothing"


_MISSING = _Missing()


def _text(value: object) -> str | None:
    return None if value is None else str(value)
