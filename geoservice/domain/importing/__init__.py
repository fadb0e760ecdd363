"""Features from files of others: what their columns mean, what is refused, how they differ from what is stored."""
