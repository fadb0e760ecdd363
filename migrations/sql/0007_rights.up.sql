-- What each group role may do. Row-level rights for officers come with sign-in; until then only the service itself
-- reads households and incident texts.

GRANT USAGE ON SCHEMA geoservice TO geoservice_app, geoservice_analyst, geoservice_reader;

-- PostgreSQL lets everybody run every routine, and whoever may run a trigger function may hang it on a table of his own
-- and feed it rows. So nobody may run one; what changes what is in force is the service's alone.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA geoservice FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA geoservice TO geoservice_app, geoservice_analyst, geoservice_reader;
DO $$
DECLARE
    routine regprocedure;
BEGIN
    FOR routine IN
        SELECT p.oid FROM pg_proc AS p
         WHERE p.pronamespace = 'geoservice'::regnamespace
           AND (p.prorettype = 'trigger'::regtype OR p.proname IN ('publish_edition', 'assign_features'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM geoservice_app, geoservice_analyst, geoservice_reader', routine);
    END LOOP;
END $$;
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
