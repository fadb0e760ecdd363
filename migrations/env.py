"""Alembic's entry: compare the tables that the layers declare with the database it is given."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

import layers.basemap.tables
import layers.buildings.tables
import layers.calendars.tables
import layers.cameras.tables
import layers.grids.tables
import layers.households.tables
import layers.incidents.tables
import layers.jurisdictions.tables
import layers.keys.tables
import layers.organisations.tables
import layers.outbox.tables
import layers.schedule.tables
import layers.staff.tables
import layers.webhooks.tables  # noqa: F401 - all of these for what importing does: the tables register themselves
from layers.db.base import Base

#: Outside the schema it describes: `downgrade base` drops that schema.
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
