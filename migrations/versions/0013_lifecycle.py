"""From report to rating. Locks: ACCESS EXCLUSIVE on incident, incident_event and api_key, no row is rewritten."""

from migrations.statements import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run("0013_lifecycle.up.sql")


def downgrade() -> None:
    run("0013_lifecycle.down.sql")
