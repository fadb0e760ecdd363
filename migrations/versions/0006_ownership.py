"""The rule of ownership: owner_of, routing triggers, publishing. Locks: functions and triggers on new tables."""

from migrations.statements import run

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run("0006_ownership.up.sql")


def downgrade() -> None:
    run("0006_ownership.down.sql")
