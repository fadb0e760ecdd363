-- The ground every table stands on: extensions, the schema, who acts, and what only grows.

CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
-- (edition_id, geom) in one GiST index; exclusion by jurisdiction and period.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE SCHEMA IF NOT EXISTS geoservice;

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
