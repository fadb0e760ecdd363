"""Work in a child process that may be stopped: what strangers send has kept overlays busy for minutes."""

from __future__ import annotations

import math
import multiprocessing
import resource
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

MEMORY_BYTES = 4_294_967_296
#: A machine with other work to do gives a child the time of its processor later: so many times its limit may pass.
_PATIENCE = 3

OnProgress = Callable[[float, str], None]
Work = Callable[..., Any]


class ChildDied(Exception):
    """The child died before it had answered."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class ChildTookTooLong(Exception):
    """The child was stopped at its limit of time."""


def in_child(
    work: Work, given: Sequence[Any], *, longest_s: float, raised: tuple[type[Exception], ...] = (),
    on_progress: OnProgress | None = None,
) -> Any:  # fmt: skip
    """Return what work answers in a process of its own, with a limit of time and memory.

    Parameters
    ----------
    work, given
        A function of a module, and what it is called with.
    longest_s
        Seconds of a processor, begun ones whole; three times that may pass.
    on_progress
        Called with the share that is done and what is being done; work is then called with `on_progress` of its own.
    raised
        What it may raise, which is raised here then; anything else is the death of the child.

    Raises
    ------
    ChildDied, ChildTookTooLong
        Nothing came of it.
    """
    context = multiprocessing.get_context("spawn")  # a fork would take the threads' locks along, but not the threads
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(
        target=_work_and_send, args=(theirs, work, list(given), raised, on_progress is not None, math.ceil(longest_s)),
        daemon=True,
    )  # fmt: skip
    child.start()
    theirs.close()
    try:
        return _answer(ours, child, time.monotonic() + _PATIENCE * longest_s, on_progress)
    finally:
        child.kill()
        child.join()
        ours.close()


def _answer(pipe: Connection, child: SpawnProcess, deadline_s: float, on_progress: OnProgress | None) -> Any:
    while (left_s := deadline_s - time.monotonic()) > 0:
        if not pipe.poll(min(left_s, 1.0)):
            continue
        try:
            kind, value = pipe.recv()
        except EOFError:
            child.join(1.0)
            if child.exitcode == -signal.SIGXCPU:
                raise ChildTookTooLong from None
            raise ChildDied(child.exitcode) from None
        if kind == "done":
            return value
        if kind == "raised":
            raise value
        if on_progress is not None:
            on_progress(*value)
    raise ChildTookTooLong


def _work_and_send(
    pipe: Connection, work: Work, given: list[Any], raised: tuple[type[Exception], ...], tells: bool, cpu_s: int
) -> None:
    """Send progress as ("progress", (share, what)), then ("done", answer) or ("raised", error)."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))  # at the second the kernel says no reason
    try:
        told = {"on_progress": lambda share, what: pipe.send(("progress", (share, what)))} if tells else {}
        answer = work(*given, **told)
    except raised as error:
        pipe.send(("raised", error))
    else:
        pipe.send(("done", answer))
