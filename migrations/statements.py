"""Run SQL as it stands in a file."""

from sqlalchemy import Connection


def run(connection: Connection, statements: str) -> None:
    """Run every statement in the connection's transaction.

    The driver is asked directly: the files hold `%` and `:` that SQLAlchemy would read as parameters.
    """
    connection.connection.driver_connection.execute(statements)  # type: ignore[union-attr]
