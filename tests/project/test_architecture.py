"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("geoservice", "layers", "tilegen")


def sources(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def holding(pattern: str, *packages: str) -> list[str]:
    return [
        str(path.relative_to(ROOT)) for path in sources(*packages) if re.search(pattern, path.read_text(), re.MULTILINE)
    ]


def test_imports_point_one_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


def test_nothing_commits_but_the_session() -> None:
    assert holding(r"\.commit\(\)|\.rollback\(\)", *PACKAGES) == []


def test_spatial_sql_stays_in_the_layers() -> None:
    allowed = {"geoservice/services/demo.py"}

    assert set(holding(r"\bst_[a-z]+\(", "geoservice")) - allowed == set()


def test_srids_are_said_in_one_place() -> None:
    said = {
        str(path.relative_to(ROOT))
        for path in sources("geoservice", "layers")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in (4326, 4490, 3857)
    }

    assert said == {"layers/crs.py"}


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    # The engine is used by notebooks too, which import its one class by a short name.
    offers_a_name = ROOT / "geoservice/engine/__init__.py"
    for path in sources(*PACKAGES):
        if path.name == "__init__.py" and path != offers_a_name:
            assert re.fullmatch(r'""".*?"""\n', path.read_text(), re.DOTALL), path


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_needs_no_environment(package: str) -> None:
    subprocess.run([sys.executable, "-c", f"import {package}"], env={}, cwd=ROOT, check=True)


def test_the_project_names_no_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    named = [
        name
        for name in tracked
        if not name.endswith((".lock", ".jpg", ".png"))
        and re.search(r"/(work|farm)/|/root/", (ROOT / name).read_text())
    ]

    assert [name for name in named if name != "tests/project/test_architecture.py"] == []
