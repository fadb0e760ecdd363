"""API keys as hashes."""
