"""Spells of a grid by its code, and what moves without a guess. Locks: ACCESS EXCLUSIVE on territory."""

from migrations.statements import run

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run("0017_spells_by_code.up.sql")


def downgrade() -> None:
    run("0017_spells_by_code.down.sql")
