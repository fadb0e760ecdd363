"""What every layer shares of the database: base, columns, sessions and the loader for .sql files."""
