"""The building layer."""
