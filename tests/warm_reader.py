"""A reading process that has loaded its libraries and waits: `python -I warm_reader.py SCRIPT FORMAT DESCRIPTOR`.

Each file is read by a fork of it, which runs the service's own script from its beginning, limits and all.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

#: What is loaded for a format before there is a file.
_AHEAD = {
    "geoparquet": ("pandas", "pyarrow.parquet", "shapely"),
    "workbook": ("pandas", "pyarrow", "python_calamine"),
    "sheets": ("pandas", "pyarrow", "python_calamine"),
    "osm": ("pandas", "pyarrow", "shapely", "osmium"),
}
_AHEAD_OF_GDAL = ("pyogrio", "pyarrow", "shapely")
#: What GDAL's reader goes without, as in the script.
_BLOCKED = ("geopandas", "pandas", "pyproj")


def main() -> None:
    """Load what a format needs, then read what is asked for until nobody asks any more."""
    script, kind, descriptor = sys.argv[1:]
    if kind not in _AHEAD:
        sys.modules.update(dict.fromkeys(_BLOCKED))  # type: ignore[arg-type]
    for name in _AHEAD.get(kind, _AHEAD_OF_GDAL):
        importlib.import_module(name)
    reader = _loaded(Path(script))
    with Connection(int(descriptor)) as asked, contextlib.suppress(EOFError):
        while True:
            _read(reader, script, asked)


def _loaded(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(script.stem, script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(reader: ModuleType, script: str, asked: Connection[Any, Any]) -> None:
    """Have a fork answer the next request; tell its number at once, and at its end what it wrote and how it ended."""
    request, environment, folder = asked.recv()
    reading, writing = os.pipe()
    number = os.fork()
    if number == 0:
        asked.close()
        os.dup2(writing, 1)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        os._exit(_ended(reader, [script, request]))
    os.close(writing)
    with contextlib.suppress(OSError):  # it is over already
        os.setpgid(number, number)
    asked.send(number)
    with os.fdopen(reading, "rb") as said:
        told = said.read()
    asked.send((os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]), told))


def _ended(reader: ModuleType, arguments: list[str]) -> int:
    """Run the script as Python would; return what the process ends with."""
    with contextlib.suppress(OSError):  # whoever forked has done it
        os.setpgid(0, 0)
    sys.argv = arguments
    try:
        reader.main()
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  a process that ends by it ends with 1
        return 1
    return 0


if __name__ == "__main__":
    main()
