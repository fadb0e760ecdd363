"""Who is concerned hears that a person is to decide whose an incident is. Locks: none but of functions."""

from migrations.statements import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run("0023_reroute_told.up.sql")


def downgrade() -> None:
    run("0023_reroute_told.down.sql")
