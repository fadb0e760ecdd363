"""Incidents and their history. Locks: new tables only."""

from migrations.statements import run

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run("0005_incidents.up.sql")


def downgrade() -> None:
    run("0005_incidents.down.sql")
