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


#: Clocks by which time that passed is told.
CLOCKS = re.compile(r"(monotonic|perf_counter|process_time|thread_time)(_ns)?|time_ns")
#: What a measured time is called.
MEASURED = re.compile(r"((elapsed|took|waited|passed|lasted|duration)(_m?s)?)|seconds")
#: Waits with a patience that no machine needs; nothing else may look at a clock to decide.
WAITS = ROOT / "tests/waiting.py"


def comparisons_of_time(source: str) -> list[int]:
    """Return the lines of comparisons with a clock, with what was computed of one, or with what is called a time."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = {line for function in functions for line in _compared_in(function, _times_of(function))}
    return sorted(found | set(_compared_in(tree, set())))


def _compared_in(scope: ast.AST, times: set[str]) -> list[int]:
    return [node.lineno for node in ast.walk(scope) if isinstance(node, ast.Compare) and _tells_time(node, times)]


def _times_of(function: ast.AST) -> set[str]:
    """Return the names that a function gives to what it computes of a clock, in two steps at most."""
    times: set[str] = set()
    for _ in range(2):
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and _tells_time(node.value, times):
                times |= {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return times


def _tells_time(node: ast.AST, times: set[str]) -> bool:
    for one in ast.walk(node):
        name = one.attr if isinstance(one, ast.Attribute) else one.id if isinstance(one, ast.Name) else ""
        if CLOCKS.fullmatch(name) or MEASURED.fullmatch(name) or (isinstance(one, ast.Name) and name in times):
            return True
        if isinstance(one, ast.Attribute) and ast.unparse(one) == "time.time":
            return True
    return False


def test_no_test_judges_by_the_time_that_passed() -> None:
    judging = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources("tests")
        if path != WAITS and ROOT / "tests/benchmarks" not in path.parents
        for line in comparisons_of_time(path.read_text())
    ]

    assert judging == []
    assert comparisons_of_time(WAITS.read_text()), "the one helper that waits is not seen"


@pytest.mark.parametrize("judges", [
    "def f():\n    began = time.monotonic()\n    work()\n    assert time.monotonic() - began < 1",
    "def f():\n    began = perf_counter()\n    took = perf_counter() - began\n    assert 1 > took",
    "def f():\n    spent = process_time() - began\n    more = spent * 2\n    assert more < 1",
    "def f():\n    while time.time() < deadline:\n        pass",
    "assert answer.seconds < 1",
    "assert all(one.status == 200 and one.elapsed < LIMIT for one in answers)",
])  # fmt: skip
def test_who_judges_by_the_time_that_passed_is_found(judges: str) -> None:
    assert comparisons_of_time(judges)


@pytest.mark.parametrize("harmless", [
    "def f():\n    began = time.monotonic()\n    print(time.monotonic() - began)\n    assert counted < 5",
    "assert incident.expected_at < now",
])  # fmt: skip
def test_who_only_tells_the_time_is_not(harmless: str) -> None:
    assert comparisons_of_time(harmless) == []
