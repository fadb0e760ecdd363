DROP FUNCTION geoservice.lapse_due(integer);
DROP FUNCTION geoservice.route_again(geoservice.incident_event, integer);
DROP TRIGGER guard_step ON geoservice.incident;
DROP FUNCTION geoservice.guard_step();
DROP FUNCTION geoservice.require_step(text, geoservice.incident, geoservice.incident);
DROP TRIGGER record_change ON geoservice.incident;

CREATE OR REPLACE FUNCTION geoservice.incident_as_changed(old geoservice.incident, new geoservice.incident)
RETURNS geoservice.incident
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    new.id := old.id;
    new.recorded_at := old.recorded_at;
    new.routed_at := greatest(old.routed_at, new.routed_at);
    new.reported_at := old.reported_at;
    new.updated_at := now();
    new.version := old.version + 1;
    new.method := NULL;
    IF (new.geom, new.building_code, new.accuracy_m, new.overrule_grid_code, new.routed_at)
        IS NOT DISTINCT FROM (old.geom, old.building_code, old.accuracy_m, old.overrule_grid_code, old.routed_at) THEN
        new.jurisdiction_id := old.jurisdiction_id;
        new.edition_id := old.edition_id;
        new.grid_code := old.grid_code;
        new.method := old.method;
        new.distance_to_border_m := old.distance_to_border_m;
        new.near_border := old.near_border;
        new.candidates := old.candidates;
        new.officer_code := old.officer_code;
    END IF;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.route_incident() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    answer geoservice.ownership;
BEGIN
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' THEN
        new := geoservice.incident_as_changed(old, new);
        IF new.method IS NOT NULL THEN  -- nothing changed that the route depends on
            RETURN new;
        END IF;
    ELSE
        new.recorded_at := pg_catalog.now();
        new.updated_at := pg_catalog.now();
        new.version := 1;
        new.routed_at := new.reported_at;
    END IF;
    answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
    IF tg_op OPERATOR(pg_catalog.=) 'INSERT' AND new.reported_at OPERATOR(pg_catalog.>=) pg_catalog.now()
        AND geoservice.was_overtaken(answer.jurisdiction_id, answer.edition_id) THEN
        new.routed_at := pg_catalog.clock_timestamp();
        answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
    END IF;
    new.received_x := coalesce(new.received_x, public.st_x(new.geom));
    new.received_y := coalesce(new.received_y, public.st_y(new.geom));
    IF answer.jurisdiction_id IS NULL OR new.building_code IS NOT NULL OR new.overrule_grid_code IS NOT NULL THEN
        answer := geoservice.owner_by_report(new, answer, old.building_code);
    END IF;
    new.jurisdiction_id := answer.jurisdiction_id;
    new.edition_id := answer.edition_id;
    new.grid_code := answer.grid_code;
    new.method := answer.method;
    new.distance_to_border_m := answer.distance_to_border_m;
    new.near_border := answer.near_border;
    new.candidates := answer.candidates;
    new.officer_code := NULL;
    IF answer.grid_code IS NOT NULL THEN
        SELECT o.staff_code INTO new.officer_code
          FROM geoservice.officer_posted(answer.jurisdiction_id, answer.grid_code, new.routed_at) AS o;
    END IF;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.record_arrivals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event (incident_id, actor, rule, to_status, to_grid_code, method, edition_id, reason)
    SELECT a.id, geoservice.actor(), 'reported', a.status, a.grid_code, a.method, a.edition_id, a.overrule_reason
      FROM arrivals AS a;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION geoservice.record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event
        (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, method, edition_id, reason)
    VALUES (new.id, geoservice.actor(),
            CASE WHEN new.status <> old.status THEN 'status changed'
                 WHEN new.routed_at <> old.routed_at THEN 'moved by edition'
                 WHEN (new.geom, new.grid_code, new.method, new.overrule_reason)
                      IS DISTINCT FROM (old.geom, old.grid_code, old.method, old.overrule_reason) THEN 'rerouted'
                 ELSE 'corrected' END,
            old.status, new.status, old.grid_code, new.grid_code, new.method, new.edition_id,
            CASE WHEN new.routed_at <> old.routed_at
                 THEN 'Its place belongs to another grid in edition ' || new.edition_id || '.'
                 ELSE new.overrule_reason END);
    RETURN NULL;
END $$;
CREATE TRIGGER record_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.status, new.service_code, new.source, new.description, new.geom, new.building_code, new.accuracy_m,
           new.grid_code, new.method, new.overrule_reason, new.closed_at, new.rating)
        IS DISTINCT FROM
          (old.status, old.service_code, old.source, old.description, old.geom, old.building_code, old.accuracy_m,
           old.grid_code, old.method, old.overrule_reason, old.closed_at, old.rating))
    EXECUTE FUNCTION geoservice.record_change();

DROP FUNCTION geoservice.status_by_officer(text, text, text);
DROP TABLE geoservice.lifecycle;
ALTER TABLE geoservice.api_key DROP COLUMN jurisdiction_id, DROP COLUMN staff_code;
ALTER TABLE geoservice.incident_event
    DROP COLUMN jurisdiction_id, DROP COLUMN service_code, DROP COLUMN rating, DROP COLUMN officer_code,
    DROP COLUMN routed_at, DROP COLUMN geom, DROP COLUMN received_x, DROP COLUMN received_y,
    DROP COLUMN declared_crs, DROP COLUMN accuracy_m, DROP COLUMN building_code, DROP COLUMN distance_to_border_m,
    DROP COLUMN near_border, DROP COLUMN candidates;
ALTER TABLE geoservice.incident
    DROP COLUMN step_rule, DROP COLUMN step_reason, DROP COLUMN status_since, DROP COLUMN waiting_since, DROP COLUMN overdue_at,
    DROP COLUMN assigned_officer_code, DROP COLUMN duplicate_of, DROP COLUMN reporter_sha256;
