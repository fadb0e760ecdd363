"""What the database keeps so that vector tiles are quick to make and never stale."""
