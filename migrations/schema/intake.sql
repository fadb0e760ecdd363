-- Many reports at once: what is put into the inbox is routed as a set and stored in table incident, in the statement that brings it.
-- One query asks what the trigger `route` asks for each row, of the same functions (ownership.sql, staff.sql, working_time.sql), and
-- costs a fraction: executors are started once for all rows. What is not plain goes through that trigger as from any other door.

-- Keeps nothing: what comes in is in table incident when the statement ends. The columns that whoever reports may write, as there.
-- Unlogged, for it is empty at every commit; vacuumed early, for all of it is dead then. No row policies: PostgreSQL copies into no
-- table that has some. What a writer may put in is asked at the end (take_in_reports).
CREATE UNLOGGED TABLE geoservice.incident_inbox (
    id uuid DEFAULT gen_random_uuid(),
    jurisdiction_id integer,
    service_code text COLLATE "C",
    source text DEFAULT 'system',
    description text DEFAULT '',
    attributes jsonb DEFAULT '{}',
    geom geometry(Point, 4326),
    received_x double precision,
    received_y double precision,
    declared_crs text DEFAULT 'wgs84',
    accuracy_m double precision,
    building_code text COLLATE "C",
    reported_at timestamptz DEFAULT now(),
    assigned_officer_code text COLLATE "C",
    overrule_grid_code text COLLATE "C",
    overrule_reason text
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0);

