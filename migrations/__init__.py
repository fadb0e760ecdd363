"""The schema of the database as it is (schema/), and the Alembic revisions that bring an older one here (versions/)."""
