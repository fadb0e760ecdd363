"""Staff and their postings: imported from a roster, edited one by one, told."""
