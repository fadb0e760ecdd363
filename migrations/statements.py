"""Run the .sql files that revisions are made of."""

from importlib.resources import files

from alembic import op


def run(name: str) -> None:
    """Run every statement of migrations/sql/`name` in the revision's transaction.

    The driver is asked directly: the files hold `%` and `:` that SQLAlchemy would read as parameters.
    """
    statements = files("migrations").joinpath("sql", name).read_text(encoding="utf-8")
    op.get_bind().connection.driver_connection.execute(statements)
