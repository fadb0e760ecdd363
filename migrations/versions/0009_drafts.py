"""Drafts: their base, their steps, one writer at a time. Locks: ACCESS EXCLUSIVE on edition and grid, briefly."""

from migrations.statements import run

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run("0009_drafts.up.sql")


def downgrade() -> None:
    run("0009_drafts.down.sql")
