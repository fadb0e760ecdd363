"""Whose number stands in postmaster.pid."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geoservice.embedded.postmaster import find_postmaster


@pytest.mark.parametrize("number", ["-{}", "0", "2147483648", "", "x"])
def test_what_is_no_number_of_a_living_postmaster_is_none(tmp_path: Path, number: str) -> None:
    """With a minus it is what makes a cluster: killed, it leaves the number behind."""
    (tmp_path / "postmaster.pid").write_text(f"{number.format(os.getpid())}\n{tmp_path}\n0\n54330\n", encoding="utf-8")

    assert find_postmaster(tmp_path) is None
