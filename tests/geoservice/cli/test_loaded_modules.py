"""Help, status and stop load what they need and no more: whoever types them waits for no library of others."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
#: Runs command lines in one process and tells, as JSON, the packages of modules that ran; lazy ones that did not are
#: left out.
TELL = """
import json, sys
from importlib.util import _LazyModule
from geoservice.cli.main import geoservice
for words in json.loads(sys.argv[1]):
    try:
        geoservice.main(words, prog_name="geoservice")
    except SystemExit:
        pass
ran = {name.partition(".")[0] for name, module in list(sys.modules.items()) if type(module) is not _LazyModule}
print(json.dumps(sorted(ran)), file=sys.stderr)
"""
#: Every command and group, by its words.
WALK = """
import json
import click
from geoservice.cli.main import geoservice

def walk(command, words):
    yield words
    if isinstance(command, click.Group):
        for name in command.list_commands(None):
            yield from walk(command.get_command(None, name), [*words, name])

print(json.dumps([[*words, "--help"] for words in walk(geoservice, [])]))
"""
NEEDED_BY_WORK = {
    "alembic", "argon2", "flask", "folium", "geoalchemy2", "granian", "numpy", "orjson", "psycopg", "pyarrow",
    "pyogrio", "pyproj", "rich", "shapely", "sqlalchemy", "structlog",
}  # fmt: skip
#: Settings and the embedded database's state.
NEEDED_TO_LOOK = {"asyncio", "psutil", "pydantic", "pydantic_settings"}


def python(program: str, *arguments: str, data_dir: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEOSERVICE_")}
    if data_dir is not None:
        environment["GEOSERVICE_DATA_DIR"] = str(data_dir)
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def packages_of(*command_lines: list[str], data_dir: Path | None = None) -> tuple[set[str], str]:
    """Return the packages that were loaded, and what was printed."""
    done = python(TELL, json.dumps(command_lines), data_dir=data_dir)
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


def test_the_help_of_every_command_loads_no_library_that_only_its_work_needs() -> None:
    lines = json.loads(python(WALK).stdout)

    packages, shown = packages_of(*lines)

    assert len(lines) > 50, "the commands were not found"
    assert shown.count("Usage: geoservice") == len(lines)
    assert packages & (NEEDED_BY_WORK - {"orjson", "rich"} | NEEDED_TO_LOOK) == set()


def test_the_version_loads_nothing_of_the_kind() -> None:
    packages, shown = packages_of(["--version"])

    assert shown.startswith("geoservice, version ")
    assert packages & (NEEDED_BY_WORK | NEEDED_TO_LOOK) == set()


@pytest.mark.parametrize("command", ["status", "stop"])
def test_status_and_stop_load_what_looks_at_an_instance_and_nothing_that_works(command: str, tmp_path: Path) -> None:
    packages, shown = packages_of([command], data_dir=tmp_path / "data")

    assert shown == "geoservice does not run.\n"
    assert packages & (NEEDED_BY_WORK - {"rich"}) == set()


def lazy_imports() -> list[tuple[str, ast.stmt]]:
    """Return the imports within `with lazily():` of every file."""
    return [
        (path.name, one)
        for path in sorted((ROOT / "geoservice").rglob("*.py"))
        for block in ast.walk(ast.parse(path.read_text()))
        if isinstance(block, ast.With) and ast.unparse(block.items[0].context_expr) == "lazily()"
        for one in block.body
    ]


def test_what_is_imported_lazily_are_modules_for_a_name_of_one_would_run_it() -> None:
    found = lazy_imports()

    assert len(found) > 20, "no lazy import was found"
    for file, one in found:
        assert isinstance(one, ast.Import | ast.ImportFrom), f"{file}: only imports are lazy"
        if isinstance(one, ast.ImportFrom):
            for alias in one.names:
                assert find_spec(f"{one.module}.{alias.name}"), f"{file}: {one.module}.{alias.name} is no module"
