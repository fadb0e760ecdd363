"""Then and now: two editions of a jurisdiction side by side, and what became of whom."""
