"""The run from points to owners: pieces are answered side by side and written in order, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

from geoservice.assigning.formats import form_of, require_format, source_of
from geoservice.assigning.mistakes import likely_mistake
from geoservice.assigning.model import (
    NAMED_ROWS,
    NO_POSITION,
    Answers,
    CoordinateColumns,
    Form,
    Geometry,
    Misplaced,
    OnProgress,
    Piece,
    Progress,
    Request,
    Source,
    Summary,
)
from geoservice.assigning.owners import Owners
from geoservice.assigning.point_errors import FolderMissing, OutputExists, OutputIsInput
from geoservice.assigning.positions import numbers, points, precision_remarks
from geoservice.engine.answers import Method
from geoservice.reading.crs import Placing, placing
from geoservice.writing.atomic_files import atomic_write

#: Answered pieces that wait for their turn to be written, beside those that are being answered.
_WAITING = 1


def assign(request: Request, owners: Owners, on_progress: OnProgress = lambda progress: None) -> Summary:
    """Write the points of a file with the grid that owns each; every column is kept, two are added.

    Parameters
    ----------
    on_progress
        Hears of each piece that was written.

    Raises
    ------
    GeoserviceError
        Something is wrong with the points or with what was asked; there is no output then.
    """
    began = time.monotonic()
    _require_outputs(request)
    source = source_of(request)
    geometry = source.where if isinstance(source.where, Geometry) else None
    stated = geometry.crs if geometry else None
    places = placing(request.crs, stated, in_file=geometry is not None, allow_ballpark=request.allow_ballpark)
    form = form_of(request, source, places, owners.index.codes)
    summary = Summary(where=source.where)
    misplaced: list[Misplaced] = []

    def answered(piece: Piece) -> tuple[Piece, Answers, Any]:
        answers = answers_of(piece, owners, places, source)
        return piece, answers, form.shaped(piece, answers)

    def shaped() -> Generator[Any, None, None]:
        for piece, answers, made in _side_by_side(answered, source.pieces()):
            yield made
            _count(answers, summary)
            misplaced.extend(answers.misplaced[: NAMED_ROWS - len(misplaced)])
            on_progress(Progress(summary.rows, piece.share))

    _write_whole(form, request, shaped())
    summary.seconds = time.monotonic() - began
    summary.remarks += [*owners.remarks, *source.remarks]  # a source may find out on the way what is to be told
    if isinstance(source.where, CoordinateColumns):
        summary.remarks += precision_remarks(source.schema, source.where)
    if places.doubt is not None:
        summary.remarks.append(f"{request.points.name}: {places.doubt}")
    summary.remarks += [_misplaced_remark(one, request, places) for one in misplaced]
    if summary.is_nowhere:
        summary.mistake = likely_mistake(misplaced, source.where)
    return summary


def _require_outputs(request: Request) -> None:
    require_format(request.out)
    if request.out.exists() and request.points.exists() and request.out.samefile(request.points):
        raise OutputIsInput(file=str(request.out))
    if request.out.exists() and not request.overwrite:
        raise OutputExists(file=str(request.out))
    if not request.out.absolute().parent.is_dir():
        raise FolderMissing(folder=str(request.out.absolute().parent))


def _side_by_side(work: Callable[[Piece], Any], pieces: Iterator[Piece]) -> Iterator[Any]:
    """Yield what becomes of each piece, in order; few are on their way at a time, so memory stays flat.

    One thread reads ahead, some answer, and whoever takes what is yielded writes.
    """
    workers = os.cpu_count() or 1
    reader = ThreadPoolExecutor(1, thread_name_prefix="assign-read")
    pool = ThreadPoolExecutor(workers, thread_name_prefix="assign")
    waiting: deque[Future[Any]] = deque()
    try:
        ahead = reader.submit(next, pieces, None)
        while (piece := ahead.result()) is not None:
            ahead = reader.submit(next, pieces, None)
            waiting.append(pool.submit(work, piece))
            if len(waiting) >= workers + _WAITING:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        reader.shutdown(cancel_futures=True)
        pool.shutdown(cancel_futures=True)


def answers_of(piece: Piece, owners: Owners, places: Placing, source: Source) -> Answers:
    """Return the owners of a piece's rows.

    Raises
    ------
    NotNumbers, NotAPoint, PointsUnreadable
        A column holds no numbers, a geometry is no point, or rows are broken.
    """
    found = piece.coordinates()
    if isinstance(found, tuple):
        names = source.where if isinstance(source.where, CoordinateColumns) else CoordinateColumns("x", "y")
        x, y = (numbers(column, name) for column, name in zip(found, names, strict=True))
    else:
        x, y = points(found, piece.first_row)
    lon, lat = places(x, y)
    owner, method = owners.ask(lon, lat)
    nowhere = np.flatnonzero(np.isnan(lon))[:NAMED_ROWS].tolist()
    said = found if isinstance(found, tuple) else (x, y)
    misplaced = tuple(Misplaced(piece.first_row + at, _shown(said[0], at), _shown(said[1], at)) for at in nowhere)
    return Answers(owner, method, lon, lat, misplaced)


def _shown(column: Any, at: int) -> str:
    value = column[at]
    if isinstance(value, pa.Scalar):
        value = value.as_py()
    return "nothing" if value is None or value == "" or value != value else str(value)[:40]


def _count(answers: Answers, summary: Summary) -> None:
    # NO_POSITION is -1: counted from there.
    counts = np.bincount(answers.method - NO_POSITION, minlength=len(Method) + 1).tolist()
    summary.rows += len(answers.method)
    summary.without_position += counts[0]
    summary.covered += counts[Method.COVERS - NO_POSITION]
    summary.nearest += counts[Method.NEAREST - NO_POSITION]
    summary.none += counts[Method.NONE - NO_POSITION]


def _misplaced_remark(one: Misplaced, request: Request, places: Placing) -> str:
    if places.is_shifted:
        return (
            f"Row {one.row} of {request.points.name} has no place in mainland China, and {places.name} is used nowhere"
            f" else: {one.x}, {one.y}."
        )
    return f"Row {one.row} of {request.points.name} has no position on the earth: {one.x}, {one.y}."


def _write_whole(form: Form, request: Request, shaped: Generator[Any, None, None]) -> None:
    """Write beside the output and put it in its place when it is whole."""
    try:
        with atomic_write(request.out, overwrite=request.overwrite) as unfinished, contextlib.closing(shaped):
            form.write(unfinished, shaped)
    except FileExistsError as exc:
        raise OutputExists(file=str(request.out.absolute())) from exc
