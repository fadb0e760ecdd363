"""The audit: traces of who did what, how they are sealed, verified and told."""
