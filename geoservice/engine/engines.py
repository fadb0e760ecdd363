"""The two ways in which the engine's tables are read: by numpy, always; by the compiled kernel, where it fits.

Which one runs changes how fast answers come, never the answers.
"""

from __future__ import annotations

import hashlib
import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from geoservice.engine.answers import Method
from geoservice.engine.scalar import Found

if TYPE_CHECKING:
    from geoservice.engine.kernel import Tables as KernelTables
    from geoservice.engine.nearest import NearestEdges
    from geoservice.engine.search import Tables

#: "auto": the kernel where it is there, else numpy.
Wanted = Literal["auto", "numpy"]
_BUILD = "`pip install -e .` builds it, with gcc and Python's headers (apt-get install gcc python3-dev)"
_HERE = Path(__file__).parent


class Engine(NamedTuple):
    """Which engine reads the tables."""

    name: Literal["compiled", "numpy"]
    #: Why it is not the compiled one; empty where it is.
    reason: str


class _Compiled(NamedTuple):
    tables: type[KernelTables] | None
    reason: str


def engine_for(wanted: Wanted = "auto") -> Engine:
    """Return which engine runs when one is wanted, and why."""
    if wanted == "numpy":
        return Engine("numpy", "numpy was asked for")
    found = _compiled()
    return Engine("compiled" if found.tables else "numpy", found.reason)


def kernel_of(wanted: Wanted, tables: Tables, nearest: NearestEdges | None = None) -> KernelTables | None:
    """Return the tables for the kernel, which can tell `at` with the lists of nearest edges; None where numpy reads."""
    if engine_for(wanted).name == "numpy":
        return None
    made = _compiled().tables
    lattice = tables.lattice
    whole = (lattice.west, lattice.south, lattice.per_lon, lattice.per_lat, lattice.columns, lattice.rows)
    cells = (tables.first, tables.lines, tables.heads, tables.shadows, tables.patches, tables.patch_entries)
    if made is None or nearest is None:
        return made and made(whole, cells)
    return made(whole, cells, *nearest.as_tables(), Found, (Method.COVERS, Method.NEAREST, Method.NONE))


@cache
def _compiled() -> _Compiled:
    """Return the kernel, unless it is not there or was built from another source than the one beside it."""
    try:
        kernel = importlib.import_module("geoservice.engine.kernel")
    except ImportError as exc:
        missing = isinstance(exc, ModuleNotFoundError)
        return _Compiled(None, f"it is not built; {_BUILD}" if missing else f"it can not be loaded ({exc}); {_BUILD}")
    # As in setup.py. An installed package may come without the source: then both were made together.
    sources = sorted(_HERE.glob("kernel*.[ch]"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    if sources and digest != kernel.SOURCE_SHA256:
        return _Compiled(None, f"it was built from another source; {_BUILD}")
    return _Compiled(kernel.Tables, "")
