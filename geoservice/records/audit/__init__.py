"""Audit: entries of who did what, and the chain of hashes that seals them."""
