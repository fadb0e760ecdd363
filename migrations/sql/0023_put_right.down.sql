CREATE OR REPLACE FUNCTION geoservice.route_incident() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    answer geoservice.ownership;
    on_duty_at timestamptz;
BEGIN
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' THEN
        new := geoservice.incident_as_changed(old, new);
        IF new.method IS NOT NULL THEN  -- nothing changed that the route depends on
            RETURN new;
        END IF;
        on_duty_at := pg_catalog.clock_timestamp();
    ELSE
        new.recorded_at := pg_catalog.now();
        new.updated_at := pg_catalog.now();
        new.status_since := pg_catalog.now();
        new.version := 1;
        new.routed_at := new.reported_at;
        new.step_rule := 'reported';
        new.step_reason := NULL;
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
    IF answer.grid_code IS DISTINCT FROM old.grid_code THEN
        new.assigned_officer_code := NULL;
    END IF;
    new.jurisdiction_id := answer.jurisdiction_id;
    new.edition_id := answer.edition_id;
    new.grid_code := answer.grid_code;
    new.method := answer.method;
    new.distance_to_border_m := answer.distance_to_border_m;
    new.near_border := answer.near_border;
    new.candidates := answer.candidates;
    new.officer_code := new.assigned_officer_code;
    IF answer.grid_code IS NOT NULL AND new.officer_code IS NULL THEN
        SELECT o.staff_code INTO new.officer_code
          FROM geoservice.officer_posted(answer.jurisdiction_id, answer.grid_code, coalesce(on_duty_at, new.routed_at)) AS o;
    END IF;
    new.status := geoservice.status_by_officer(
        new.status, CASE WHEN tg_op OPERATOR(pg_catalog.=) 'INSERT' THEN new.officer_code ELSE old.officer_code END,
        new.officer_code);
    RETURN new;
END $$;
