"""Territory by spells, with the time of knowledge. Locks: ACCESS EXCLUSIVE on territory while it is built anew."""

from migrations.statements import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run("0010_territory.up.sql")


def downgrade() -> None:
    run("0010_territory.down.sql")
