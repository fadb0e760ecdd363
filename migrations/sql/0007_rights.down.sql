REVOKE ALL ON ALL TABLES IN SCHEMA geoservice FROM geoservice_app, geoservice_analyst, geoservice_reader;
REVOKE ALL ON FUNCTION geoservice.publish_edition(bigint, timestamptz) FROM geoservice_app;
REVOKE ALL ON SCHEMA geoservice FROM geoservice_app, geoservice_analyst, geoservice_reader;
