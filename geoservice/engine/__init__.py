"""Ownership in memory: which grid owns a position, for millions of positions a second, and exactly as GEOS decides."""

from geoservice.engine.index import OwnershipIndex

__all__ = ["OwnershipIndex"]
