"""Norms: what a jurisdiction wants of its grids. Locks: ACCESS EXCLUSIVE on jurisdiction and finding for a moment."""

from migrations.statements import run

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run("0020_norms.up.sql")


def downgrade() -> None:
    run("0020_norms.down.sql")
