"""The declarative base: one schema, constraint names as PostgreSQL gives them."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

#: The one schema that the service owns.
SCHEMA = "geoservice"


class Base(DeclarativeBase):
    """Root of every table; the tables are declared for Alembic and for select(), rows do not leave their layer."""

    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        },
    )
