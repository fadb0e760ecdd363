"""Schema, extensions, group roles and shared checks. Locks: no table yet."""

from migrations.statements import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    run("0001_ground.up.sql")


def downgrade() -> None:
    run("0001_ground.down.sql")
