"""How the command line was typed, for advice that can be typed after it."""

from __future__ import annotations

import sys


def own_name() -> str:
    """Return the command as it was typed: in a checkout it is .venv/bin/geoservice, which no search path knows."""
    typed = sys.argv[0]
    return typed if typed.endswith("/geoservice") else "geoservice"
