DROP FUNCTION geoservice.enact_due();
DROP FUNCTION geoservice.require_turn(geoservice.edition, timestamptz, integer);
DROP FUNCTION geoservice.publish_edition(bigint, timestamptz, integer, text);
DROP FUNCTION geoservice.write_lineage(bigint, bigint);
DROP FUNCTION geoservice.carry_out(integer, geoservice.move[], timestamptz);
DROP FUNCTION geoservice.rehearse(bigint, timestamptz);
DROP FUNCTION geoservice.fingerprint_of(geoservice.move[]);
DROP FUNCTION geoservice.moves(integer, geometry[], timestamptz);
DROP FUNCTION geoservice.incident_grid(geoservice.incident, timestamptz);
DROP FUNCTION geoservice.changed_ground(bigint, bigint);
DROP TYPE geoservice.move;
DROP TABLE geoservice.preview;
DROP TABLE geoservice.outbox;
DROP TABLE geoservice.enactment;
CREATE OR REPLACE FUNCTION geoservice.guard_edition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        IF new.status <> 'draft' OR new.validated_hash IS NOT NULL THEN
            RAISE EXCEPTION 'A new edition begins as a draft.'
                USING ERRCODE = 'insufficient_privilege', HINT = 'Fill it with grids, validate it, then publish it.';
        END IF;
        RETURN new;
    END IF;
    IF tg_op = 'DELETE' THEN
        IF old.status <> 'draft' THEN
            RAISE EXCEPTION 'Edition % is % and can not be removed.', old.id, old.status
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN old;
    END IF;
    IF (new.id, new.jurisdiction_id) IS DISTINCT FROM (old.id, old.jurisdiction_id) THEN
        RAISE EXCEPTION 'Edition % can not move to another jurisdiction.', old.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF old.status = 'draft' AND new.status IN ('draft', 'withdrawn') THEN
        RETURN new;
    ELSIF old.status = 'draft' AND new.status = 'published' THEN
        PERFORM geoservice.require_publishable(new);
        RETURN new;
    ELSIF old.status = 'published' AND new.status = 'superseded' AND old.valid_to IS NULL AND new.valid_to IS NOT NULL
        AND (new.title, new.valid_from, new.source, new.validated_hash, new.recorded_at, new.published_at, new.published_by)
            IS NOT DISTINCT FROM
            (old.title, old.valid_from, old.source, old.validated_hash, old.recorded_at, old.published_at, old.published_by)
    THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'Edition % is % and can not be changed.', old.id, old.status
        USING ERRCODE = 'insufficient_privilege', HINT = 'Publish a new edition instead.';
END $$;

