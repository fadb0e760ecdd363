"""What is installed is whole: no room is forgotten when its files are not Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("geoservice", "layers", "migrations", "tilegen")
BUILD = "from setuptools import build_meta; build_meta.build_wheel('.')"


def test_a_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout  # fmt: skip
    files = {name for name in listed.split("\0") if name}
    for name in (*files, "setup.cfg", "setup.py", "pyproject.toml", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    subprocess.run([sys.executable, "-c", BUILD], cwd=tmp_path, capture_output=True, check=True)

    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.split("-", 2)[2].startswith("cp311-abi3-")  # the kernel in it fits every later Python
    assert len(files) > 900
    assert files - set(zipfile.ZipFile(wheel).namelist()) == set()
