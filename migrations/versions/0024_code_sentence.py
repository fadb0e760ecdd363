"""What is wrong with a grid's code or name is said in a sentence. Locks: SHARE ROW EXCLUSIVE on grid for a moment."""

from migrations.statements import run

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run("0024_code_sentence.up.sql")


def downgrade() -> None:
    run("0024_code_sentence.down.sql")
