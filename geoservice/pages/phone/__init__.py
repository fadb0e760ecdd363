"""Pages for a phone: residents report and follow, officers handle what their grids have in hand."""
