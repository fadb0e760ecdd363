"""Proposals of a partition: blocks between streets, put together to contiguous grids of like size."""
