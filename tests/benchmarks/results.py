"""The figures of all parts in one file; measuring a part again replaces that part alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Figures

#: Digits kept of a figure: more than any measurement has.
_DIGITS = 5


def read(file: Path) -> Figures:
    """Return the figures of every part measured so far; none where there is no file."""
    if not file.exists():
        return {}
    found: Figures = json.loads(file.read_text(encoding="utf-8"))
    return found


def merged(results: Mapping[str, Any], part: str, circumstances: Figures, figures: Figures) -> Figures:
    """Return results with those of one part in place of its earlier ones."""
    return {**results, part: {"circumstances": circumstances, "figures": rounded(figures)}}


def write(file: Path, results: Mapping[str, Any]) -> None:
    """Write results as JSON that is easy to compare line by line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """Return a value with all floats in it rounded to the digits that are kept."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
