"""The compiled kernel and numpy answer alike, to the last bit; what can not be used is not, and says why."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from geoservice.engine import engines
from geoservice.engine.engines import NOT_BUILT, engine_for
from geoservice.engine.index import CHUNK, OwnershipIndex
from geoservice.engine.search import ASK, PATCH, entry, kind_of, row_of
from geoservice.engine.sides import PATCH_SIDE
from tests.depth import depths
from tests.geoservice.engine.conftest import need_kernel
from tests.geoservice.engine.partitions import TRAPS, Grids, beside_borders, squares, trying_lonlats, voronoi

ROOT = Path(__file__).parents[3]
#: The last two are left to Python: borders are looked for too far away.
ACCURACIES_M = (15.0, 0.0, 3.0, 100.0, 100.5, 1000.0)


@pytest.fixture(scope="module", autouse=True)
def kernel() -> ModuleType:
    need_kernel()
    from geoservice.engine import kernel  # noqa: PLC0415  it may not be there

    return kernel


def pair_of(grids: Grids) -> tuple[OwnershipIndex, OwnershipIndex]:
    codes, geoms = list(grids), list(grids.values())
    return OwnershipIndex.build(codes, geoms), OwnershipIndex.build(codes, geoms, engine="numpy")


def bits(*columns: np.ndarray) -> list[bytes]:
    return [column.tobytes() for column in columns]


def check_entries(index: OwnershipIndex) -> None:
    """See that every entry points to a row that is there: the kernel follows them unchecked."""
    tables = index._tables
    lengths = np.array([len(tables.lines), len(tables.heads), len(tables.patches), 1])
    for entries in (tables.first, tables.patch_entries):
        pointing = entries[entries < -1]
        assert (row_of(pointing) < lengths[kind_of(pointing)]).all()
    # A patch leads to later ones only, so that every descent ends.
    below = np.flatnonzero((tables.patch_entries < -1) & (kind_of(tables.patch_entries) == PATCH))
    assert (row_of(tables.patch_entries[below]) > below // PATCH_SIDE**2).all()
    pairs = tables.heads[:, 3:].copy().view(np.int32)
    assert (pairs >= 0).all()
    assert (pairs.sum(axis=1) <= len(tables.shadows)).all()
    _, (leaf, _, start, count, edge, ends, low, high) = index._nearest.as_tables()
    assert 0 <= leaf.min() <= leaf.max() < len(start) == len(count)
    assert (start >= 0).all()
    assert (start + count <= len(edge)).all()
    assert 0 <= edge.min() <= edge.max() < len(ends) == len(low) == len(high)


def check_alike(grids: Grids, depth: int) -> None:
    compiled, numpy = pair_of(grids)
    lonlats = trying_lonlats(grids, depth)
    some = lonlats[np.random.default_rng(7).permutation(len(lonlats))[:depth]]

    check_entries(compiled)
    assert (compiled.engine.name, numpy.engine.name) == ("compiled", "numpy")
    assert bits(compiled.owners(*lonlats.T)) == bits(numpy.owners(*lonlats.T))
    found = [index.lookup(*some[: depth // 4].T) for index in (compiled, numpy)]
    assert bits(*vars(found[0]).values()) == bits(*vars(found[1]).values())
    for number, place in enumerate(some.tolist()):
        metres = ACCURACIES_M[number % len(ACCURACIES_M)]
        assert compiled.at(*place, accuracy_m=metres) == numpy.at(*place, accuracy_m=metres)


@depths(200, 20_000)
@pytest.mark.parametrize(
    "trap", [pytest.param(trap, marks=pytest.mark.slow) if trap in ("crowded cell", "fan") else trap for trap in TRAPS]
)
def test_no_trap_makes_a_bit_differ(trap: str, depth: int) -> None:
    check_alike(TRAPS[trap](), depth)


@depths(1_000, 100_000)
def test_not_a_bit_differs_in_the_community(community_grids: Grids, depth: int) -> None:
    check_alike(community_grids, depth)


@pytest.mark.data
@depths(500, 100_000)
def test_not_a_bit_differs_in_chicago(chicago_grids: Grids, depth: int) -> None:
    check_alike(chicago_grids, depth)


@pytest.mark.parametrize("west", [179.99, -180.0, 179.5])
def test_not_a_bit_differs_across_180_degrees(west: float) -> None:
    grids = {f"{number}": field for number, field in enumerate(squares(west, 10, 2.0**-7, 3))}
    check_alike(grids, 300)


def test_most_positions_are_answered_by_the_kernel_itself(community_grids: Grids, kernel: ModuleType) -> None:
    index = pair_of(community_grids)[0]
    index.warm()
    tables = index._kernel_with_lists

    near = beside_borders(community_grids, 2_000).tolist()
    left = [tables.at(*place, 15.0, 25.0) for place in near].count(None)

    assert isinstance(tables, kernel.Tables)
    assert left < 20


LON, LAT = trying_lonlats(TRAPS["named places"](), 400).T
FORMS: dict[str, Callable[[np.ndarray], object]] = {
    "as it is": lambda column: column,
    "every other one": lambda column: np.repeat(column, 2)[::2],
    "backwards": lambda column: column[::-1],
    "of a table": lambda column: np.column_stack((column, column))[:, 1],
    "floats of 32 bits": lambda column: column.astype(np.float32),
    "floats of 16 bits": lambda column: column.astype(np.float16),
    "long double": lambda column: column.astype(np.longdouble),
    "the other byte order": lambda column: column.astype(">f8"),
    "whole numbers": lambda column: column.astype(np.int16),
    "objects": lambda column: column.astype(object),
    "text": lambda column: column.astype(str),
    "no numbers": lambda column: np.array(["here"] * len(column)),
    "complex": lambda column: column.astype(complex)[:1],
    "a list": lambda column: column.tolist(),
    "read-only": lambda column: np.frombuffer(column.tobytes()),
    "off the beat": lambda column: np.frombuffer(b"." + column.tobytes(), offset=1),
    "nothing": lambda column: column[:0],
    "NaN": lambda column: np.full_like(column, np.nan),
    "negative NaN": lambda column: np.full_like(column, -np.nan),
    "infinite": lambda column: np.full_like(column, np.inf),
    "far below": lambda column: np.full_like(column, -1e308),
    "two dimensions": lambda column: column.reshape(2, -1),
    "one number": lambda column: column[0],
    "None": lambda column: None,
}


def said(ask: Callable[..., np.ndarray], *columns: object) -> tuple[object, ...]:
    try:
        return "answers", ask(*columns).tobytes()
    except (TypeError, ValueError) as exc:
        return type(exc), str(exc)


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("form", FORMS)
def test_columns_of_any_form_are_taken_as_numpy_takes_them(form: str) -> None:
    compiled, numpy = pair_of(TRAPS["named places"]())
    lon, lat = FORMS[form](LON[: len(LON) // 2 * 2]), FORMS[form](LAT[: len(LAT) // 2 * 2])

    for columns in ((lon, lat), (lon, LAT), (LON, lat)):
        assert said(compiled.owners, *columns) == said(numpy.owners, *columns)


@pytest.mark.parametrize("place", [(np.nan, 29.2), (91.7, np.inf), (-np.inf, 29.2), (1e308, 0), ("91", 29), (None, 1)])
def test_no_place_at_all_is_answered_alike(place: tuple) -> None:
    found = []
    for index in pair_of(TRAPS["named places"]()):
        try:
            found.append(index.at(*place))
        except TypeError:
            found.append(None)

    assert found[0] == found[1]


def test_threads_share_one_kernel() -> None:
    grids = voronoi(60)
    compiled, numpy = pair_of(grids)
    lon, lat = np.tile(trying_lonlats(grids, 1000).T, 60)[:, : 2 * CHUNK + 5].copy()
    few = list(zip(lon[:200].tolist(), lat[:200].tolist(), strict=True))
    want = numpy.owners(lon, lat).tobytes(), [numpy.at(*place) for place in few]

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(lambda: (compiled.owners(lon, lat).tobytes(), [compiled.at(*one) for one in few]))
                 for _ in range(16)]  # fmt: skip
        assert [one.result() for one in asked] == [want] * 16
    assert compiled.owners(lon, lat, threads=3).tobytes() == want[0]


def test_others_run_while_many_positions_are_answered() -> None:
    """No thread is made to give way here: another one runs only if the kernel lets go of the interpreter."""
    tables = pair_of(voronoi(60))[0]._kernel
    lon, lat = np.full((2, 2_000_000), 29.0)
    found = np.empty(len(lon), np.int32)
    ran = []
    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        for _ in range(100):
            go = threading.Lock()
            go.acquire()
            other = threading.Thread(target=lambda go=go: (go.acquire(), ran.append(1)))
            other.start()
            go.release()
            tables.owners(lon, lat, found)  # type: ignore[union-attr]
            ran_meanwhile = bool(ran)
            other.join()
            if ran_meanwhile:
                break
            ran.clear()
    finally:
        sys.setswitchinterval(before)

    assert ran_meanwhile


def test_a_copy_keeps_what_was_asked_for() -> None:
    for index in pair_of(TRAPS["named places"]()):
        assert pickle.loads(pickle.dumps(index)).engine == index.engine  # noqa: S301 - our own


FLOATS, WHOLE = np.zeros(4), np.zeros(4, np.int32)
WRONG = {
    "too few": (),
    "of another type": (FLOATS, FLOATS, FLOATS),
    "floats of 32 bits": (FLOATS.astype(np.float32), FLOATS, WHOLE),
    "the other byte order": (FLOATS.astype(">f8"), FLOATS, WHOLE),
    "not in one piece": (np.zeros(8)[::2], FLOATS, WHOLE),
    "of other lengths": (FLOATS, FLOATS, np.zeros(3, np.int32)),
    "longer than cells": (FLOATS, FLOATS, WHOLE, np.zeros(3, np.int64)),
    "not to be written": (FLOATS, FLOATS, np.frombuffer(bytes(16), np.int32)),
    "no arrays": (1, 2, 3),
    "off the beat": (np.frombuffer(bytes(33), offset=1), FLOATS, WHOLE),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_the_kernel_refuses_what_is_no_column(wrong: str) -> None:
    tables = pair_of(TRAPS["named places"]())[0]._kernel

    with pytest.raises((TypeError, ValueError, BufferError)):
        tables.owners(*WRONG[wrong])  # type: ignore[union-attr]


@pytest.mark.parametrize("wrong", ["none", "few", "text", "rows", "lists"])
def test_the_kernel_refuses_what_are_no_tables(wrong: str, kernel: ModuleType) -> None:
    whole, rows, none = np.full(16, entry(ASK, 0), np.int32), np.zeros((1, 4)), np.zeros((0, 8))
    lattice, cells = (0.0, 0.0, 1.0, 1.0, 4, 4), (whole, rows, rows, none, none[:, :4].copy(), whole[:0])
    arguments = {
        "none": (),
        "few": (lattice, cells[:5]),
        "text": (lattice, ("text", *cells[1:])),
        "rows": ((*lattice[:4], 5, 5), cells),
        "lists": (lattice, cells, (0.0, 0.0, 1.0, 1.0, 2.0), (whole,) * 8, tuple, (1, 2, 3)),
    }

    assert kernel.Tables(lattice, cells).owners(FLOATS, FLOATS, WHOLE.copy()) == 4
    with pytest.raises((TypeError, ValueError)):
        kernel.Tables(*arguments[wrong])
    with pytest.raises(TypeError, match="lists of edges"):
        kernel.Tables(lattice, cells).at(0.0, 0.0, 15.0, 25.0)


@pytest.fixture
def looked_for_anew() -> None:
    engines._kernel.cache_clear()
    yield
    engines._kernel.cache_clear()


@pytest.mark.usefixtures("looked_for_anew")
def test_a_kernel_of_another_source_is_not_run(monkeypatch: pytest.MonkeyPatch, kernel: ModuleType) -> None:
    monkeypatch.setattr(kernel, "SOURCE_SHA256", "of yesterday")

    index = OwnershipIndex.build(*map(list, zip(*TRAPS["named places"]().items(), strict=True)))

    assert index.engine == ("numpy", "the compiled kernel was built from another source")
    assert index._kernel is None
    assert index.at(91.754, 29.254) == pair_of(TRAPS["named places"]())[1].at(91.754, 29.254)


@pytest.mark.usefixtures("looked_for_anew")
def test_without_a_kernel_numpy_answers_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "geoservice.engine.kernel", None)

    assert engine_for() == ("numpy", NOT_BUILT)
    assert pair_of(TRAPS["named places"]())[0].owners([91.754], [29.254]).tolist() >= [0]


def test_without_a_compiler_the_package_is_built_all_the_same(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "geoservice" / "engine", tmp_path / "geoservice" / "engine",
                    ignore=shutil.ignore_patterns("*.so", "__pycache__"))  # fmt: skip
    shutil.copy(ROOT / "setup.py", tmp_path)
    (tmp_path / "setup.cfg").write_text("[metadata]\nname = geoservice\n")
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]

    subprocess.run(command, cwd=tmp_path, env=os.environ | {"CC": "/bin/false"}, capture_output=True, check=True)
    without = list(tmp_path.rglob("*.so"))
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)

    assert without == []
    assert [file.name for file in tmp_path.glob("geoservice/engine/*.so")] == ["kernel.abi3.so"]
