"""Staff and postings: who serves which grid from a day to a day."""
