"""Own layers: those that people make of a file of theirs, described in table layer."""
