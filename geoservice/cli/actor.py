"""Who acts at the command line."""

from __future__ import annotations

import getpass
import os


def actor() -> str:
    """Return who acts, for the histories."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run as a number without a name
        return f"cli:{os.getuid()}"
