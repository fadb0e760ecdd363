"""The two ways in which the engine's tables are read: by numpy, always; by the compiled kernel, where it fits.

Which one runs changes how soon answers come, never the answers.
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
#: Why numpy reads.
ASKED_FOR = "numpy was asked for"
NOT_BUILT = "the compiled kernel is not built"
REMEDY = "With gcc and Python's headers (python3-dev) there, `pip install -e .` builds it."


class Engine(NamedTuple):
    """What reads the tables."""

    name: Literal["compiled", "numpy"]
    #: Why it is numpy; empty where it is not.
    reason: str = ""


class _Kernel(NamedTuple):
    tables: type[KernelTables] | None
    reason: str = ""


def engine_for(wanted: Wanted = "auto") -> Engine:
    """Return what reads the tables when this is wanted."""
    if wanted == "numpy":
        return Engine("numpy", ASKED_FOR)
    kernel = _kernel()
    return Engine("numpy", kernel.reason) if kernel.tables is None else Engine("compiled")


def kernel_of(wanted: Wanted, tables: Tables, nearest: NearestEdges | None = None) -> KernelTables | None:
    """Return the tables as the kernel reads them, with lists of nearest edges for `at` too; None where numpy reads."""
    made = _kernel().tables
    if made is None or wanted == "numpy":
        return None
    grid = tables.lattice
    lattice = (grid.west, grid.south, grid.per_lon, grid.per_lat, grid.columns, grid.rows)
    cells = (tables.first, tables.lines, tables.heads, tables.shadows, tables.patches, tables.patch_entries)
    if nearest is None:
        return made(lattice, cells)
    return made(lattice, cells, *nearest.as_tables(), Found, (Method.COVERS, Method.NEAREST, Method.NONE))


@cache
def _kernel() -> _Kernel:
    """Return the kernel, unless it is not there, or was built from another source than lies beside it."""
    try:
        kernel = importlib.import_module("geoservice.engine.kernel")
    except ModuleNotFoundError:
        return _Kernel(None, NOT_BUILT)
    except ImportError as exc:
        return _Kernel(None, f"the compiled kernel can not be loaded ({exc})")
    if kernel.SOURCE_SHA256 != source_sha256():
        return _Kernel(None, "the compiled kernel was built from another source")
    return _Kernel(kernel.Tables)


def source_sha256() -> str:
    """Return the fingerprint of the kernel's source, as setup.py gives it to the compiler."""
    sources = sorted(Path(__file__).parent.glob("kernel*.[ch]"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
