"""Layers kept current: features imported, edited, looked at as they were, and changes undone."""
