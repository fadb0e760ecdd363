"""The private PostGIS cluster: find, create, start, adopt and stop it. Knows no Flask and no tables."""
