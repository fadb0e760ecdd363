"""Changes of layers: who, when, by which door; what features were at an instant, and undoing."""
