"""The schema as it was at first. Locks: there is no table yet."""

from pathlib import Path

from alembic import op

from migrations.statements import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    run(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
