"""Alembic's entry: compare the tables that the layers declare with the database it is given."""

import importlib.util
import pkgutil
from collections.abc import Collection
from types import ModuleType

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection
from sqlalchemy.schema import SchemaItem

import geoservice.records
import layers
from layers.db.base import Base

#: Outside the schema it describes: it is there before that is made.
VERSION_TABLE = "geoservice_schema_version"


def declare_tables(home: ModuleType) -> None:
    """Import the module `tables` of every package of a home: importing is what registers them."""
    for package in pkgutil.iter_modules(home.__path__, f"{home.__name__}."):
        if package.ispkg and importlib.util.find_spec(f"{package.name}.tables"):
            importlib.import_module(f"{package.name}.tables")


def include_name(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    """Look into the service's own schema only: a user's database may hold others."""
    return name == Base.metadata.schema if kind == "schema" else True


def include_object(item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave alone what PostGIS made, and tables of layers that are described and that nobody declares."""
    if kind == "table" and reflected and compare_to is None:
        described: Collection[str] = context.config.attributes.get("described", ())
        if name in described:
            return False
    included: bool = alembic_helpers.include_object(item, name, kind, reflected, compare_to)
    return included


def migrate(connection: Connection) -> None:
    """Run the asked migrations on an open connection, all in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        include_schemas=True,
        include_name=include_name,
        include_object=include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


declare_tables(layers)
declare_tables(geoservice.records)
migrate(context.config.attributes["connection"])
