"""Visits: what grid officers did, and where, by code."""
