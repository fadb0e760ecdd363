"""What each group role may do. Locks: grants only."""

from migrations.statements import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run("0007_rights.up.sql")


def downgrade() -> None:
    run("0007_rights.down.sql")
