"""The jurisdiction layer: areas served as one whole, each with an outline."""
