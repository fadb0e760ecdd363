"""The desk: the page of dispatchers."""
