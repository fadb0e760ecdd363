-- From report to rating: the steps that an incident may take, kept here too, so that no door takes another.

-- geoservice/domain/lifecycle/table.py holds the same table, and who may take which step.
CREATE TABLE geoservice.lifecycle (
    rule text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    needs_reason boolean NOT NULL DEFAULT false,
    -- Of several rules for one pair, the one that is meant when a writer names none.
    usual boolean NOT NULL DEFAULT true,
    PRIMARY KEY (rule, from_status)
);
CREATE UNIQUE INDEX lifecycle_one_usual_rule ON geoservice.lifecycle (from_status, to_status) WHERE usual;
INSERT INTO geoservice.lifecycle (rule, from_status, to_status, needs_reason, usual) VALUES
    ('dispatched', 'reported', 'dispatched', false, true),
    ('dispatched', 'returned', 'dispatched', false, true),
    ('accepted', 'dispatched', 'accepted', false, true),
    ('returned', 'dispatched', 'returned', true, true),
    ('returned', 'accepted', 'returned', true, true),
    ('reassigned', 'dispatched', 'dispatched', true, true),
    ('reassigned', 'accepted', 'dispatched', true, true),
    ('resolved', 'accepted', 'resolved', false, true),
    ('verified', 'resolved', 'closed', false, true),
    ('rated', 'resolved', 'closed', false, false),
    ('rated', 'closed', 'closed', false, true),
    ('lapsed', 'resolved', 'closed', false, false),
    ('reopened', 'resolved', 'dispatched', true, true),
    ('reopened', 'closed', 'dispatched', true, true),
    ('reopened', 'duplicate', 'dispatched', true, true),
    ('merged', 'reported', 'duplicate', false, true),
    ('merged', 'dispatched', 'duplicate', false, true),
    ('merged', 'accepted', 'duplicate', false, true),
    ('merged', 'returned', 'duplicate', false, true),
    ('cancelled', 'reported', 'cancelled', true, true),
    ('cancelled', 'dispatched', 'cancelled', true, true),
    ('cancelled', 'returned', 'cancelled', true, true);

ALTER TABLE geoservice.incident
    -- What was done last: a rule's id, and the words that came with it.
    ADD COLUMN step_rule text NOT NULL DEFAULT 'reported',
    ADD COLUMN step_reason text CHECK (char_length(step_reason) BETWEEN 1 AND 500),
    ADD COLUMN status_since timestamptz NOT NULL DEFAULT now(),
    -- A question to the reporter is open since then.
    ADD COLUMN waiting_since timestamptz,
    -- When it was found late; once for each time it is opened.
    ADD COLUMN overdue_at timestamptz,
    -- Somebody was named for it by a person; else whoever is posted to the grid has it.
    ADD COLUMN assigned_officer_code text COLLATE "C",
    ADD COLUMN duplicate_of uuid REFERENCES geoservice.incident,
    -- Of the token that the reporter holds. It names nobody.
    ADD COLUMN reporter_sha256 bytea CHECK (octet_length(reporter_sha256) = 32),
    ADD CONSTRAINT incident_assigned_to_staff FOREIGN KEY (jurisdiction_id, assigned_officer_code)
        REFERENCES geoservice.staff (jurisdiction_id, code),
    ADD CONSTRAINT incident_duplicate_of_another
        CHECK (duplicate_of IS NULL OR (status = 'duplicate' AND duplicate_of <> id)),
    ADD CONSTRAINT incident_step_without_personal_numbers CHECK (NOT geoservice.holds_personal_number(step_reason));
