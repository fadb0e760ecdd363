DROP TABLE geoservice.delivery;
DROP TABLE geoservice.webhook;
