"""How places differ, in words: how far a feature moved, and how much larger it became."""

from __future__ import annotations

#: SQL of what `moved` tells, of the geometries {old} and {new} in EPSG:4326: metres, square metres before and after.
MEASURED = """st_distance(st_pointonsurface({old})::geography, st_pointonsurface({new})::geography),
               st_area({old}::geography), st_area({new}::geography)"""


def moved(moved_m: float, old_m2: float, new_m2: float) -> str:
    """Return how far a point on the feature moved, and by how much its area grew; 0 m2: it has none."""
    if old_m2 == 0:
        return f"moved {moved_m:.1f} m"
    return f"moved {moved_m:.1f} m, area {(new_m2 - old_m2) / old_m2:+.1%}"
