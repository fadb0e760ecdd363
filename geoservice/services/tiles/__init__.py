"""Vector tiles as use cases: give one, describe a tile set, build, verify, export, prune."""
