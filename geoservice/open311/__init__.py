"""Open311 GeoReport v2: the adapter between the standard's words and ours. Incidents are its service requests."""
