"""The incident layer: services, incidents and their append-only events."""
