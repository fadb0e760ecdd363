"""Vector tiles will live here: matrix, sources, encode, pyramid, store. Empty so far."""
