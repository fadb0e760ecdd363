"""Bands of age of households, as files tell them: everybody is in one, and nobody is guessed into one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geoservice.cli import advice as command_line
from geoservice.domain.importing.choices import Choices
from geoservice.domain.importing.model import ReadFeatures
from geoservice.errors import in_words
from geoservice.reading import file_errors
from geoservice.reading.features import read_features
from layers.households.layer import BANDS, HOUSEHOLDS


def households(path: Path, text: str, **mapping: str) -> ReadFeatures:
    path.write_text(text, encoding="utf-8")
    return read_features(str(path), HOUSEHOLDS, Choices(mapping=mapping))


def test_bands_from_60_on_are_split(tmp_path: Path) -> None:
    header = "楼栋号,户数,0-13岁,14-17岁,18-59岁,60岁以上,80岁以上,流动人口\n"
    text = header + "A,3,1,1,5,4,1,2\nB,3,1,1,5,4,5,2\nC,1,0,0,1,0,0,2\n"

    read = households(tmp_path / "a.csv", text)
    assert read.values["age_60_79"] == [3]
    assert [row.reason for row in read.refused] == [
        "fewer are 60 and older than 80 and older", "more are floating than there are",
    ]  # fmt: skip


def test_nobody_from_60_on_is_lost_when_a_file_does_not_tell_who_is_80(tmp_path: Path) -> None:
    text = "楼栋号,户数,0-13岁,14-17岁,18-59岁,60岁以上,流动人口\nA,3,1,1,5,4,2\n"

    with pytest.raises(file_errors.OldestNotTold) as refused:
        households(tmp_path / "a.csv", text)
    advice = in_words(refused.value, command_line.ADVICE) or ""
    [(field, header)] = re.findall(r"--column (\S+)=(\S+)", advice)

    read = households(tmp_path / "a.csv", text, **{field: header})
    assert sum(cells[0] for name, cells in read.values.items() if name in BANDS) == 11


def test_those_from_80_on_are_what_those_from_60_to_79_leave(tmp_path: Path) -> None:
    text = "楼栋号,户数,0-13岁,14-17岁,18-59岁,60-79岁,60岁以上,流动人口\nA,3,1,1,5,3,4,2\nB,3,1,1,5,5,4,2\n"

    read = households(tmp_path / "a.csv", text)
    assert read.values["age_80_plus"] == [1]
    assert [row.reason for row in read.refused] == ["fewer are 60 and older than 60 to 79"]


def test_those_from_60_on_are_both_bands_together(tmp_path: Path) -> None:
    text = "楼栋号,0-13岁,14-17岁,18-59岁,60-79岁,80岁以上,60岁以上\nA,1,1,5,3,1,4\nB,1,1,5,0,1,4\n"

    read = households(tmp_path / "a.csv", text)
    assert len(read.keys) == 1
    assert "together" in read.refused[0].reason
