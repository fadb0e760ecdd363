"""What administrators do by pages, each within what is his own."""
