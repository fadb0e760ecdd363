"""Many positions at once, in the forms that programs keep them in."""
