"""What benchmarks make of figures: ratios, goals, results that are kept, and the page; nothing is measured here."""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import batches, bodies, building, comparing, cores, page, results
from tests.benchmarks.goals import at_least, below, number
from tests.benchmarks.measuring import WrongAnswers, in_turns, median_ratio, medians
from tests.benchmarks.rivals import Contender, smallest
from tests.oracles import random_lonlats

AROUND: dict[str, Any] = {
    "command": "python -m tests.benchmarks", "commit": "abc1234", "date": "2026-01-01 00:00 UTC", "machine": "2 cores",
    "versions": {"numpy": "2"}, "trial": False, "load before": 0.1, "load after": 1.0,
}  # fmt: skip
CORES = {
    "set": "synthetic, 300", "positions": 1000,
    "threads": [{"count": 1, "rate": 2e6, "times one": 1.0}, {"count": 2, "rate": 3e6, "times one": 1.5}],
    "processes": [{"count": 1, "rate": 2e6, "times one": 1.0}],
}  # fmt: skip


def answering(name: str, answers: list[int]) -> Contender:
    return Contender(name, "", len(answers), lambda: answers, np.asarray)


def test_everybody_is_asked_in_turn() -> None:
    asked: list[str] = []

    seconds = in_turns({name: lambda name=name: asked.append(name) for name in "AB"}, 2)

    assert asked == ["A", "B", "A", "B"]
    assert {name: len(each) for name, each in seconds.items()} == {"A": 2, "B": 2}


def test_ratios_compare_neighbours_in_time() -> None:
    assert median_ratio([10, 40, 20], [1, 4, 1]) == 10
    assert medians([{"a": 1}, {"a": 5}, {"a": 2}]) == {"a": 2}


def test_numbers_are_short_and_lose_nothing_that_counts() -> None:
    figures = [0, 0.0034, 0.25, 1, 2.345, 20.04, 99.96, 123456.7, float("nan")]

    assert [number(one) for one in figures] == ["0", "0.0034", "0.25", "1", "2.35", "20", "100", "123,457", "?"]


def test_goals_know_on_which_side_they_are_met() -> None:
    assert [at_least("", 20, 20).met, at_least("", 19.9, 20).met] == [True, False]
    assert [below("", 1, 1).met, below("", 0.9, 1).met] == [False, True]


def test_the_smallest_of_several_grids_owns() -> None:
    assert smallest(3, [0, 2, 0], [7, 1, 5]).tolist() == [5, -1, 1]


def test_a_wrong_answer_stops_the_comparison() -> None:
    ours = answering("owners", [1, 2, -1])
    comparing.check_equal([ours, answering("few", [1, 2])])

    with pytest.raises(WrongAnswers, match="1 of 2"):
        comparing.check_equal([ours, answering("wrong", [1, 3])])


def test_rates_are_compared_for_each_position() -> None:
    asked = [answering("owners", [0] * 100), answering("SedonaDB", [0] * 10)]

    found = comparing.figures(asked, {"owners": [1.0, 1.0], "SedonaDB": [1.0, 2.0]})

    assert found["asked"]["owners"]["rate"] == 100
    assert found["ratios"] == {"owners / SedonaDB": pytest.approx(15)}


def test_sets_that_are_not_there_have_no_goal_and_are_told() -> None:
    found = {"sets": {"Chicago, 275": {"left out": "the development data are not there"}}}

    assert comparing.goals(found) == []
    assert "- Left out: Chicago, 275, the development data are not there." in comparing.table(found)
    assert building.goals({}) == []


@pytest.mark.parametrize("form", bodies.FORMS)
def test_forms_are_written_with_every_digit(form: str) -> None:
    lonlats = random_lonlats((91, 29, 92, 30), 3, seed=1)

    body = bodies.FORMS[form].written(lonlats)

    if form != "Arrow":
        assert all(repr(value).encode() in body for value in lonlats.ravel().tolist())


def test_growth_is_that_after_the_second_request() -> None:
    assert batches.growth_mb({"after_mb": [100.0, 150.0, 155.0, 152.0]}) == 2


@pytest.mark.parametrize("machine, expected", [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_cores_are_doubled_up_to_all(monkeypatch: pytest.MonkeyPatch, machine: int, expected: list[int]) -> None:
    monkeypatch.setattr(cores.os, "cpu_count", lambda: machine)

    assert cores.counts() == expected


def test_measuring_a_part_again_replaces_it_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.json"
    first = results.merged(results.read(file), "cores", AROUND, CORES)
    results.write(file, results.merged(first, "http", AROUND, {"left out": "wrk is not installed"}))

    again = results.merged(results.read(file), "cores", AROUND, {"left out": "no cores"})

    assert list(again) == ["cores", "http"]
    assert again["cores"]["figures"] == {"left out": "no cores"}
    assert again["http"]["figures"] == {"left out": "wrk is not installed"}


def test_figures_are_kept_with_the_digits_that_count() -> None:
    assert results.rounded({"a": [1.23456789, (12345678.9, 3)], "b": "1.23456789"}) == {
        "a": [1.2346, [12346000.0, 3]], "b": "1.23456789",
    }  # fmt: skip


def test_the_page_tells_what_was_measured_and_what_was_left_out() -> None:
    found = results.merged({}, "http", AROUND, {"left out": "wrk is not installed"})
    text = page.rendered(results.merged(found, "cores", AROUND | {"trial": True}, CORES))

    assert "Left out: wrk is not installed." in text
    assert "| 2 threads | 3 | 1.5 |\n| 1 process | 2 | 1 |" in text
    assert "**A trial" in text
    assert text.index("## Single look-ups") < text.index("## More cores") < text.index("## Circumstances")
    assert "| http | abc1234 | 2026-01-01 00:00 UTC |" in text


def test_a_page_of_nothing_says_so() -> None:
    assert "Nothing has been measured yet." in page.rendered({})


def test_goals_are_told_by_how_many_are_met() -> None:
    form = {"rows": 10_000, "sent_mb": 1.0, "received_mb": 1.0, "shortest_s": 0.1, "longest_s": 0.2, "peak_mb": 100.0,
            "processor_s": 0.05}  # fmt: skip
    found = {
        "rounds": 3,
        "forms": {"JSON": form | {"seconds": 0.1}, "Arrow": form | {"seconds": 2.0}},
        "memory": {
            "form": "Arrow",
            "rows": 10,
            "before_mb": 90.0,
            "after_mb": [95.0, 96.0, 96.0],
            "peak_mb": [99.0],
        },
        "refused": [],
    }

    text = page.rendered(results.merged({}, "batch", AROUND, found))

    assert "2 of 3 are met." in text
    assert "| Batch: 10,000 positions as Arrow | below 1.5 s | 2 s | **missed** |" in text


def test_parts_are_named_or_all() -> None:
    assert command.options_of([]).only == list(page.PARTS)
    assert command.options_of(["--quick"]).out == command.TRIED
    assert command.parts_of("http,batch") == ["http", "batch"]
    with pytest.raises(argparse.ArgumentTypeError, match="there are engine, engines, http"):
        command.parts_of("http,speed")


def test_every_part_can_be_measured_told_and_judged() -> None:
    for part, name in itertools.product(page.PARTS.values(), ("measured", "goals", "table", "TITLE")):
        assert hasattr(part, name)
