"""Previews and publishing by what changes. Locks: ACCESS EXCLUSIVE on incident while a column is filled."""

from migrations.statements import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run("0011_publishing.up.sql")


def downgrade() -> None:
    run("0011_publishing.down.sql")
