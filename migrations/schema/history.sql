-- The append-only history of incidents: everything that is counted can be counted from here.

-- No foreign key to incident: a history outlives what it tells of when retention removes that.
CREATE TABLE geoservice.incident_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    rule text NOT NULL,                       -- id of the rule that allowed or caused it
    from_status text,
    to_status text NOT NULL,
    from_grid_code text COLLATE "C",
    to_grid_code text COLLATE "C",
    method text,
    edition_id bigint,
    reason text,
    -- Whose matter it was, of which service, from where and since when: figures are counted of lines alone.
    jurisdiction_id integer,
    service_code text COLLATE "C",
    source text,
    reported_at timestamptz,
    officer_code text COLLATE "C",
    rating smallint,
    original_status text,                     -- of a duplicate: how far its original has come
    version integer,                          -- of the incident from this line on; null where nothing of it changed
    -- Of the first time that it was accepted, and of the first that it was resolved: seconds of work since the report, by the calendar
    -- as it was then. Null of other lines, and where no calendar was laid out.
    took_s double precision,
    -- The routing decision of a line, whole, all null where nothing was routed.
    routed_at timestamptz,
    geom geometry(Point, 4326) CHECK (geoservice.is_position(geom)),
    received_x double precision,
    received_y double precision,
    declared_crs text,
    accuracy_m double precision,
    building_code text COLLATE "C",
    distance_to_border_m double precision,
    near_border boolean,
    candidates jsonb
);
CREATE INDEX ix_incident_event_incident_id ON geoservice.incident_event (incident_id);
-- How incidents were handled in a period is counted from their histories.
CREATE INDEX ix_incident_event_jurisdiction_id_at ON geoservice.incident_event (jurisdiction_id, at);
CREATE INDEX ix_incident_event_reported_at ON geoservice.incident_event (jurisdiction_id, reported_at) WHERE rule = 'reported';
CREATE TRIGGER append_only BEFORE DELETE ON geoservice.incident_event
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();

-- A line stays as it was written; only its words may go.
CREATE FUNCTION geoservice.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    old.reason := NULL;
    IF new *= old THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'Rows of % are only ever added, never changed or removed.', tg_table_name
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only_but_words BEFORE UPDATE ON geoservice.incident_event
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_rewriting();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.incident_event
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- One history line for each arrival, written for the whole statement at once: COPY brings many.
CREATE FUNCTION geoservice.record_arrivals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event (incident_id, actor, rule, to_status, to_grid_code, method, edition_id, reason, officer_code,
                                jurisdiction_id, service_code, source, reported_at, version, routed_at, geom, received_x, received_y,
                                declared_crs, accuracy_m, building_code, distance_to_border_m, near_border, candidates)
    SELECT a.id, (SELECT geoservice.actor()), 'reported', a.status, a.grid_code, a.method, a.edition_id, a.overrule_reason,
           a.officer_code, a.jurisdiction_id, a.service_code, a.source, a.reported_at, a.version, a.routed_at, a.geom, a.received_x, a.received_y,
           a.declared_crs, a.accuracy_m, a.building_code, a.distance_to_border_m, a.near_border, a.candidates
      FROM arrivals AS a;
    RETURN NULL;
END $$;
CREATE TRIGGER record_arrivals AFTER INSERT ON geoservice.incident
    REFERENCING NEW TABLE AS arrivals FOR EACH STATEMENT EXECUTE FUNCTION geoservice.record_arrivals();

-- One history line for each change that means something; the routing is told where it could have changed.
CREATE FUNCTION geoservice.record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    line incident_event;
BEGIN
    IF (new.geom, new.building_code, new.accuracy_m, new.overrule_grid_code, new.routed_at)
        IS DISTINCT FROM (old.geom, old.building_code, old.accuracy_m, old.overrule_grid_code, old.routed_at) THEN
        line.routed_at := new.routed_at;
        line.geom := new.geom;
        line.received_x := new.received_x;
        line.received_y := new.received_y;
        line.declared_crs := new.declared_crs;
        line.accuracy_m := new.accuracy_m;
        line.building_code := new.building_code;
        line.distance_to_border_m := new.distance_to_border_m;
        line.near_border := new.near_border;
        line.candidates := new.candidates;
    END IF;
    line.at := clock_timestamp();
    IF new.step_rule IN ('accepted', 'resolved') AND NOT EXISTS (
        SELECT FROM incident_event AS e WHERE e.incident_id = new.id AND e.rule = new.step_rule) THEN
        line.took_s := worked_s(new.jurisdiction_id, line.at) - worked_s(new.jurisdiction_id, new.reported_at);
    END IF;
    INSERT INTO incident_event
        (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, method, edition_id, reason,
         officer_code, jurisdiction_id, service_code, source, reported_at, rating, original_status, version, took_s, at, routed_at, geom, received_x,
         received_y, declared_crs, accuracy_m, building_code, distance_to_border_m, near_border, candidates)
    VALUES (new.id, geoservice.actor(), new.step_rule, old.status, new.status, old.grid_code, new.grid_code, new.method,
            new.edition_id,
            CASE WHEN new.step_rule = 'moved by edition'
                 THEN 'Its place belongs to another grid in edition ' || new.edition_id || '.'
                 ELSE new.step_reason END,
            new.officer_code, new.jurisdiction_id, new.service_code, new.source, new.reported_at, new.rating, new.original_status,
            new.version, line.took_s, line.at,
            line.routed_at, line.geom, line.received_x, line.received_y, line.declared_crs, line.accuracy_m, line.building_code, line.distance_to_border_m,
            line.near_border, line.candidates);
    RETURN NULL;
END $$;
CREATE TRIGGER record_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    -- Of places the operator is named: see unlike(), of layers.
    WHEN (new.upkeep = old.upkeep AND (NOT new.geom = old.geom OR
          (new.status, new.service_code, new.source, new.description, new.building_code, new.accuracy_m,
           new.grid_code, new.method, new.officer_code, new.overrule_reason, new.waiting_since, new.set_out_at, new.overdue_at, new.closed_at,
           new.rating, new.original_status)
        IS DISTINCT FROM
          (old.status, old.service_code, old.source, old.description, old.building_code, old.accuracy_m,
           old.grid_code, old.method, old.officer_code, old.overrule_reason, old.waiting_since, old.set_out_at, old.overdue_at, old.closed_at,
           old.rating, old.original_status)))
    EXECUTE FUNCTION geoservice.record_change();
