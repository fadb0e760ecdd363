"""The page of auditors: who did what, newest first, and how far the chain is sealed."""
