"""Whatever process of an instance says something, and through whichever library, it is one JSON object a line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

SAY = "from geoservice.running.logging import configure_logging; configure_logging(); "
WAYS = {
    "ours": "import structlog; structlog.get_logger().warning('谁 said\\nthis', grid='A1')",
    "of a library": "import logging; logging.getLogger('granian').warning('谁 said\\nthis')",
    "a warning": "import warnings; warnings.warn('谁 said\\nthis')",
    "an error that nobody caught": "raise RuntimeError('谁 said\\nthis')",
    "the same in a thread": "from threading import Thread; Thread(target=lambda: int('谁 said\\nthis')).start()",
}


def said(program: str) -> list[Mapping[str, Any]]:
    done = subprocess.run([sys.executable, "-c", SAY + program], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_say_something_is_one_line_of_one_form(way: str) -> None:
    [line] = said(WAYS[way])

    assert {"event", "level", "timestamp", "process", "pid"} <= set(line)
    assert line["timestamp"].endswith("Z")
    assert "谁 said" in json.dumps(line, ensure_ascii=False)


def test_libraries_tell_nothing_of_what_they_are_given_also_when_everything_is_to_be_told() -> None:
    program = "import logging; configure_logging('debug'); logging.getLogger('psycopg').debug('谁')"

    assert said(program) == []


def test_a_line_names_the_process_that_it_comes_from_also_after_a_fork() -> None:
    lines = said(
        "import os, structlog; from geoservice.running.processes import name_process\n"
        "name_process('gs-parent'); structlog.get_logger().info('one')\n"
        "if os.fork() == 0: name_process('gs-child'); structlog.get_logger().info('two'); os._exit(0)\n"
        "os.wait()"
    )

    assert [(line["event"], line["process"]) for line in lines] == [("one", "gs-parent"), ("two", "gs-child")]
    assert lines[0]["pid"] != lines[1]["pid"]


def test_a_process_goes_on_when_nobody_takes_its_lines() -> None:
    program = "import logging, structlog; structlog.get_logger().info('x'); logging.warning('x'); print('goes on')"
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", SAY + program], stdout=subprocess.PIPE, stderr=full, check=False)

    assert done.stdout == b"goes on\n"
