"""What was known at an instant is told when no publication can change it any more. Locks: none but of functions."""

from migrations.statements import run

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run("0021_settled_knowledge.up.sql")


def downgrade() -> None:
    run("0021_settled_knowledge.down.sql")