-- Refuse a set of reports of which one reached a jurisdiction that whoever writes may not write.
CREATE FUNCTION geoservice.require_may_write(reached integer[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(reached) AS r (id) WHERE may_write(r.id) IS NOT TRUE) THEN
        RAISE EXCEPTION 'What was to be written belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
END $$;

-- Route what a statement put into the inbox, and store it.
-- Plain is what is told in one jurisdiction, of a service that is offered there, of the past or of this moment, at a place that one
-- grid alone covers, not on its border, and without a building or a person's own decision. For all else the columns that say where
-- it goes stay null, and upkeep tells the triggers of incident which rows are routed: see `routed` below.
CREATE FUNCTION geoservice.take_in_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    meant CONSTANT integer[] := ARRAY(SELECT DISTINCT a.jurisdiction_id FROM arrivals AS a WHERE a.jurisdiction_id IS NOT NULL ORDER BY 1);
    -- Where the edition of this moment is that of the beginning of the transaction, what is told of now is plain, too.
    steady integer[];
BEGIN
    -- Before locks are taken: one for each jurisdiction that a set names would leave nobody any. Those that places lead to follow below.
    PERFORM require_may_write(meant);
    -- Before anything is looked up: what was published is seen by what follows, and what is published later waits for our commit.
    PERFORM lock_jurisdiction_shared(m.id) FROM unnest(meant) AS m (id);
    steady := ARRAY(SELECT m.id FROM unnest(meant) AS m (id)
                     WHERE edition_at(m.id, clock_timestamp()) IS NOT DISTINCT FROM edition_at(m.id, now()));
    -- Planned anew for each set (EXECUTE): a plan for ten rows would be kept for a million. Nothing is left to be estimated: each row
    -- is asked about by itself (LATERAL), in the order of places, so that the shape of one grid serves many.
    EXECUTE $sql$
        WITH arrived AS MATERIALIZED (
            SELECT a.*, s.sensitive, s.limit_working_hours * 3600 AS limit_s,
                   coalesce(NOT s.retired AND a.building_code IS NULL AND a.overrule_grid_code IS NULL
                            AND is_position(a.geom) AND abs(st_x(a.geom)) <> 180
                            AND (a.accuracy_m IS NULL OR a.accuracy_m BETWEEN 0 AND 1000)
                            AND (a.reported_at < now() OR (a.reported_at = now() AND a.jurisdiction_id = ANY ($1))), false) AS plain,
                   (a.reported_at AT TIME ZONE j.time_zone)::date AS day
              FROM arrivals AS a
              LEFT JOIN service AS s ON s.jurisdiction_id = a.jurisdiction_id AND s.code = a.service_code
              LEFT JOIN jurisdiction AS j ON j.id = a.jurisdiction_id
             ORDER BY a.geom
        ), measured AS (
            SELECT a.*, CASE WHEN a.plain THEN lon_degree_m(st_y(a.geom)) END AS lon_m,
                   CASE WHEN a.plain THEN lat_degree_m(st_y(a.geom)) END AS lat_m
              FROM arrived AS a OFFSET 0
        ), routed AS (
            SELECT m.*, g.edition_id, g.territory_id, g.code, g.to_border_m, coalesce(m.accuracy_m, g.accuracy_m) AS reach_m
              FROM measured AS m
              LEFT JOIN LATERAL (
                SELECT c.* FROM grids_covering(m.geom, m.lon_m, m.lat_m, m.reported_at, m.jurisdiction_id, 'infinity') AS c
                 WHERE m.plain OFFSET 0) AS g ON g.to_border_m >= 0.001 OFFSET 0
        ), decided AS (
            SELECT r.*, r.code IS NOT NULL AS is_routed, r.to_border_m < r.reach_m AS near_border,
                   CASE WHEN r.code IS NOT NULL THEN (SELECT p.staff_code FROM posted_on(r.jurisdiction_id, r.code, r.day) AS p)
                        END AS officer_code
              FROM routed AS r OFFSET 0
        ), stored AS (
            INSERT INTO incident (
                id, jurisdiction_id, service_code, source, description, attributes, geom, received_x, received_y, declared_crs,
                accuracy_m, building_code, reported_at, assigned_officer_code, overrule_grid_code, overrule_reason, upkeep,
                edition_id, grid_code, method, distance_to_border_m, near_border, candidates, officer_code, routed_at, status,
                sensitive, expected_at)
            SELECT d.id, d.jurisdiction_id, d.service_code, d.source, d.description, d.attributes, d.geom,
                   CASE WHEN d.is_routed THEN coalesce(d.received_x, st_x(d.geom)) ELSE d.received_x END,
                   CASE WHEN d.is_routed THEN coalesce(d.received_y, st_y(d.geom)) ELSE d.received_y END,
                   d.declared_crs, d.accuracy_m, d.building_code, d.reported_at,
                   CASE WHEN NOT d.is_routed THEN d.assigned_officer_code END, d.overrule_grid_code, d.overrule_reason,
                   CASE WHEN d.is_routed THEN -1 ELSE 0 END,
                   d.edition_id, d.code, CASE WHEN d.is_routed THEN 'covers' END, d.to_border_m, d.near_border,
                   CASE WHEN d.near_border
                        THEN (SELECT w.candidates FROM grids_within(d.geom, d.lon_m, d.lat_m, d.jurisdiction_id, d.reported_at,
                                                                    'infinity', d.reach_m, d.territory_id) AS w) END,
                   d.officer_code, d.reported_at, status_by_officer('reported', d.officer_code, d.officer_code),
                   coalesce(d.sensitive, false),
                   CASE WHEN d.is_routed AND d.limit_s IS NOT NULL
                        THEN (SELECT w.done_at FROM work_done(d.jurisdiction_id, d.reported_at, d.limit_s) AS w) END
              FROM decided AS d
            RETURNING jurisdiction_id)
        -- Within the query: its foreign keys, which would tell whom another jurisdiction employs, are asked when it ends.
        SELECT require_may_write(array_agg(DISTINCT s.jurisdiction_id)) FROM stored AS s
    $sql$ USING steady;
    DELETE FROM incident_inbox;
    RETURN NULL;
END $$;
CREATE TRIGGER take_in_reports AFTER INSERT ON geoservice.incident_inbox
    REFERENCING NEW TABLE AS arrivals FOR EACH STATEMENT EXECUTE FUNCTION geoservice.take_in_reports();

-- A row that comes routed is marked by an upkeep below zero, which nobody may write but the owner of the schema, as whom the
-- function above runs (rights.sql): the triggers that route do not run for it. A CHECK keeps the mark from being stored. After
-- all others, by name.
CREATE FUNCTION geoservice.unmark_routed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    new.upkeep := 0;
    RETURN new;
END $$;
CREATE TRIGGER unmark_routed BEFORE INSERT ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep < 0) EXECUTE FUNCTION geoservice.unmark_routed();
