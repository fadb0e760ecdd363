"""One application for all tests that only knock at its door, as building one for each would take longer; and a QGIS."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.geoservice.web.door import Door, open_door


@pytest.fixture(scope="session")
def door(live: Any) -> Iterator[Door]:
    """Return an application that shares its database with the live server."""
    with open_door(live.database_url) as door:
        yield door


@pytest.fixture(scope="session")
def qgis_python() -> str:
    """Return a Python that has QGIS, or skip."""
    for candidate in (os.environ.get("GEOSERVICE_TEST_QGIS_PYTHON"), "/usr/bin/python3", shutil.which("python3")):
        if candidate is None or not Path(candidate).exists():
            continue
        asked = subprocess.run([candidate, "-c", "import qgis.core"], capture_output=True, timeout=60, check=False)
        if asked.returncode == 0:
            return candidate
    pytest.skip("no QGIS: install it, or name its Python in GEOSERVICE_TEST_QGIS_PYTHON")
