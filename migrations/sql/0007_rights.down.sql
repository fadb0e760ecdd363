REVOKE ALL ON ALL TABLES IN SCHEMA geoservice FROM geoservice_app, geoservice_analyst, geoservice_reader;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA geoservice FROM geoservice_app, geoservice_analyst, geoservice_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA geoservice TO PUBLIC;
REVOKE SELECT ON public.geoservice_schema_version FROM geoservice_app, geoservice_analyst, geoservice_reader;
REVOKE ALL ON SCHEMA geoservice FROM geoservice_app, geoservice_analyst, geoservice_reader;
