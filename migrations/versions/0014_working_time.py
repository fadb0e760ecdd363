"""Working time. Locks: ACCESS EXCLUSIVE on incident for a moment, no row is rewritten; what is open gets no limit."""

from migrations.statements import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run("0014_working_time.up.sql")


def downgrade() -> None:
    run("0014_working_time.down.sql")
