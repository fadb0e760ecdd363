-- Which grid an incident goes to, and who has it.

-- Route an incident on its way in, and again when its place, building or overrule changes. Nothing else may touch the
-- columns that say where it went: an UPDATE that tries is put right, not obeyed.
-- It runs with the writer's rights. What it asks on the way of every INSERT is fixed in meaning (ownership.sql); the rest has
-- a search path of its own.
CREATE FUNCTION geoservice.route_incident() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    answer geoservice.ownership;
    on_duty_at timestamptz;
    stale_routing_at timestamptz;
    fresh boolean;
    stands boolean;
BEGIN
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' THEN
        IF new.upkeep OPERATOR(pg_catalog.<>) old.upkeep THEN
            RETURN new;
        END IF;
        new := geoservice.incident_as_changed(old, new);
        IF new.method IS NOT NULL THEN  -- nothing changed that the route depends on
            RETURN new;
        END IF;
        new.routed_at := geoservice.reroute_at(old, new);
        on_duty_at := pg_catalog.clock_timestamp();
    ELSE
        new.recorded_at := pg_catalog.now();
        new.updated_at := pg_catalog.now();
        new.status_since := pg_catalog.now();
        new.version := 1;
        IF new.reported_at OPERATOR(pg_catalog.>) pg_catalog.now() THEN
            new.reported_at := geoservice.not_to_come(new.reported_at);
        END IF;
        new.routed_at := new.reported_at;
        new.step_rule := 'reported';
        new.step_reason := NULL;
        new.words_gone_at := NULL;
        new.upkeep := 0;
        new.original_status := CASE WHEN new.duplicate_of IS NOT NULL THEN geoservice.status_of_original(new.duplicate_of) END;
    END IF;
    answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
    IF tg_op OPERATOR(pg_catalog.=) 'INSERT' AND answer.jurisdiction_id IS NOT NULL THEN
        -- What nearly every report needs is done here: its turn, and a look at the edition. The function costs more than that.
        fresh := new.reported_at OPERATOR(pg_catalog.>=) pg_catalog.now();
        IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed' THEN
            PERFORM geoservice.lock_jurisdiction_shared(answer.jurisdiction_id);
            stands := geoservice.edition_at(
                answer.jurisdiction_id, CASE WHEN fresh THEN pg_catalog.clock_timestamp() ELSE new.routed_at END)
                IS NOT DISTINCT FROM answer.edition_id;
        END IF;
        IF stands IS NOT TRUE THEN
            stale_routing_at := geoservice.stale_routing_at(answer.jurisdiction_id, answer.edition_id, new.routed_at, fresh);
        END IF;
        IF stale_routing_at IS NOT NULL THEN
            new.routed_at := stale_routing_at;
            answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
        END IF;
    END IF;
    new.received_x := coalesce(new.received_x, public.st_x(new.geom));
    new.received_y := coalesce(new.received_y, public.st_y(new.geom));
    IF public.st_x(new.geom) OPERATOR(pg_catalog.=) 180 THEN
        new.geom := geoservice.on_one_side(new.geom);
    END IF;
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
    -- A step has said since when (guard_step); another grid, or nobody there, makes it another status here.
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' AND new.status OPERATOR(pg_catalog.<>) old.status
        AND new.status_since OPERATOR(pg_catalog.=) old.status_since THEN
        new.status_since := pg_catalog.clock_timestamp();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER route BEFORE INSERT OR UPDATE ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep >= 0) EXECUTE FUNCTION geoservice.route_incident();