CREATE OR REPLACE FUNCTION geoservice.require_publishable(edition geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    errors integer;
    outline geometry;
    whole geometry;
    overlap double precision;
BEGIN
    IF edition.validated_hash IS DISTINCT FROM edition_hash(edition.id) THEN
        RAISE EXCEPTION 'Edition % was not validated as it stands now.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run: geoservice edition validate ' || edition.id;
    END IF;
    SELECT count(*) INTO errors FROM finding AS f WHERE f.edition_id = edition.id AND f.severity = 'error';
    IF errors > 0 THEN
        RAISE EXCEPTION 'Edition % has % finding(s) of severity error.', edition.id, errors
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Mend them, validate again, then publish.';
    ELSIF edition.valid_from > now() THEN
        RAISE EXCEPTION 'An edition can not yet be published for the future (%).', edition.valid_from
            USING ERRCODE = 'feature_not_supported', HINT = 'Publish it when its day has come.';
    END IF;
    SELECT j.outline INTO outline FROM jurisdiction AS j WHERE j.id = edition.jurisdiction_id;
    SELECT st_union(g.geom), sum(st_area(g.geom)) INTO whole, overlap FROM grid AS g WHERE g.edition_id = edition.id;
    overlap := overlap - st_area(whole);
    IF whole IS NULL OR abs(overlap) > 1e-12 * st_area(outline)
        OR st_area(st_symdifference(whole, outline)) > 1e-12 * st_area(outline) THEN
        RAISE EXCEPTION 'The grids of edition % do not partition the outline of their jurisdiction.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run: geoservice edition validate ' || edition.id;
    END IF;
END $$;

DROP FUNCTION geoservice.wandering_codes(bigint);
DROP FUNCTION geoservice.partitions_outline(geoservice.edition);
DROP FUNCTION geoservice.net_edges(bigint, bigint);
DROP FUNCTION geoservice.changed_grids(bigint, bigint);
DROP INDEX geoservice.ix_incident_overrule_grid_code;
ALTER TABLE geoservice.incident DROP COLUMN routed_at;
ALTER TABLE geoservice.jurisdiction DROP COLUMN reroute;
-- NOT VALID: an edition that a correction left no time at all stays.
ALTER TABLE geoservice.edition DROP CONSTRAINT edition_ends_after_it_begins;
ALTER TABLE geoservice.edition ADD CONSTRAINT edition_check CHECK (valid_to > valid_from) NOT VALID;
CREATE OR REPLACE FUNCTION geoservice.incident_as_changed(old geoservice.incident, new geoservice.incident)
RETURNS geoservice.incident
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    new.id := old.id;
    new.recorded_at := old.recorded_at;
    new.reported_at := old.reported_at;
    new.updated_at := now();
    new.version := old.version + 1;
    new.method := NULL;
    IF (new.geom, new.building_code, new.accuracy_m, new.overrule_grid_code)
        IS NOT DISTINCT FROM (old.geom, old.building_code, old.accuracy_m, old.overrule_grid_code) THEN
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

CREATE OR REPLACE FUNCTION geoservice.owner_by_building(
    report geoservice.incident, by_position geoservice.ownership, must_exist boolean
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    near record;
    answer ownership;
BEGIN
    SELECT b.geom, b.jurisdiction_id, j.snap_tolerance_m INTO near
      FROM building AS b JOIN jurisdiction AS j ON j.id = b.jurisdiction_id
     WHERE b.code = report.building_code
       AND (report.jurisdiction_id IS NULL OR b.jurisdiction_id = report.jurisdiction_id)
     ORDER BY b.geom <-> report.geom
     LIMIT 1;
    IF near.geom IS NULL AND must_exist THEN
        RAISE EXCEPTION 'The incident names the unknown building %.', report.building_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Leave the building out, or give its code as in the layer.';
    ELSIF near.geom IS NULL
        OR distance_m(report.geom, near.geom, lon_degree_m(st_y(report.geom)), lat_degree_m(st_y(report.geom)))
           > near.snap_tolerance_m THEN
        RETURN by_position;
    END IF;
    answer := owner_of(st_pointonsurface(near.geom), report.reported_at, 0, near.jurisdiction_id);
    IF answer.grid_code IS NULL THEN
        RETURN by_position;
    END IF;
    answer.method := 'building';
    RETURN answer;
END $$;

CREATE OR REPLACE FUNCTION geoservice.owner_by_person(report geoservice.incident, by_rule geoservice.ownership)
RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := by_rule;
BEGIN
    SELECT edition_at(t.jurisdiction_id, report.reported_at), t.id, t.code, t.name
      INTO answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name
      FROM territory AS t
     WHERE t.jurisdiction_id = by_rule.jurisdiction_id
       AND t.code = report.overrule_grid_code
       AND t.valid @> report.reported_at
       AND upper_inf(t.known);
    IF answer.territory_id IS NULL THEN
        RAISE EXCEPTION 'There is no grid % in the edition that was in force.', report.overrule_grid_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Overrule with the code of a grid of that edition.';
    END IF;
    answer.method := 'manual';
    RETURN answer;
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
    END IF;
    answer := geoservice.owner_of(new.geom, new.reported_at, new.accuracy_m, new.jurisdiction_id);
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
          FROM geoservice.officer_posted(answer.jurisdiction_id, answer.grid_code, new.reported_at) AS o;
    END IF;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event
        (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, method, edition_id, reason)
    VALUES (new.id, geoservice.actor(),
            CASE WHEN new.status <> old.status THEN 'status changed'
                 WHEN (new.geom, new.grid_code, new.method, new.overrule_reason)
                      IS DISTINCT FROM (old.geom, old.grid_code, old.method, old.overrule_reason) THEN 'rerouted'
                 ELSE 'corrected' END,
            old.status, new.status, old.grid_code, new.grid_code, new.method, new.edition_id, new.overrule_reason);
    RETURN NULL;
END $$;

CREATE FUNCTION geoservice.publish_edition(edition bigint, starts timestamptz DEFAULT now()) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    seen bigint;
    current edition%ROWTYPE;
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition;
    IF draft.id IS NULL THEN
        RAISE EXCEPTION 'There is no edition %.', edition USING ERRCODE = 'no_data_found';
    END IF;
    SELECT e.id INTO seen FROM edition AS e
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND e.status = 'published' AND e.valid_to IS NULL;
    -- One publisher a jurisdiction. Writers of features hold FOR KEY SHARE: none is between its look-up and its commit.
    PERFORM FROM jurisdiction AS j WHERE j.id = draft.jurisdiction_id FOR UPDATE;
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition FOR UPDATE;
    SELECT * INTO current FROM edition AS e
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND e.status = 'published' AND e.valid_to IS NULL;
    IF draft.status <> 'draft' THEN
        RAISE EXCEPTION 'Edition % is %; only a draft can be published.', edition, draft.status
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF current.id IS DISTINCT FROM seen THEN
        RAISE EXCEPTION 'Edition % is in force since %: it was published while you waited.', current.id, current.valid_from
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Look at it, then publish yours if it still fits.';
    ELSIF starts > now() THEN
        RAISE EXCEPTION 'An edition can not yet be published for the future (%).', starts
            USING ERRCODE = 'feature_not_supported', HINT = 'Publish it when its day has come.';
    ELSIF current.valid_from >= starts THEN
        RAISE EXCEPTION 'Edition % is in force since %; a new one must begin after that.', current.id, current.valid_from
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    UPDATE edition AS e SET status = 'superseded', valid_to = starts WHERE e.id = current.id;
    UPDATE edition AS e SET status = 'published', valid_from = starts, published_at = now(), published_by = actor()
     WHERE e.id = draft.id;
    ANALYZE geoservice.territory;  -- the planner must not meet a table it believes empty
    RETURN assign_features(draft.jurisdiction_id);
END $$;

CREATE FUNCTION geoservice.assign_features(jurisdiction integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    moved integer := 0;
    moved_now integer;
BEGIN
    SELECT count(*) INTO moved FROM household AS h JOIN building AS b USING (jurisdiction_id)
     WHERE h.jurisdiction_id = jurisdiction AND b.code = h.building_code
       AND b.grid_code IS DISTINCT FROM (owner_of(st_pointonsurface(b.geom), now(), 0, jurisdiction)).grid_code;
    UPDATE building AS b SET grid_code = o.grid_code
      FROM (SELECT id, (owner_of(st_pointonsurface(geom), now(), 0, jurisdiction)).grid_code
              FROM building WHERE jurisdiction_id = jurisdiction) AS o
     WHERE b.id = o.id AND b.grid_code IS DISTINCT FROM o.grid_code;
    GET DIAGNOSTICS moved_now = ROW_COUNT;
    moved := moved + moved_now;
    UPDATE household AS h SET grid_code = o.grid_code
      FROM (SELECT id, (owner_of(geom, now(), 0, jurisdiction)).grid_code
              FROM household WHERE jurisdiction_id = jurisdiction AND building_code IS NULL) AS o
     WHERE h.id = o.id AND h.grid_code IS DISTINCT FROM o.grid_code;
    GET DIAGNOSTICS moved_now = ROW_COUNT;
    moved := moved + moved_now;
    UPDATE camera AS c SET grid_code = o.grid_code
      FROM (SELECT id, (owner_of(geom, now(), 0, jurisdiction)).grid_code
              FROM camera WHERE jurisdiction_id = jurisdiction) AS o
     WHERE c.id = o.id AND c.grid_code IS DISTINCT FROM o.grid_code;
    GET DIAGNOSTICS moved_now = ROW_COUNT;
    moved := moved + moved_now;
    UPDATE organisation AS n SET grid_code = o.grid_code
      FROM (SELECT id, (owner_of(geom, now(), 0, jurisdiction)).grid_code
              FROM organisation WHERE jurisdiction_id = jurisdiction) AS o
     WHERE n.id = o.id AND n.grid_code IS DISTINCT FROM o.grid_code;
    GET DIAGNOSTICS moved_now = ROW_COUNT;
    RETURN moved + moved_now;
END $$;

REVOKE EXECUTE ON FUNCTION geoservice.publish_edition(bigint, timestamptz), geoservice.assign_features(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.publish_edition(bigint, timestamptz) TO geoservice_app;
GRANT INSERT, UPDATE ON geoservice.edition TO geoservice_app;
GRANT INSERT ON geoservice.grid_lineage TO geoservice_app;

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
    new.grid_code := (owner_of(place, now(), 0, new.jurisdiction_id)).grid_code;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.assign_household() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM FROM jurisdiction AS j WHERE j.id = new.jurisdiction_id FOR KEY SHARE;
    PERFORM require_position(new.geom, 'Household ' || new.id);
    IF new.building_code IS NULL THEN
        new.grid_code := (owner_of(new.geom, now(), 0, new.jurisdiction_id)).grid_code;
    ELSE
        SELECT b.grid_code INTO new.grid_code FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
    END IF;
    RETURN new;
END $$;

DROP FUNCTION geoservice.was_overtaken(integer, bigint);
