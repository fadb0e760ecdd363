"""Jurisdictions, editions, grids and what is in force. Locks: new tables only."""

from migrations.statements import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run("0002_editions.up.sql")


def downgrade() -> None:
    run("0002_editions.down.sql")
