"""The map pages: folium figures of a jurisdiction, their layers and their figures."""
