"""The Flask application: everything about requests, use cases and pages."""