-- Now, for a clock that is up to 5 minutes fast; a later instant is refused: nothing is reported before it happens.
CREATE FUNCTION geoservice.not_to_come(reported_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF reported_at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'The report says that it was made at %, which is still to come.', reported_at
            USING ERRCODE = 'check_violation', HINT = 'Leave reported_at out for now, or put the clock right that it came from.';
    END IF;
    RETURN now();
END $$;

-- An incident as a writer changes it: what is fixed stays, what the trigger decides stays as it was decided. When its
-- place, accuracy, building, overrule or instant of routing changed, method is null: it must be routed anew.
CREATE FUNCTION geoservice.incident_as_changed(old geoservice.incident, new geoservice.incident)
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
            new.status_since := CASE WHEN new.status = old.status OR new.status_since <> old.status_since
                                     THEN new.status_since ELSE clock_timestamp() END;
        END IF;
    END IF;
    RETURN new;
END $$;

-- The instant by which a report on its way in must be looked up again, because a publication ran beside it and did not see it;
-- null: its look-up stands. Later publications wait until the report is committed, and treat it as any other.
-- fresh: it tells of this moment, not of an earlier day. It goes to the grid in force now unless open reports stay where they are.
CREATE FUNCTION geoservice.stale_routing_at(jurisdiction integer, edition bigint, looked_up_at timestamptz, fresh boolean)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(jurisdiction);
    IF fresh AND edition_at(jurisdiction, clock_timestamp()) IS DISTINCT FROM edition
        AND EXISTS (SELECT FROM jurisdiction AS j WHERE j.id = stale_routing_at.jurisdiction AND j.reroute <> 'keep') THEN
        RETURN clock_timestamp();
    ELSIF edition_at(jurisdiction, looked_up_at) IS DISTINCT FROM edition THEN
        RETURN looked_up_at;
    END IF;
    RETURN NULL;
END $$;

-- The instant by which a changed incident is routed. Whoever names a grid for an open one names one that is in force now: those
-- of the day when it was reported may be gone, and their officers with them. Whoever puts its place right means a place of now,
-- too, where open reports go along with their place, and where nobody owned the place that it had.
CREATE FUNCTION geoservice.reroute_at(old geoservice.incident, new geoservice.incident) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    goes_along CONSTANT boolean :=
        coalesce((SELECT j.reroute = 'move' FROM jurisdiction AS j WHERE j.id = old.jurisdiction_id), true);
BEGIN
    IF new.routed_at > old.routed_at OR NOT is_open(old.status) THEN
        RETURN new.routed_at;
    END IF;
    PERFORM lock_jurisdiction_shared(old.jurisdiction_id);
    IF (new.overrule_grid_code IS NOT NULL AND new.overrule_grid_code IS DISTINCT FROM old.overrule_grid_code)
        OR (goes_along AND (old.jurisdiction_id IS NULL
                            OR edition_at(old.jurisdiction_id, clock_timestamp()) IS DISTINCT FROM old.edition_id)) THEN
        RETURN greatest(old.routed_at, clock_timestamp());
    END IF;
    RETURN new.routed_at;
END $$;

-- The answer when a report says more than its place: it names a building, or a person overrules, or no jurisdiction is
-- there whose services the foreign key could look at.
CREATE FUNCTION geoservice.owner_by_report(
    report geoservice.incident, by_position geoservice.ownership, building_before text
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := by_position;
BEGIN
    IF answer.jurisdiction_id IS NULL
        AND NOT EXISTS (SELECT FROM service AS s WHERE s.code = report.service_code) THEN
        RAISE EXCEPTION 'There is no service %.', report.service_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Give the code of a service of a jurisdiction.';
    END IF;
    IF report.building_code IS NOT NULL THEN
        answer := owner_by_building(report, answer, report.building_code IS DISTINCT FROM building_before);
    END IF;
    IF report.overrule_grid_code IS NOT NULL THEN
        answer := owner_by_person(report, answer);
    END IF;
    RETURN answer;
END $$;

-- The building that a report of a place means by a code: the nearest of that code, of one jurisdiction or of all (null); and
-- whether the place is within that jurisdiction's snap tolerance of it. No row: there is none.
CREATE FUNCTION geoservice.building_meant(building text, place geometry, only_in integer)
RETURNS TABLE (geom geometry, jurisdiction_id integer, within_tolerance boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT b.geom, b.jurisdiction_id,
           distance_across_m(place, b.geom, lon_degree_m(st_y(place)), lat_degree_m(st_y(place))) <= j.snap_tolerance_m
      FROM building AS b JOIN jurisdiction AS j ON j.id = b.jurisdiction_id
     WHERE b.code = building_meant.building AND (only_in IS NULL OR b.jurisdiction_id = only_in)
     ORDER BY b.geom <-> place
     LIMIT 1
$$;

-- The answer for a report that names a building: the grid of that building, if the report lies within the snap tolerance
-- of it and a grid owns it, else the answer by position.
-- must_exist: an unknown building is refused, it would be a lost hint; one that was removed since is passed over.
CREATE FUNCTION geoservice.owner_by_building(
    report geoservice.incident, by_position geoservice.ownership, must_exist boolean
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    near record;
    answer ownership;
BEGIN
    SELECT * INTO near FROM building_meant(report.building_code, report.geom, report.jurisdiction_id);
    IF near.geom IS NULL AND must_exist THEN
        RAISE EXCEPTION 'The incident names the unknown building %.', report.building_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Leave the building out, or give its code as in the layer.';
    ELSIF near.within_tolerance IS NOT TRUE THEN
        RETURN by_position;
    END IF;
    answer := owner_of(st_pointonsurface(near.geom), report.routed_at, 0, near.jurisdiction_id);
    IF answer.grid_code IS NULL THEN
        RETURN by_position;
    END IF;
    answer.method := 'building';
    RETURN answer;
END $$;

-- The answer when a person overrules: the grid named, which must be one of the edition that was in force.
CREATE FUNCTION geoservice.owner_by_person(report geoservice.incident, by_rule geoservice.ownership)
RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := by_rule;
BEGIN
    SELECT edition_at(t.jurisdiction_id, report.routed_at), t.id, t.code, t.name
      INTO answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name
      FROM territory AS t
     WHERE t.jurisdiction_id = by_rule.jurisdiction_id
       AND t.code = report.overrule_grid_code
       AND t.valid @> report.routed_at
       AND upper_inf(t.known);
    IF answer.territory_id IS NULL THEN
        RAISE EXCEPTION 'There is no grid % in the edition that was in force.', report.overrule_grid_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Overrule with the code of a grid of that edition.';
    END IF;
    answer.method := 'manual';
    RETURN answer;
END $$;

-- The grid code that an incident would have if it were routed at an instant; what a person decided stays while it can.
CREATE FUNCTION geoservice.incident_grid(report geoservice.incident, instant timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := owner_of(report.geom, instant, 0, report.jurisdiction_id);
BEGIN
    report.routed_at := instant;
    IF EXISTS (SELECT FROM territory AS t WHERE t.jurisdiction_id = report.jurisdiction_id
                  AND t.code = report.overrule_grid_code AND t.valid @> instant AND upper_inf(t.known)) THEN
        RETURN report.overrule_grid_code;
    ELSIF report.building_code IS NOT NULL THEN
        answer := owner_by_building(report, answer, false);
    END IF;
    RETURN answer.grid_code;
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
