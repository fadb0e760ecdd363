DROP TABLE geoservice.incident_event, geoservice.incident;
