"""The grid layer: editions, their grids, lineage and findings."""
