"""Webhooks and their deliveries. Locks: SHARE ROW EXCLUSIVE on jurisdiction, for the foreign key."""

from migrations.statements import run

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run("0018_webhooks.up.sql")


def downgrade() -> None:
    run("0018_webhooks.down.sql")
