CREATE OR REPLACE FUNCTION geoservice.guard_jurisdiction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM geoservice.require_sound(new.outline, 'The outline of jurisdiction ' || new.code);
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = new.time_zone) THEN
        RAISE EXCEPTION 'Jurisdiction % names the unknown time zone %.', new.code, new.time_zone
            USING ERRCODE = 'check_violation', HINT = 'Use an IANA name such as Asia/Shanghai.';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.spatial_ref_sys
         WHERE srid = new.metric_srid AND srtext LIKE 'PROJCS%' AND proj4text LIKE '%+units=m %'
    ) THEN
        RAISE EXCEPTION 'Jurisdiction % names EPSG:%, which is not a projected CRS in metres.', new.code, new.metric_srid
            USING ERRCODE = 'check_violation', HINT = 'Use a metric CRS of the area, such as EPSG:4542 or a UTM zone.';
    END IF;
    IF tg_op = 'UPDATE' AND NOT st_equals(new.outline, old.outline) AND EXISTS (
        SELECT FROM geoservice.edition WHERE jurisdiction_id = old.id AND status IN ('published', 'superseded')
    ) THEN
        RAISE EXCEPTION 'The outline of jurisdiction % is partitioned by a published edition and can not change.', old.code
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.publish_edition(
    edition bigint, starts timestamptz DEFAULT now(), seen_revision integer DEFAULT NULL, seen_moves text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    moved move[];
    count_moved integer := 0;
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition;
    IF draft.id IS NULL THEN
        RAISE EXCEPTION 'There is no edition %.', edition USING ERRCODE = 'no_data_found';
    END IF;
    -- One publisher a jurisdiction. Writers of features hold FOR KEY SHARE: none is between its look-up and its commit.
    PERFORM FROM jurisdiction AS j WHERE j.id = draft.jurisdiction_id FOR UPDATE;
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition FOR UPDATE;
    PERFORM require_turn(draft, starts, seen_revision);
    UPDATE edition AS e SET status = 'superseded', valid_to = greatest(e.valid_from, starts)
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND e.status IN ('published', 'superseded')
       AND coalesce(e.valid_to, 'infinity') > greatest(e.valid_from, starts);
    UPDATE edition AS e SET status = 'published', valid_from = starts, published_at = now(), published_by = actor()
     WHERE e.id = draft.id;  -- its trigger lays it out
    PERFORM write_lineage(draft.id, draft.base_id);
    IF seen_moves IS NOT NULL OR starts <= now() THEN
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_ground(draft.base_id, draft.id)), greatest(starts, now())) AS m);
    END IF;
    IF seen_moves <> fingerprint_of(moved) THEN
        RAISE EXCEPTION 'What publishing edition % would move is no longer what the preview showed.', edition
            USING ERRCODE = 'GS410', HINT = 'Look at a new preview, then publish.';
    END IF;
    IF starts <= now() THEN
        count_moved := carry_out(draft.jurisdiction_id, moved, now());
    END IF;
    INSERT INTO outbox (topic, jurisdiction_id, payload)
    VALUES ('edition.published', draft.jurisdiction_id, jsonb_build_object(
        'edition', draft.id, 'base', draft.base_id, 'valid_from', starts, 'features_moved', count_moved));
    DELETE FROM preview AS p WHERE p.edition_id = draft.id;
    RETURN count_moved;
END $$;

CREATE OR REPLACE FUNCTION geoservice.rehearse(edition bigint, starts timestamptz DEFAULT now()) RETURNS geoservice.move[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    moved move[];
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = rehearse.edition;
    IF draft.status IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'Edition % is %; only a draft can be previewed.', edition, coalesce(draft.status, 'unknown')
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    BEGIN
        PERFORM lay_out(edition, starts, clock_timestamp());
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_ground(draft.base_id, edition)), greatest(starts, now())) AS m);
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'GS000';
    EXCEPTION WHEN SQLSTATE 'GS000' THEN
        NULL;
    END;
    RETURN moved;
END $$;

CREATE OR REPLACE FUNCTION geoservice.enact_due() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    due record;
    before_id bigint;
    current_id bigint;
    done integer := 0;
BEGIN
    FOR due IN SELECT j.id AS jurisdiction_id
                 FROM jurisdiction AS j LEFT JOIN enactment AS a ON a.jurisdiction_id = j.id
                WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0) LOOP
        PERFORM FROM jurisdiction AS j WHERE j.id = due.jurisdiction_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;  -- somebody publishes, or does this
        SELECT a.edition_id, edition_at(j.id, now()) INTO before_id, current_id
          FROM jurisdiction AS j LEFT JOIN enactment AS a ON a.jurisdiction_id = j.id WHERE j.id = due.jurisdiction_id;
        CONTINUE WHEN current_id = before_id;
        PERFORM carry_out(due.jurisdiction_id, ARRAY(SELECT m FROM moves(
            due.jurisdiction_id, ARRAY(SELECT changed_ground(before_id, current_id)), now()) AS m), now());
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

CREATE OR REPLACE FUNCTION geoservice.was_overtaken(jurisdiction integer, edition bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM FROM jurisdiction AS j WHERE j.id = was_overtaken.jurisdiction AND j.reroute = 'move' FOR KEY SHARE;
    RETURN FOUND AND edition_at(jurisdiction, clock_timestamp()) IS DISTINCT FROM edition;
END $$;

CREATE OR REPLACE FUNCTION geoservice.assign_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place geometry;
BEGIN
    PERFORM FROM jurisdiction AS j WHERE j.id = new.jurisdiction_id FOR KEY SHARE;  -- a publication waits, or is waited for
    IF tg_table_name = 'building' THEN
        PERFORM require_sound(new.geom, 'Building ' || new.code);
        place := st_pointonsurface(new.geom);
    ELSE
        PERFORM require_position(new.geom, initcap(tg_table_name) || ' ' || new.code);
        place := new.geom;
    END IF;
    new.grid_code := (owner_of(place, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.assign_household() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM FROM jurisdiction AS j WHERE j.id = new.jurisdiction_id FOR KEY SHARE;
    PERFORM require_position(new.geom, 'Household ' || new.id);
    IF new.building_code IS NULL THEN
        new.grid_code := (owner_of(new.geom, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    ELSE
        SELECT b.grid_code INTO new.grid_code FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
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

REVOKE EXECUTE ON FUNCTION geoservice.was_overtaken(integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.was_overtaken(integer, bigint) TO geoservice_app, geoservice_analyst;
DROP FUNCTION geoservice.overtaken_at(integer, bigint, timestamptz, boolean);
DROP FUNCTION geoservice.rerouted_at(geoservice.incident, geoservice.incident);
DROP FUNCTION geoservice.take_turn(integer);
DROP FUNCTION geoservice.begin_publishing(integer);
DROP FUNCTION geoservice.assigned_by(integer, timestamptz);
