"""Staff, postings, services and API keys. Locks: new tables only."""

from migrations.statements import run

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run("0004_people_at_work.up.sql")


def downgrade() -> None:
    run("0004_people_at_work.down.sql")
