"""Rows that hold for a period, as it is known in another one: which of them hold now."""

from __future__ import annotations


def held_now(alias: str) -> str:
    """Return SQL for whether a row, called so, holds at the database's now as we know it now."""
    return f"{alias}.valid @> now() AND upper_inf({alias}.known)"
