"""Notifications and fingerprints for those who keep copies. Locks: SHARE ROW EXCLUSIVE, briefly, for the triggers."""

from migrations.statements import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run("0008_announcements.up.sql")


def downgrade() -> None:
    run("0008_announcements.down.sql")
