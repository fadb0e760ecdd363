-- What each group role may do. Row-level rights for officers come with sign-in; until then only the service itself
-- reads households and incident texts.

GRANT USAGE ON SCHEMA geoservice TO geoservice_app, geoservice_analyst, geoservice_reader;

-- Routines that change what is in force are the service's alone; PostgreSQL would let everybody run them.
REVOKE EXECUTE ON FUNCTION geoservice.publish_edition(bigint, timestamptz), geoservice.assign_features(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.publish_edition(bigint, timestamptz) TO geoservice_app;

-- Reader: the map without people.
GRANT SELECT ON geoservice.jurisdiction, geoservice.edition, geoservice.grid, geoservice.territory,
    geoservice.grid_lineage, geoservice.finding, geoservice.basemap_feature, geoservice.building, geoservice.camera,
    geoservice.organisation, geoservice.service TO geoservice_reader, geoservice_analyst, geoservice_app;

-- Analyst: drafts and the layers that stand in the landscape; may hand in incidents. Not households, not keys.
GRANT INSERT, UPDATE, DELETE ON geoservice.grid, geoservice.basemap_feature, geoservice.building, geoservice.camera,
    geoservice.organisation TO geoservice_analyst, geoservice_app;
GRANT INSERT (jurisdiction_id, title, source), UPDATE (title, source), DELETE ON geoservice.edition TO geoservice_analyst;
GRANT SELECT ON geoservice.posting TO geoservice_analyst;
GRANT SELECT, INSERT ON geoservice.incident TO geoservice_analyst;

-- The service: everything but what only triggers write (territory, incident_event) and what is never removed.
GRANT SELECT ON geoservice.household, geoservice.incident, geoservice.incident_event, geoservice.staff,
    geoservice.posting, geoservice.api_key TO geoservice_app;
GRANT INSERT, UPDATE ON geoservice.jurisdiction, geoservice.edition, geoservice.household, geoservice.incident,
    geoservice.staff, geoservice.posting, geoservice.service, geoservice.api_key TO geoservice_app;
GRANT INSERT ON geoservice.grid_lineage TO geoservice_app;
GRANT INSERT, DELETE ON geoservice.finding TO geoservice_app;
GRANT DELETE ON geoservice.edition, geoservice.household, geoservice.posting, geoservice.service TO geoservice_app;
-- Readiness compares the revision.
GRANT SELECT ON public.geoservice_schema_version TO geoservice_app, geoservice_analyst, geoservice_reader;
