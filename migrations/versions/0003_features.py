"""Base map, buildings, households, cameras, organisations. Locks: new tables only."""

from migrations.statements import run

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run("0003_features.up.sql")


def downgrade() -> None:
    run("0003_features.down.sql")
