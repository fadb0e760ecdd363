"""Streams of events: one process that many listen to, each to what it may hear and asked for."""
