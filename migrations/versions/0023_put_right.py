"""An incident whose place is put right is routed by what is in force. Locks: none but of a function."""

from migrations.statements import run

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run("0023_put_right.up.sql")


def downgrade() -> None:
    run("0023_put_right.down.sql")
