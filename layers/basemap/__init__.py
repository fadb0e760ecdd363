"""The base map layer: streets, water, greens and blocks that the other layers are drawn upon."""
