"""A town from its files: what a town.toml says is read, looked at, and done step by step."""
