"""The command `geoservice assign`: owners for a file of points, file to file, as a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import shapely

from geoservice.cli.main import COMMANDS
from geoservice.engine.index import OwnershipIndex
from tests.benchmarks.datasets import SETS, Grids, spread_evenly
from tests.benchmarks.goals import Goal, at_least, below, number
from tests.benchmarks.measuring import ROOT, Figures, LeftOut, Say, WrongAnswers, medians
from tests.benchmarks.scale import Scale

TITLE = "Assigning a file of points"
NAME = "synthetic, 300"
CODE = "code"
MILLIONS_S, PEAK_MB = 3.0, 1_000
#: Rows written and compared at a time.
_CHUNK = 1_000_000
#: Bytes on the disk for a row: both inputs and both outputs, and some room.
_BYTES_A_ROW = 250
FORMATS = ("parquet", "csv")
#: So few points that the time is that of starting and ending.
_FEW = 100


def measured(scale: Scale, say: Say) -> Figures:
    """Return seconds and memory, Parquet to Parquet and CSV to CSV; raise LeftOut, WrongAnswers."""
    if "assign" not in COMMANDS:
        raise LeftOut("the command assign is not there")
    with tempfile.TemporaryDirectory(prefix="geoservice-bench-") as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < _BYTES_A_ROW * scale.assign_rows:
            raise LeftOut(f"the disk has no room for the files of {scale.assign_rows:,} points")
        say(f"assign: writing {scale.assign_rows:,} points")
        grids = SETS[NAME]()
        write_grids(folder / "grids.geojson", grids)
        write_points(folder, grids, scale.assign_rows)
        rounds: dict[str, list[Figures]] = {ending: [] for ending in (*FORMATS, "few")}
        for turn in range(scale.assign_rounds):
            for ending, found in rounds.items():
                say(f"assign: {ending}, round {turn + 1} of {scale.assign_rounds}")
                found.append(assign(folder, ending) if ending in FORMATS else assign(folder, "parquet", few=True))
        say("assign: answers compared")
        check_answers(folder, grids)
        sizes = {
            ending: {what: (folder / f"{what}.{ending}").stat().st_size / 1e6 for what in ("points", "owned")}
            for ending in FORMATS
        }
    return {
        "set": NAME,
        "rows": scale.assign_rows,
        "rounds": scale.assign_rounds,
        **{ending: medians(rounds[ending]) | sizes[ending] for ending in FORMATS},
        "start_s": medians(rounds["few"])["seconds"],
    }


def write_grids(file: Path, grids: Grids) -> None:
    """Write grids as GeoJSON."""
    features = [
        {"type": "Feature", "properties": {CODE: code}, "geometry": shapely.geometry.mapping(geom)}
        for code, geom in grids.items()
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def write_points(folder: Path, grids: Grids, rows: int) -> None:
    """Write the same points as Parquet and as CSV (a number, lon, lat), and a few of them once more."""
    lonlats = spread_evenly(grids, rows)
    schema = pa.schema([("id", pa.int64()), ("lon", pa.float64()), ("lat", pa.float64())])
    with (
        pq.ParquetWriter(folder / "points.parquet", schema) as parquet,
        pyarrow.csv.CSVWriter(folder / "points.csv", schema) as text,
    ):
        for begin in range(0, rows, _CHUNK):
            lon, lat = np.ascontiguousarray(lonlats[begin : begin + _CHUNK].T)
            chunk = pa.table([np.arange(begin, begin + len(lon)), lon, lat], schema=schema)
            parquet.write_table(chunk)
            text.write_table(chunk)
            if begin == 0:
                pq.write_table(chunk[:_FEW], folder / "few.parquet")


def assign(folder: Path, ending: str, *, few: bool = False) -> Figures:
    """Return the wall seconds and the peak megabytes of one run, start and end of the process included."""
    points, out = (folder / f"{name}.{ending}" for name in (("few", "few_owned") if few else ("points", "owned")))
    out.unlink(missing_ok=True)
    command = [
        *(sys.executable, "-m", "tests.benchmarks.child", sys.executable, "-m", "geoservice.cli.main"),
        *("assign", str(points), str(out)),
        *("--grids", str(folder / "grids.geojson"), "--code", CODE),
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: Figures = json.loads(run.stdout)
    if found.pop("status"):
        raise WrongAnswers(f"assign: {run.stderr[-2000:]}")
    return found


def check_answers(folder: Path, grids: Grids) -> None:
    """Raise WrongAnswers when a column of a result is not as it was sent, or not what the index says."""
    index = OwnershipIndex.build(list(grids), list(grids.values()))
    points = pq.read_table(folder / "points.parquet", columns=["lon", "lat"])
    owners = index.owners(points["lon"].to_numpy(), points["lat"].to_numpy())
    expected = pa.array(index.codes, pa.string()).take(pa.array(owners, mask=owners < 0))
    for column in _TYPES:
        if column == "grid_code":
            right = pa.chunked_array([expected])
        elif column == "method":
            right = pc.if_else(pc.is_valid(expected), "covers", "none")
            right = pa.chunked_array([right])
        else:
            right = pq.read_table(folder / "points.parquet", columns=[column])[column]
        for file in (folder / f"owned.{ending}" for ending in FORMATS):
            found = _column(file, column).cast(_TYPES[column])
            if not found.combine_chunks().equals(right.combine_chunks()):
                raise WrongAnswers(f"assign: column {column} of {file.name} is not what it should be")


#: The columns of a result; codes are text even when they look like numbers.
_TYPES = {"id": pa.int64(), "lon": pa.float64(), "lat": pa.float64(), "grid_code": pa.string(), "method": pa.string()}


def _column(file: Path, name: str) -> pa.ChunkedArray:
    if file.suffix == ".parquet":
        return pq.read_table(file, columns=[name])[name]
    how = pyarrow.csv.ConvertOptions(include_columns=[name], column_types=_TYPES, strings_can_be_null=True)
    return pyarrow.csv.read_csv(file, convert_options=how)[name]


def goals(found: Figures) -> list[Goal]:
    """Return what was to be reached."""
    parquet = found["parquet"]
    what = f"assign: {found['rows']:,} points, Parquet to Parquet"
    return [
        at_least(f"{what}, millions a second", found["rows"] / parquet["seconds"] / 1e6, MILLIONS_S),
        below(f"{what}, peak memory", parquet["peak_mb"], PEAK_MB, " MB"),
    ]


def table(found: Figures) -> list[str]:
    """Return the figures as markdown."""
    return [
        f"`geoservice assign` of {found['rows']:,} points to {found['set']} grids, medians of {found['rounds']} rounds",
        "in turns, start and end of the process included. Every column of both results is compared with what was sent",
        "and with the index.",
        "",
        "| files | points MB | result MB | seconds | millions of points a second | peak MB |",
        "|---|--:|--:|--:|--:|--:|",
        *(_row(ending, found[ending], found["rows"]) for ending in FORMATS),
        "",
        f"{_FEW} points take {number(found['start_s'])} s: starting, reading the grids, ending.",
    ]


def _row(ending: str, one: Figures, rows: int) -> str:
    cells = [number(one[name]) for name in ("points", "owned", "seconds")]
    cells += [number(rows / one["seconds"] / 1e6), number(one["peak_mb"])]
    return f"| {ending} to {ending} | {' | '.join(cells)} |"
