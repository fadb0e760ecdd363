"""Use cases: each public method is one transaction and knows nothing of HTTP."""
