"""Events, and reports sent twice. Locks: ACCESS EXCLUSIVE on outbox, SHARE ROW EXCLUSIVE on incident_event."""

from migrations.statements import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run("0016_events.up.sql")


def downgrade() -> None:
    run("0016_events.down.sql")
