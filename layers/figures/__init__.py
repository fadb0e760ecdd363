"""Figures per grid: what is in hand in each, how matters were handled there, how many live there."""
