"""Attributes of reports. Locks: ACCESS EXCLUSIVE on incident while an index is built (a million rows: a second)."""

from migrations.statements import run

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run("0015_attributes.up.sql")


def downgrade() -> None:
    run("0015_attributes.down.sql")
