"""The organisation layer: party branches, partners and service points."""
