"""OGC API Features under /ogc: one interface a jurisdiction, its layers as collections."""
