"""Schema history: four-digit Alembic revisions; functions and triggers as .sql files beside them."""
