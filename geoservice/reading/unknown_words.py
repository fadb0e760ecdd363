"""Words of a file that mean no code of their column: which of them may be repeated to whoever imports."""

from __future__ import annotations

from collections.abc import Mapping

from geoservice.domain.importing.persons import personal

#: A word that stands in fewer rows may be a person's: it is counted, and not shown.
_SHOWN_FROM = 3
_SHOWN_MAX = 10


def repeatable(unknown: Mapping[str, int]) -> dict[str, int]:
    """Return the words that may be repeated, the most frequent first, with how many rows have them."""
    common = {word: count for word, count in unknown.items() if count >= _SHOWN_FROM and personal(word) is None}
    return dict(sorted(common.items(), key=lambda one: -one[1]))


def told_of_words(name: str, unknown: Mapping[str, int]) -> list[str]:
    """Return a sentence on the words of a column that mean none of its codes; none where none may be repeated."""
    told: list[str] = []
    if common := repeatable(unknown):
        most = list(common.items())[:_SHOWN_MAX]
        said = ", ".join(f"{word} ({count} rows)" for word, count in most)
        more = f" … {len(most)} of {len(common)}" if len(common) > len(most) else ""
        told.append(f"Words of {name} that nobody knows here: {said}{more}.")
    return told
