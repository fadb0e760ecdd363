"""Publishing and writing take turns; a publication moves what features carry. Locks: none but of functions."""

from migrations.statements import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run("0023_turns.up.sql")


def downgrade() -> None:
    run("0023_turns.down.sql")
