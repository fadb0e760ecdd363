-- The ground every table stands on: extensions, the schema, the group roles, who acts, and what only grows.

CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
-- (edition_id, geom) in one GiST index; exclusion by jurisdiction and period.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE SCHEMA IF NOT EXISTS geoservice;

-- Group roles that the service hands out. None of them owns a table, so none can disable a trigger.
-- Roles belong to the cluster, not to this database: another database may have made them already.
DO $$
DECLARE
    group_role text;
BEGIN
    FOREACH group_role IN ARRAY ARRAY['geoservice_app', 'geoservice_analyst', 'geoservice_reader',
        'geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_visitor'] LOOP
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
END $$;

-- Whether the service itself is logged in, not somebody who works straight in the tables.
CREATE FUNCTION geoservice.is_service() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_has_role(session_user, 'geoservice_app', 'MEMBER');

-- A person or program that acts, for histories: the database login, unless that is the service's, which says for whom.
CREATE FUNCTION geoservice.actor() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN geoservice.is_service()
    THEN coalesce(nullif(current_setting('geoservice.actor', true), ''), session_user::text)
    ELSE session_user::text
END;

-- For tables that only grow: refuse every UPDATE, DELETE and TRUNCATE.
CREATE FUNCTION geoservice.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are only ever added, never changed or removed.', tg_table_name
        USING ERRCODE = 'insufficient_privilege';
END $$;
