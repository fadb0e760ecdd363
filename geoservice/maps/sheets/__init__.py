"""Printed maps: sheets of paper to a round scale, drawn in millimetres. No queries, no HTTP."""
