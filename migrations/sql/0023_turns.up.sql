-- Publishing and writing take turns, the one who waits longest first; and what a publication moves is measured from what the
-- features carry, whatever the edition was drawn from.

-- A writer of features or reports takes part in a jurisdiction until he commits: whoever publishes there waits for him, or he
-- for whoever publishes. Writers do not wait for each other. A view of the database that is older than the last publication
-- (REPEATABLE READ) can not say which grid owns a place: it is refused, to be tried again.
CREATE FUNCTION geoservice.take_turn(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(knowledge_lock(), jurisdiction);
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM jurisdiction AS j WHERE j.id = take_turn.jurisdiction FOR SHARE;  -- raises when it was published since
    END IF;
END $$;

-- Wait until nobody writes in a jurisdiction, then keep it until the commit. A lock of its own and not one of the row: locks of
-- rows are given to whoever fits in, and writers who follow each other closely would never let a publication in; and a foreign
-- key takes the row's lock after that of a feature or a report, where publishing takes them the other way round.
CREATE FUNCTION geoservice.begin_publishing(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(knowledge_lock(), jurisdiction);
    -- A new version of the row, by which older views are told apart.
    UPDATE jurisdiction AS j SET recorded_at = j.recorded_at WHERE j.id = begin_publishing.jurisdiction;
END $$;

-- The edition by which the features of a jurisdiction are assigned when one begins that is published now: for a day to come,
-- the one in force just before. It need not be the one that a draft was drawn from, which may be meant for a later day.
CREATE FUNCTION geoservice.assigned_by(jurisdiction integer, starts timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT CASE WHEN starts > now() THEN edition_at(assigned_by.jurisdiction, starts - interval '1 microsecond')
                ELSE (SELECT a.edition_id FROM enactment AS a WHERE a.jurisdiction_id = assigned_by.jurisdiction) END
$$;

-- As before (0011), but in turn, and from what features carry.
CREATE OR REPLACE FUNCTION geoservice.publish_edition(
    edition bigint, starts timestamptz DEFAULT now(), seen_revision integer DEFAULT NULL, seen_moves text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    before_id bigint;
    moved move[];
    count_moved integer := 0;
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition;
    IF draft.id IS NULL THEN
        RAISE EXCEPTION 'There is no edition %.', edition USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM begin_publishing(draft.jurisdiction_id);
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition FOR UPDATE;
    PERFORM require_turn(draft, starts, seen_revision);
    before_id := assigned_by(draft.jurisdiction_id, starts);
    UPDATE edition AS e SET status = 'superseded', valid_to = greatest(e.valid_from, starts)
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND e.status IN ('published', 'superseded')
       AND coalesce(e.valid_to, 'infinity') > greatest(e.valid_from, starts);
    UPDATE edition AS e SET status = 'published', valid_from = starts, published_at = now(), published_by = actor()
     WHERE e.id = draft.id;  -- its trigger lays it out
    PERFORM write_lineage(draft.id, draft.base_id);
    IF seen_moves IS NOT NULL OR starts <= now() THEN
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_ground(before_id, draft.id)), greatest(starts, now())) AS m);
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
    before_id bigint;
    moved move[];
BEGIN
    BEGIN
        -- Another rehearsal, and who publishes, is waited for; writers are not kept waiting.
        PERFORM FROM jurisdiction AS j JOIN edition AS e ON e.jurisdiction_id = j.id
          WHERE e.id = rehearse.edition FOR NO KEY UPDATE OF j;
        SELECT * INTO draft FROM edition AS e WHERE e.id = rehearse.edition;
        IF draft.status IS DISTINCT FROM 'draft' THEN
            RAISE EXCEPTION 'Edition % is %; only a draft can be previewed.', edition, coalesce(draft.status, 'unknown')
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        before_id := assigned_by(draft.jurisdiction_id, starts);
        PERFORM lay_out(edition, starts, clock_timestamp());
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_ground(before_id, edition)), greatest(starts, now())) AS m);
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
    patience CONSTANT text := current_setting('lock_timeout');
BEGIN
    FOR due IN SELECT j.id AS jurisdiction_id
                 FROM jurisdiction AS j LEFT JOIN enactment AS a ON a.jurisdiction_id = j.id
                WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0)
                ORDER BY j.id LOOP
        PERFORM FROM jurisdiction AS j WHERE j.id = due.jurisdiction_id FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;  -- somebody publishes, or does this
        BEGIN  -- a writer who takes long is not waited for: whoever asks has more to do, and asks again
            PERFORM set_config('lock_timeout', '100ms', true);
            PERFORM begin_publishing(due.jurisdiction_id);
            PERFORM set_config('lock_timeout', patience, true);
        EXCEPTION WHEN lock_not_available THEN
            CONTINUE;
        END;
        SELECT a.edition_id, edition_at(j.id, now()) INTO before_id, current_id
          FROM jurisdiction AS j LEFT JOIN enactment AS a ON a.jurisdiction_id = j.id WHERE j.id = due.jurisdiction_id;
        CONTINUE WHEN current_id = before_id;
        PERFORM carry_out(due.jurisdiction_id, ARRAY(SELECT m FROM moves(
            due.jurisdiction_id, ARRAY(SELECT changed_ground(before_id, current_id)), now()) AS m), now());
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

