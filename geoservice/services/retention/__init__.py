"""How long what people wrote is kept, and erasing it."""
