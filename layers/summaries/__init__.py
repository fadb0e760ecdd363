"""Queries that join layers."""