-- The instant by which a report on its way in must be looked up again, because a publication ran beside it and did not see it;
-- null: its look-up stands. Later publications wait until the report is committed, and treat it as any other.
-- fresh: it tells of this moment, not of an earlier day. It goes to the grid in force now unless open reports stay where they are.
DROP FUNCTION geoservice.was_overtaken(integer, bigint);
CREATE FUNCTION geoservice.overtaken_at(jurisdiction integer, edition bigint, looked_up_at timestamptz, fresh boolean)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM take_turn(jurisdiction);
    IF fresh AND edition_at(jurisdiction, clock_timestamp()) IS DISTINCT FROM edition
        AND EXISTS (SELECT FROM jurisdiction AS j WHERE j.id = overtaken_at.jurisdiction AND j.reroute <> 'keep') THEN
        RETURN clock_timestamp();
    ELSIF edition_at(jurisdiction, looked_up_at) IS DISTINCT FROM edition THEN
        RETURN looked_up_at;
    END IF;
    RETURN NULL;
END $$;

-- The instant by which a changed incident is routed. Whoever names a grid for an open one names one that is in force now: those
-- of the day when it was reported may be gone, and their officers with them. Whoever puts its place right means a place of now,
-- too, where open reports go along with their place, and where nobody owned the place that it had.
CREATE FUNCTION geoservice.rerouted_at(old geoservice.incident, new geoservice.incident) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    goes_along CONSTANT boolean :=
        coalesce((SELECT j.reroute = 'move' FROM jurisdiction AS j WHERE j.id = old.jurisdiction_id), true);
BEGIN
    IF new.routed_at > old.routed_at OR old.status IN ('closed', 'duplicate', 'cancelled') THEN
        RETURN new.routed_at;
    END IF;
    PERFORM take_turn(old.jurisdiction_id);
    IF (new.overrule_grid_code IS NOT NULL AND new.overrule_grid_code IS DISTINCT FROM old.overrule_grid_code)
        OR (goes_along AND (old.jurisdiction_id IS NULL
                            OR edition_at(old.jurisdiction_id, clock_timestamp()) IS DISTINCT FROM old.edition_id)) THEN
        RETURN greatest(old.routed_at, clock_timestamp());
    END IF;
    RETURN new.routed_at;
END $$;

-- As before (0011, 0013), each in turn.
CREATE OR REPLACE FUNCTION geoservice.assign_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place geometry;
BEGIN
    PERFORM take_turn(new.jurisdiction_id);
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
    PERFORM take_turn(new.jurisdiction_id);
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
    overtaken_at timestamptz;
    fresh boolean;
    stands boolean;
BEGIN
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' THEN
        new := geoservice.incident_as_changed(old, new);
        IF new.method IS NOT NULL THEN  -- nothing changed that the route depends on
            RETURN new;
        END IF;
        new.routed_at := geoservice.rerouted_at(old, new);
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
    IF tg_op OPERATOR(pg_catalog.=) 'INSERT' AND answer.jurisdiction_id IS NOT NULL THEN
        -- What nearly every report needs is done here: the lock, and a look at the edition. The function costs more than that.
        fresh := new.reported_at OPERATOR(pg_catalog.>=) pg_catalog.now();
        IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed' THEN
            PERFORM pg_catalog.pg_advisory_xact_lock_shared(geoservice.knowledge_lock(), answer.jurisdiction_id);
            stands := geoservice.edition_at(
                answer.jurisdiction_id, CASE WHEN fresh THEN pg_catalog.clock_timestamp() ELSE new.routed_at END)
                IS NOT DISTINCT FROM answer.edition_id;
        END IF;
        IF stands IS NOT TRUE THEN
            overtaken_at := geoservice.overtaken_at(answer.jurisdiction_id, answer.edition_id, new.routed_at, fresh);
        END IF;
        IF overtaken_at IS NOT NULL THEN
            new.routed_at := overtaken_at;
            answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
        END IF;
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

-- As before (0002), but to the vertex (= compares every coordinate, in order): an outline that is the same area, drawn otherwise,
-- gives every published edition another fingerprint than the one it was validated with, and nobody could hold it in memory again.
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
    IF tg_op = 'UPDATE' AND NOT new.outline = old.outline AND EXISTS (
        SELECT FROM geoservice.edition WHERE jurisdiction_id = old.id AND status IN ('published', 'superseded')
    ) THEN
        RAISE EXCEPTION 'The outline of jurisdiction % is partitioned by a published edition and can not change.', old.code
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$;

REVOKE EXECUTE ON FUNCTION geoservice.take_turn(integer), geoservice.begin_publishing(integer),
    geoservice.assigned_by(integer, timestamptz), geoservice.overtaken_at(integer, bigint, timestamptz, boolean),
    geoservice.rerouted_at(geoservice.incident, geoservice.incident) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.overtaken_at(integer, bigint, timestamptz, boolean),
    geoservice.rerouted_at(geoservice.incident, geoservice.incident) TO geoservice_app, geoservice_analyst;