CREATE UNIQUE INDEX ix_incident_reporter_sha256 ON geoservice.incident (reporter_sha256) WHERE reporter_sha256 IS NOT NULL;
CREATE INDEX ix_incident_duplicate_of ON geoservice.incident (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX ix_incident_status_since ON geoservice.incident (status_since) WHERE status = 'resolved';

-- Whose matter it was and of which service, so that everything that is counted can be counted from here; and the routing
-- decision of a line, whole, all null where nothing was routed.
ALTER TABLE geoservice.incident_event
    ADD COLUMN jurisdiction_id integer,
    ADD COLUMN service_code text COLLATE "C",
    ADD COLUMN rating smallint,
    ADD COLUMN officer_code text COLLATE "C",
    ADD COLUMN routed_at timestamptz,
    ADD COLUMN geom geometry(Point, 4326) CHECK (geoservice.is_position(geom)),
    ADD COLUMN received_x double precision,
    ADD COLUMN received_y double precision,
    ADD COLUMN declared_crs text,
    ADD COLUMN accuracy_m double precision,
    ADD COLUMN building_code text COLLATE "C",
    ADD COLUMN distance_to_border_m double precision,
    ADD COLUMN near_border boolean,
    ADD COLUMN candidates jsonb;

-- A key of an officer names the member of staff who holds it, by code.
ALTER TABLE geoservice.api_key
    ADD COLUMN jurisdiction_id integer,
    ADD COLUMN staff_code text COLLATE "C",
    ADD FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    ADD CONSTRAINT api_key_staff_of_a_jurisdiction CHECK ((jurisdiction_id IS NULL) = (staff_code IS NULL));

-- What an UPDATE of an incident means, and whether it may be. Before `route`, by name.
CREATE FUNCTION geoservice.guard_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step lifecycle;
    steps_by_status boolean := new.status <> old.status
        OR (new.assigned_officer_code IS DISTINCT FROM old.assigned_officer_code AND new.status = 'dispatched')
        OR (new.rating IS DISTINCT FROM old.rating AND new.status = 'closed');
BEGIN
    IF steps_by_status THEN
        SELECT l.* INTO step FROM lifecycle AS l
         WHERE l.from_status = old.status AND l.to_status = new.status
         ORDER BY (l.rule = 'rated') = (new.rating IS DISTINCT FROM old.rating) DESC, l.rule = new.step_rule DESC,
                  l.usual DESC
         LIMIT 1;
        IF step.rule IS NULL THEN
            RAISE EXCEPTION 'An incident that is % can not become %.', old.status, new.status
                USING ERRCODE = 'GS411', HINT = 'It may become ' || coalesce((
                    SELECT string_agg(DISTINCT l.to_status, ', ' ORDER BY l.to_status) FROM lifecycle AS l
                     WHERE l.from_status = old.status), 'nothing else') || '.';
        ELSIF step.needs_reason AND new.step_reason IS NULL THEN
            RAISE EXCEPTION 'To be %, an incident needs a reason.', step.rule
                USING ERRCODE = 'not_null_violation', HINT = 'Write it into step_reason.';
        END IF;
        PERFORM require_step(step.rule, old, new);
        new.step_rule := step.rule;
        new.status_since := CASE WHEN new.status = old.status THEN old.status_since ELSE clock_timestamp() END;
        new.waiting_since := NULL;
        new.closed_at := CASE WHEN new.status = 'closed' THEN coalesce(old.closed_at, new.closed_at, now()) END;
        new.rating := CASE WHEN new.status = 'closed' THEN new.rating END;
        new.duplicate_of := CASE WHEN new.status = 'duplicate' THEN new.duplicate_of END;
        IF step.rule = 'reopened' THEN
            new.assigned_officer_code := NULL;  -- whoever is posted now
        END IF;
    ELSE
        new.status_since := old.status_since;
        new.step_rule := CASE
            WHEN new.overdue_at IS DISTINCT FROM old.overdue_at THEN 'overdue'
            WHEN new.waiting_since IS DISTINCT FROM old.waiting_since
                THEN CASE WHEN new.waiting_since IS NULL THEN 'answered' ELSE 'asked' END
            WHEN new.routed_at > old.routed_at THEN 'moved by edition'
            WHEN (new.overrule_grid_code, new.overrule_reason) IS DISTINCT FROM (old.overrule_grid_code, old.overrule_reason)
                THEN CASE WHEN new.step_rule = 'side chosen' THEN 'side chosen' ELSE 'overruled' END
            WHEN (new.geom, new.building_code, new.accuracy_m) IS DISTINCT FROM (old.geom, old.building_code, old.accuracy_m)
                THEN 'moved'
            ELSE 'corrected' END;
        IF new.step_rule IN ('moved by edition', 'overdue', 'corrected') THEN
            new.step_reason := NULL;
        ELSIF new.step_rule = 'overruled' THEN
            new.step_reason := new.overrule_reason;
        END IF;
    END IF;
    RETURN new;
END $$;

-- What only some steps ask for.
CREATE FUNCTION geoservice.require_step(rule text, old geoservice.incident, new geoservice.incident) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF rule IN ('reopened', 'rated') AND old.closed_at < now() - interval '7 days' THEN
        RAISE EXCEPTION 'The incident was closed more than 7 days ago.'
            USING ERRCODE = 'GS411', HINT = 'Report the matter anew.';
    ELSIF rule = 'rated' AND (old.rating IS NOT NULL OR new.rating IS NULL) THEN
        RAISE EXCEPTION 'The incident was rated already.' USING ERRCODE = 'GS411', HINT = 'One rating counts.';
    ELSIF rule = 'merged' AND NOT EXISTS (
        SELECT FROM incident AS i WHERE i.id = new.duplicate_of AND i.jurisdiction_id = old.jurisdiction_id
           AND i.status NOT IN ('duplicate', 'cancelled')) THEN
        RAISE EXCEPTION 'The incident that stays must be one of the same jurisdiction, neither a duplicate nor cancelled.'
            USING ERRCODE = 'check_violation', HINT = 'Give the id of the incident that all others are merged into.';
    ELSIF rule = 'merged' AND EXISTS (SELECT FROM incident AS i WHERE i.duplicate_of = old.id) THEN
        RAISE EXCEPTION 'Other incidents were merged into this one.'
            USING ERRCODE = 'check_violation', HINT = 'Merge the other one into this, or reopen those first.';
    ELSIF rule IN ('dispatched', 'reassigned') AND new.assigned_officer_code IS NULL THEN
        RAISE EXCEPTION 'Nobody is named for the incident.'
            USING ERRCODE = 'not_null_violation', HINT = 'Write the code of a member of staff into assigned_officer_code.';
    END IF;
END $$;

CREATE TRIGGER guard_step BEFORE UPDATE ON geoservice.incident
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_step();

-- Where an incident went decides who has it: an officer who is named has it dispatched to him, and where nobody is, it waits
-- in the queue. What is done already stays done.
CREATE FUNCTION geoservice.status_by_officer(status text, officer_before text, officer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN status IN ('dispatched', 'accepted') AND officer IS NULL THEN 'reported'
    WHEN status = 'reported' AND officer IS NOT NULL THEN 'dispatched'
    WHEN status = 'accepted' AND officer IS DISTINCT FROM officer_before THEN 'dispatched'
    ELSE status END;

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
        IF new.assigned_officer_code IS DISTINCT FROM old.assigned_officer_code OR new.step_rule = 'reopened' THEN
            new.officer_code := coalesce(new.assigned_officer_code, (
                SELECT o.staff_code FROM officer_posted(new.jurisdiction_id, new.grid_code, clock_timestamp()) AS o));
        END IF;
        IF new.officer_code IS NULL THEN
            new.status := status_by_officer(new.status, NULL, NULL);  -- the queue
        END IF;
    END IF;
    RETURN new;
END $$;

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

CREATE OR REPLACE FUNCTION geoservice.record_arrivals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event (incident_id, actor, rule, to_status, to_grid_code, method, edition_id, reason, officer_code,
                                jurisdiction_id, service_code, routed_at, geom, received_x, received_y, declared_crs,
                                accuracy_m, building_code, distance_to_border_m, near_border, candidates)
    SELECT a.id, geoservice.actor(), 'reported', a.status, a.grid_code, a.method, a.edition_id, a.overrule_reason,
           a.officer_code, a.jurisdiction_id, a.service_code, a.routed_at, a.geom, a.received_x, a.received_y,
           a.declared_crs, a.accuracy_m, a.building_code, a.distance_to_border_m, a.near_border, a.candidates
      FROM arrivals AS a;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION geoservice.record_change() RETURNS trigger
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
    INSERT INTO incident_event
        (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, method, edition_id, reason,
         officer_code, jurisdiction_id, service_code, rating, routed_at, geom, received_x, received_y, declared_crs,
         accuracy_m, building_code, distance_to_border_m, near_border, candidates)
    VALUES (new.id, geoservice.actor(), new.step_rule, old.status, new.status, old.grid_code, new.grid_code, new.method,
            new.edition_id,
            CASE WHEN new.step_rule = 'moved by edition'
                 THEN 'Its place belongs to another grid in edition ' || new.edition_id || '.'
                 ELSE new.step_reason END,
            new.officer_code, new.jurisdiction_id, new.service_code, new.rating, line.routed_at, line.geom, line.received_x,
            line.received_y, line.declared_crs, line.accuracy_m, line.building_code, line.distance_to_border_m,
            line.near_border, line.candidates);
    RETURN NULL;
END $$;
DROP TRIGGER record_change ON geoservice.incident;
CREATE TRIGGER record_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.status, new.service_code, new.source, new.description, new.geom, new.building_code, new.accuracy_m,
           new.grid_code, new.method, new.officer_code, new.overrule_reason, new.waiting_since, new.overdue_at, new.closed_at,
           new.rating)
        IS DISTINCT FROM
          (old.status, old.service_code, old.source, old.description, old.geom, old.building_code, old.accuracy_m,
           old.grid_code, old.method, old.officer_code, old.overrule_reason, old.waiting_since, old.overdue_at, old.closed_at,
           old.rating))
    EXECUTE FUNCTION geoservice.record_change();

