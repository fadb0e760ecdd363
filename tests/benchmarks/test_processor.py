"""What the kernel counts of threads is read right: compared with the clocks that count a processor's time."""

from __future__ import annotations

import os
import threading
import time

from tests.benchmarks.processor import Threads

WORK_S = 0.2
#: The kernel brings its counts up to date at each tick of its own, 10 ms at the longest.
TICKS_MS = 50


def work() -> None:
    """Run for so long, whatever else does."""
    ends = time.thread_time() + WORK_S
    while time.thread_time() < ends:
        pass


def test_a_thread_has_run_for_as_long_as_it_had_a_processor() -> None:
    with Threads() as own:
        before, began = own.spent(), time.thread_time()
        work()
        spent, ran_ms = own.spent() - before, (time.thread_time() - began) * 1000

    assert abs(spent.ran_ms - ran_ms) < TICKS_MS
    assert spent.waited_ms >= 0


def test_a_process_is_all_of_its_threads_and_a_thread_is_itself() -> None:
    go, done, stay = threading.Event(), threading.Event(), threading.Event()

    def other() -> None:
        go.wait()
        work()
        done.set()
        stay.wait()

    thread = threading.Thread(target=other)
    thread.start()
    with Threads(os.getpid()) as process, Threads() as own:
        before, own_before = process.spent(), own.spent()
        go.set()
        done.wait()
        spent, own_spent = process.spent() - before, own.spent() - own_before
    stay.set()
    thread.join()

    assert spent.ran_ms > WORK_S * 1000 - TICKS_MS
    assert own_spent.ran_ms < TICKS_MS
