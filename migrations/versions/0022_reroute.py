"""A preview says what becomes of open incidents, by the policy of the jurisdiction. Locks: none but of functions."""

from migrations.statements import run

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run("0022_reroute.up.sql")


def downgrade() -> None:
    run("0022_reroute.down.sql")
