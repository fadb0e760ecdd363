"""What api and maps share of HTTP: guards, parsing, rendering and the problem table."""
