"""Alembic's entry: compare the tables that the layers declare with the database it is given."""

from importlib import import_module

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

from layers.db.base import Base

#: Where tables are declared: importing registers them.
DECLARED_IN = (
    *(f"geoservice.records.{name}.tables" for name in ("calendars", "keys", "outbox", "webhooks")),
    *(f"layers.{name}.tables" for name in (
        "basemap", "buildings", "cameras", "grids", "households", "incidents", "jurisdictions", "organisations",
        "staff",
    )),
    "layers.tables",
)  # fmt: skip
for module in DECLARED_IN:
    import_module(module)

#: Outside the schema it describes: it is there before that is made.
VERSION_TABLE = "geoservice_schema_version"


def include_name(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    """Look into the service's own schema only: a user's database may hold others."""
    return name == Base.metadata.schema if kind == "schema" else True


def migrate(connection: Connection) -> None:
    """Run the asked migrations on an open connection, all in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        include_schemas=True,
        include_name=include_name,
        include_object=alembic_helpers.include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


migrate(context.config.attributes["connection"])
