"""The figures: the page of managers."""
