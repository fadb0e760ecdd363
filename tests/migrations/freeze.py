"""Write the schema, as its files say it now, into the SQL of a revision.

    python -m tests.migrations.freeze 0001_foundation

A revision that was released is never written again: it must not change when the schema does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from migrations.schema import statements

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"

if __name__ == "__main__":
    (VERSIONS / f"{sys.argv[1]}.sql").write_text(statements(), encoding="utf-8")
