"""Pictures of what an edit does: SVG files that open anywhere, without a server."""
