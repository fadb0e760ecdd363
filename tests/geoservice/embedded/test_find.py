"""Finding a PostgreSQL that has PostGIS."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoservice.embedded import find
from geoservice.embedded.cluster_errors import PostgisNotFound


def make_programs(bin_dir: Path, version: str, share: Path) -> None:
    bin_dir.mkdir(parents=True)
    answers = {"postgres": f"postgres (PostgreSQL) {version}", "pg_config": str(share), "initdb": "", "pg_ctl": ""}
    for name, answer in answers.items():
        (bin_dir / name).write_text(f"#!/bin/sh\necho '{answer}'\n")
        (bin_dir / name).chmod(0o755)


def make_postgis(share: Path) -> None:
    (share / "extension").mkdir(parents=True)
    (share / "extension" / "postgis.control").write_text("")


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(find, "BIN_PATTERNS", ())
    monkeypatch.setenv("PATH", "/nonexistent")
    return monkeypatch


def test_this_machine_has_one() -> None:
    assert find.newest().major >= 13


def test_newest_comes_first_and_one_without_postgis_does_not_count(
    tmp_path: Path, bare_machine: pytest.MonkeyPatch
) -> None:
    for version in ("9.6", "16.2", "17rc1", "99.1"):
        make_programs(tmp_path / version / "bin", version, tmp_path / version / "share")
    for version in ("9.6", "16.2", "17rc1"):
        make_postgis(tmp_path / version / "share")
    bare_machine.setattr(find, "BIN_PATTERNS", (f"{tmp_path.relative_to('/')}/*/bin",))

    assert [one.major for one in find.installations()] == [17, 16, 9]


@pytest.mark.usefixtures("bare_machine")
def test_nothing_found_names_the_package() -> None:
    with pytest.raises(PostgisNotFound) as caught:
        find.newest()

    assert "postgresql-15-postgis-3" in caught.value.advice()
    assert "GEOSERVICE_DATABASE_URL" in caught.value.advice()


def test_programs_that_fail_are_passed_over(tmp_path: Path, bare_machine: pytest.MonkeyPatch) -> None:
    make_programs(tmp_path / "bin", "x", tmp_path / "share")
    (tmp_path / "bin" / "postgres").write_text("#!/bin/sh\nexit 1\n")
    bare_machine.setenv("PATH", str(tmp_path / "bin"))

    assert find.installations() == []
