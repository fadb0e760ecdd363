"""Answers to what services ask for."""

from __future__ import annotations

from typing import Any

import pytest

from geoservice.domain.answering import REQUIRED, judged

LIST = {"code": "signs", "datatype": "multivaluelist", "values": [{"key": "dark", "name": "Dark"}, {"key": "tilted"}]}
ONE = LIST | {"code": "one", "datatype": "singlevaluelist", "required": True}
NUMBER = {"code": "lamps", "datatype": "number"}
TIME = {"code": "since", "datatype": "datetime"}
ALL = (LIST, ONE, NUMBER, TIME)


def test_answers_are_kept_and_what_nobody_asks_for_is_left_out() -> None:
    given: dict[str, Any] = {
        "signs": ["dark", "tilted"], "one": "dark", "lamps": "-3.5", "since": "2026-03-01T08:00", "name": "nobody's",
    }  # fmt: skip
    assert judged(ALL, given) == ({name: answer for name, answer in given.items() if name != "name"}, {})


@pytest.mark.parametrize(
    ("given", "code", "fault"),
    [
        ({}, "one", REQUIRED), ({"one": ""}, "one", REQUIRED), ({"one": []}, "one", REQUIRED),
        ({"one": "red"}, "one", "is one of dark, tilted"), ({"one": ["dark", "tilted"]}, "one", "has one answer"),
        ({"one": "dark", "signs": ["dark", "red"]}, "signs", "is one of dark, tilted"),
        ({"one": "dark", "lamps": "three"}, "lamps", "is a number, such as 3"),
        ({"one": "dark", "lamps": "３"}, "lamps", "is a number, such as 3"),
        ({"one": "dark", "since": "yesterday"}, "since", "is a time, such as 2026-03-01T08:00:00+08:00"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_code(given: dict[str, Any], code: str, fault: str) -> None:
    assert judged(ALL, given)[1] == {code: fault}
