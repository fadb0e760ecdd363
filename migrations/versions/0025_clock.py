"""The clock knows what is due next, and is woken. Locks: SHARE ROW EXCLUSIVE on incident and webhook for a moment."""

from migrations.statements import run

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run("0025_clock.up.sql")


def downgrade() -> None:
    run("0025_clock.down.sql")