-- Close what was resolved long ago and what nobody rated or verified since. Whoever asks first does it.
CREATE FUNCTION geoservice.lapse_due(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    WITH due AS (
        SELECT i.id FROM incident AS i
         WHERE i.status = 'resolved' AND i.status_since < now() - interval '7 days'
         ORDER BY i.status_since LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incident AS i SET status = 'closed', step_rule = 'lapsed', step_reason = NULL FROM due WHERE i.id = due.id;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;

-- A line's routing once more, by the grids as they were known then: what the rule says, whatever a person said. Of a building
-- that was moved or torn down since, nothing is known any more.
CREATE FUNCTION geoservice.route_again(line geoservice.incident_event, jurisdiction integer) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    report incident;
    answer ownership := owner_of(line.geom, line.routed_at, line.accuracy_m, jurisdiction, line.at);
BEGIN
    IF line.building_code IS NOT NULL THEN
        report.geom := line.geom;
        report.routed_at := line.routed_at;
        report.building_code := line.building_code;
        report.jurisdiction_id := jurisdiction;
        answer := owner_by_building(report, answer, false);
    END IF;
    RETURN answer;
END $$;

REVOKE EXECUTE ON FUNCTION geoservice.guard_step(), geoservice.require_step(text, geoservice.incident, geoservice.incident),
    geoservice.status_by_officer(text, text, text), geoservice.lapse_due(integer),
    geoservice.route_again(geoservice.incident_event, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.status_by_officer(text, text, text) TO geoservice_app, geoservice_analyst;
GRANT EXECUTE ON FUNCTION geoservice.lapse_due(integer), geoservice.route_again(geoservice.incident_event, integer)
    TO geoservice_app;
GRANT SELECT ON geoservice.lifecycle TO geoservice_app, geoservice_analyst, geoservice_reader;
