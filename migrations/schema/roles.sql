-- The group roles and who is a member of whom. Roles belong to the cluster: no dump of a database holds them, so this file is run
-- before a schema is made and before a backup is restored. It is safe to repeat, and names nothing of the schema.

-- Group roles that the service hands out. None of them owns a table, so none can disable a trigger.
-- Roles belong to the cluster, not to this database: another database may have made them already.
DO $$
DECLARE
    group_role text;
BEGIN
    FOREACH group_role IN ARRAY ARRAY['geoservice_app', 'geoservice_analyst', 'geoservice_reader',
        'geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_several', 'geoservice_visitor'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = group_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', group_role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this cluster made it a moment ago
        END;
        -- The service logs in as the owner and then works as geoservice_app: the owner must be a member.
        IF NOT pg_has_role(current_user, group_role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', group_role, current_user);
        END IF;
    END LOOP;
    -- Whoever works as one of the scopes (scopes.sql) may what the service may, with fewer rows.
    FOREACH group_role IN ARRAY ARRAY['geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_visitor'] LOOP
        IF NOT pg_has_role(group_role, 'geoservice_app', 'MEMBER') THEN
            EXECUTE format('GRANT geoservice_app TO %I', group_role);
        END IF;
    END LOOP;
    -- Whose grants make him an officer in one jurisdiction and something else, there or elsewhere, sees what each of both policies shows.
    FOREACH group_role IN ARRAY ARRAY['geoservice_within', 'geoservice_officer'] LOOP
        IF NOT pg_has_role('geoservice_several', group_role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO geoservice_several', group_role);
        END IF;
    END LOOP;
END $$;
