"""Staff pages: pure folium builders, their templates, scripts and map assets. No queries here."""
