"""Editions to files: tables of grids in any CRS, and how each format holds them."""
