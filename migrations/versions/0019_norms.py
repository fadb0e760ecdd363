"""Norms: what a jurisdiction wants of its grids. Locks: ACCESS EXCLUSIVE on jurisdiction and finding for a moment."""

from migrations.statements import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run("0019_norms.up.sql")


def downgrade() -> None:
    run("0019_norms.down.sql")
