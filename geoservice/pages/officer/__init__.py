"""The page of grid officers: what their grids have in hand, live and without a network."""
