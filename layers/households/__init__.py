"""The household layer: counts in bands at a place, never names."""
