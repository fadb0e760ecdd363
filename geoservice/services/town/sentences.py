"""What the steps of a town did, in sentences."""

from __future__ import annotations

from geoservice.domain.importing.services import ServiceDifference
from geoservice.domain.staff.differences import RosterDifference
from layers.changes.model import Difference, Removed


def imported(difference: Difference, removed: Removed) -> str:
    """Return what was written of a layer."""
    told = (
        f"{difference.added} added, {difference.changed} changed, {difference.same} as they were,"
        f" {len(difference.refused)} refused"
    )
    return f"{told}{_not_named(difference.missing, removed)}."


def offered(difference: ServiceDifference, removed: Removed) -> str:
    """Return what was written of services."""
    told = f"{len(difference.added)} services added, {len(difference.changed)} changed, {difference.same} as they were"
    in_use = len(difference.in_use)
    kept = f"; {in_use} that the file does not name have incidents and stay" if in_use else ""
    return f"{told}{_not_named(len(difference.not_named), removed)}{kept}."


def posted(difference: RosterDifference) -> str:
    """Return what was written of staff and their postings."""
    told = (
        f"{len(difference.staff_added)} staff added, {len(difference.staff_changed)} changed;"
        f" {len(difference.postings_added)} postings added, {len(difference.postings_changed)} changed,"
        f" {difference.same} as they were, {len(difference.postings_ended)} ended"
    )
    never = difference.postings_removed
    told += f", {len(never)} that had not begun removed" if never else ""
    return f"{told}{_not_named(len(difference.not_named), 'keep')}."


def _not_named(count: int, removed: Removed) -> str:
    if count == 0:
        return ""
    return f"; {count} that the file does not name {'removed' if removed == 'delete' else 'stay'}"
