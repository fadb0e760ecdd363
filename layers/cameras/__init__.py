"""The camera layer: where a camera stands and which sector it sees, never what it saw."""
