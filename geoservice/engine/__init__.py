"""Ownership in memory: which grid owns a position, for millions of positions a second, and exactly as GEOS decides."""
