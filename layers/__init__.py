"""Spatial data: one package per layer with its tables and queries. Flask-free; never commits."""
