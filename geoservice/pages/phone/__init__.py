"""What pages made for a phone share: their frame, the worker that keeps them, scripts and styles."""
