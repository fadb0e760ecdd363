"""Backups: a database copied into one file while it is written to, and back. Schedules nothing, starts no server."""
