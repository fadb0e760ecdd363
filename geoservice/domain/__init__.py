"""Rules without I/O: data goes in, decisions come out."""
