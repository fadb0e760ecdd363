"""Short words are not searched for numbers. Locks: none; the checks that ask the function say the same as before."""

from migrations.statements import run

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run("0019_short_words.up.sql")


def downgrade() -> None:
    run("0019_short_words.down.sql")
