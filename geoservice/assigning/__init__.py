"""Owners for a file of points, file to file: read piece by piece, looked up in memory, written whole or not at all."""
