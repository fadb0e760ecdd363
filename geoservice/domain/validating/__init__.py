"""The rules of the gate: what is wrong with the grids of a draft, as findings. Nothing here reads a row."""
