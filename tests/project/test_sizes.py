"""Small rooms stay small: what may not grow."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("geoservice", "layers", "migrations", "tilegen")
FILE_LINES = 400
FUNCTION_LINES = 60
FUNCTION_LINES_P90 = 30


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def function_lengths() -> list[tuple[int, str]]:
    lengths = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths.append((node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}:{node.name}"))
    return sorted(lengths)


def test_no_file_is_longer_than_a_room() -> None:
    long = {
        str(path.relative_to(ROOT)): n for path in sources() if (n := len(path.read_text().splitlines())) > FILE_LINES
    }

    assert long == {}


def test_no_function_is_longer_than_a_page() -> None:
    assert [(lines, name) for lines, name in function_lengths() if lines > FUNCTION_LINES] == []


def test_nine_functions_of_ten_are_short() -> None:
    lengths = function_lengths()

    assert lengths[len(lengths) * 9 // 10][0] <= FUNCTION_LINES_P90


def test_every_room_has_a_noun() -> None:
    shapeless = ("util", "utils", "helpers", "common", "misc", "tools")

    assert [path for path in sources() if path.stem in shapeless] == []
