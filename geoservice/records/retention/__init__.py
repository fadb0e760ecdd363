"""How long what people wrote is kept, and that it was erased."""
