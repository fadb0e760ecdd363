"""QGIS projects that edit a draft straight in the database."""
