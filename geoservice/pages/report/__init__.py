"""Pages of residents: report, and follow what became of it."""
