"""What several statements ask alike stands once: what a relation's columns are, and which rows hold now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LAYERS = Path(__file__).parents[2] / "layers"
HOMES = {"db/relations.py": r"format_type\(", "db/periods.py": r"valid @> now\(\)\s+AND upper_inf"}


@pytest.mark.parametrize("home", HOMES)
def test_it_is_asked_in_its_home_alone(home: str) -> None:
    asked = re.compile(HOMES[home])
    found = {path.relative_to(LAYERS).as_posix() for path in LAYERS.rglob("*.py") if _asks(asked, path)}

    assert found == {home}


def _asks(asked: re.Pattern[str], path: Path) -> bool:
    return asked.search(re.sub(r"\{[^}]*\}", "t", path.read_text(encoding="utf-8"))) is not None
