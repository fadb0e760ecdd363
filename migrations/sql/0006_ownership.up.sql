-- The rule of ownership, once, for every door: owner_of and the triggers that ask it.

CREATE TYPE geoservice.ownership AS (
    jurisdiction_id integer,
    edition_id bigint,
    grid_id bigint,
    grid_code text,
    grid_name text,
    method text,                              -- covers | nearest | none here; triggers add building and manual
    distance_to_border_m double precision,    -- to the nearest border; null when none lies within reach
    near_border boolean,                      -- the border is nearer than the sender's accuracy
    candidates jsonb                          -- when near_border: [{"grid_code", "distance_m"}, ...], nearest first
);

-- Metres per degree of longitude and of latitude on the WGS 84 ellipsoid at a latitude.
-- Distances are measured in the plane these two span around the position: stored borders are straight in degrees, so
-- they are straight in it, and any caller can repeat the arithmetic. Within 1 km it differs from the geodesic by less
-- than 0.1 %. Source: Snyder 1987, Map Projections, USGS PP 1395, p. 24-25 (radii of curvature); 6378137 m is the
-- semi-major axis, 0.00669437999014 the first eccentricity squared. At the poles a degree of longitude has no length;
-- the cosine is kept that of a millionth of a degree (11 cm) off them. The square of the sine is written by the cosine: that of
-- a latitude of 1e-200 would be an underflow, which PostgreSQL refuses.
CREATE FUNCTION geoservice.lon_degree_m(lat double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 6378137 * greatest(cosd(lat), 1.7453292519943e-8) / sqrt(1 - 0.00669437999014 * (1 - cosd(lat) * cosd(lat))) * pi() / 180;

CREATE FUNCTION geoservice.lat_degree_m(lat double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 6378137 * (1 - 0.00669437999014) / (1 - 0.00669437999014 * (1 - cosd(lat) * cosd(lat))) ^ 1.5 * pi() / 180;

-- Distance in metres from a place to a line or area, in the plane of the place.
CREATE FUNCTION geoservice.distance_m(place geometry, shape geometry, lon_m double precision, lat_m double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN st_distance(
    st_affine(shape, lon_m, 0, 0, lat_m, -st_x(place) * lon_m, -st_y(place) * lat_m), 'SRID=4326;POINT(0 0)'::geometry);

-- The three questions below are what every look-up asks. They are SQL-standard bodies: what they mean was fixed when they
-- were made, so no operator or table that a caller puts into his search path can bend them, and the planner takes them
-- into the query that asks, so they cost nothing. (A SET clause would do the first and cost 7 us a look-up.)
-- lon_m, lat_m: metres per degree at the place, worked out once by whoever asks.

-- The grids in force at an instant that cover a place: one, several on a border or where jurisdictions overlap.
-- only_in: id of the one jurisdiction to ask; null asks all. Relies on ix_territory_geom.
CREATE FUNCTION geoservice.grids_covering(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer
)
RETURNS TABLE (
    jurisdiction_id integer, jurisdiction_code text, edition_id bigint, grid_id bigint, code text, name text,
    to_border_m double precision, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.jurisdiction_id, t.jurisdiction_code, t.edition_id, t.grid_id, t.code, t.name,
           geoservice.distance_m(place, t.border, lon_m, lat_m), t.accuracy_m
      FROM geoservice.territory AS t
     WHERE st_covers(t.geom, place)
       AND t.valid @> instant
       AND (only_in IS NULL OR t.jurisdiction_id = only_in);
END;

-- The grid that comes nearest to a place that none covers, if it is within its snap tolerance or the accuracy.
-- What is within its own tolerance goes first; equal within a micrometre is equal, whatever the last bit says.
CREATE FUNCTION geoservice.grid_nearest(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    stated_accuracy_m double precision
)
RETURNS TABLE (
    jurisdiction_id integer, edition_id bigint, grid_id bigint, code text, name text, to_border_m double precision,
    within_tolerance boolean, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT near.jurisdiction_id, near.edition_id, near.grid_id, near.code, near.name, near.to_border_m,
           near.to_border_m <= near.snap_tolerance_m, near.accuracy_m
      FROM (
        SELECT t.jurisdiction_id, t.edition_id, t.grid_id, t.code, t.name, t.jurisdiction_code, t.snap_tolerance_m,
               coalesce(stated_accuracy_m, t.accuracy_m) AS accuracy_m,
               geoservice.distance_m(place, t.border, lon_m, lat_m) AS to_border_m
          FROM geoservice.territory AS t
         -- 1000 m: no tolerance or accuracy is larger; CHECKs and parsers say so.
         WHERE t.geom && st_expand(place, 1000 / lon_m, 1000 / lat_m)
           AND t.valid @> instant
           AND (only_in IS NULL OR t.jurisdiction_id = only_in)
      ) AS near
     WHERE near.to_border_m <= greatest(near.snap_tolerance_m, near.accuracy_m)
     ORDER BY near.to_border_m > near.snap_tolerance_m, round(near.to_border_m * 1e6), near.jurisdiction_code, near.code
     LIMIT 1;
END;

-- The grids of an edition within reach_m of a place, nearest first: [{"grid_code", "distance_m"}, ...].
-- covering: id of the grid that owns the place by covering it, at distance 0; null when none does. Another grid that
-- covers it too has it on its border, so the distance to the border is right for all but that one.
CREATE FUNCTION geoservice.grids_within(
    place geometry, lon_m double precision, lat_m double precision, edition bigint, reach_m double precision,
    covering bigint, OUT candidates jsonb
)
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(
               jsonb_build_object('grid_code', near.code, 'distance_m', round(near.distance_m::numeric, 3))
               ORDER BY near.distance_m, near.code)
      FROM (
        SELECT t.code,
               CASE WHEN t.grid_id = covering THEN 0
                    ELSE geoservice.distance_m(place, t.border, lon_m, lat_m)
               END AS distance_m
          FROM geoservice.territory AS t
         WHERE t.edition_id = edition
           AND t.geom && st_expand(place, reach_m / lon_m, reach_m / lat_m)
      ) AS near
     WHERE near.distance_m <= reach_m;
END;

-- Who is posted to a grid on the day of an instant: the grid officer, else a deputy.
CREATE FUNCTION geoservice.officer_posted(jurisdiction integer, grid text, instant timestamptz, OUT staff_code text)
RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.staff_code
      FROM geoservice.posting AS p
     WHERE p.jurisdiction_id = jurisdiction
       AND p.grid_code = grid
       AND p.role IN ('grid_officer', 'deputy')
       AND daterange(p.valid_from, p.valid_to) @> (
           instant AT TIME ZONE (SELECT j.time_zone FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction))::date
     ORDER BY p.role = 'deputy', p.staff_code
     LIMIT 1;
END;

-- Which grid owns a position, by the rule of ownership: the covering grid, on a border the one with the smallest code
-- in byte order, outside all grids the nearest within the snap tolerance, else none.
-- place: Point, EPSG:4326. at: the edition valid then is asked. accuracy_m: the sender's, null for the jurisdiction's
-- default. only_in: id of the one jurisdiction to ask; null asks all (the smallest code wins where outlines overlap).
CREATE FUNCTION geoservice.owner_of(
    place geometry, at timestamptz DEFAULT now(), accuracy_m double precision DEFAULT NULL, only_in integer DEFAULT NULL
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    answer geoservice.ownership;
    accuracy double precision;
    lon_m double precision;
    lat_m double precision;
    same_border_m CONSTANT double precision := 0.001;
BEGIN
    IF place IS NULL OR NOT geoservice.is_position(place) THEN
        PERFORM geoservice.require_position(place, 'The place');
    ELSIF accuracy_m IS NOT NULL AND NOT accuracy_m BETWEEN 0 AND 1000 THEN  -- NaN is above every number
        RAISE EXCEPTION 'The accuracy is 0 to 1000 metres, not %.', accuracy_m USING ERRCODE = 'check_violation';
    ELSIF at IS NULL THEN
        RAISE EXCEPTION 'The instant is null: nobody could own the place then.'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Leave it out to ask for now.';
    END IF;
    lon_m := geoservice.lon_degree_m(public.st_y(place));
    lat_m := geoservice.lat_degree_m(public.st_y(place));
    SELECT g.jurisdiction_id, g.edition_id, g.grid_id, g.code, g.name, 'covers', g.to_border_m, g.accuracy_m
      INTO answer.jurisdiction_id, answer.edition_id, answer.grid_id, answer.grid_code, answer.grid_name, answer.method,
           answer.distance_to_border_m, accuracy
      FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in) AS g;
    -- Several grids can cover it only on their border, or where jurisdictions overlap: sorting always would be wasted.
    IF only_in IS NULL OR answer.distance_to_border_m OPERATOR(pg_catalog.<) same_border_m THEN
        SELECT g.jurisdiction_id, g.edition_id, g.grid_id, g.code, g.name, g.to_border_m, g.accuracy_m
          INTO answer.jurisdiction_id, answer.edition_id, answer.grid_id, answer.grid_code, answer.grid_name,
               answer.distance_to_border_m, accuracy
          FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in) AS g
         ORDER BY g.jurisdiction_code, g.code
         LIMIT 1;
    END IF;
    IF answer.grid_id IS NULL THEN
        answer := geoservice.owner_outside(place, at, accuracy_m, only_in);
        RETURN answer;
    END IF;
    accuracy := coalesce(accuracy_m, accuracy);
    answer.near_border := answer.distance_to_border_m OPERATOR(pg_catalog.<) accuracy;
    IF answer.near_border THEN
        SELECT w.candidates INTO answer.candidates
          FROM geoservice.grids_within(place, lon_m, lat_m, answer.edition_id, accuracy, answer.grid_id) AS w;
    END IF;
    RETURN answer;
END $$;

-- The second half of owner_of: nothing covers the place.
CREATE FUNCTION geoservice.owner_outside(
    place geometry, at timestamptz, accuracy_m double precision, only_in integer
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership;
    near record;
    lon_m CONSTANT double precision := lon_degree_m(st_y(place));
    lat_m CONSTANT double precision := lat_degree_m(st_y(place));
BEGIN
    answer.method := 'none';
    answer.near_border := false;
    SELECT * INTO near FROM grid_nearest(place, lon_m, lat_m, at, only_in, accuracy_m);
    IF near.grid_id IS NULL THEN  -- inside an outline without an edition then, or far away
        answer.jurisdiction_id := coalesce(
            only_in, (SELECT j.id FROM jurisdiction AS j WHERE st_covers(j.outline, place) ORDER BY j.code LIMIT 1));
        RETURN answer;
    END IF;
    answer.jurisdiction_id := near.jurisdiction_id;
    answer.edition_id := near.edition_id;
    answer.distance_to_border_m := near.to_border_m;
    IF near.to_border_m < near.accuracy_m THEN
        answer.near_border := true;
        SELECT w.candidates INTO answer.candidates
          FROM grids_within(place, lon_m, lat_m, near.edition_id, near.accuracy_m, NULL) AS w;
    END IF;
    IF near.within_tolerance THEN
        answer.method := 'nearest';
        answer.grid_id := near.grid_id;
        answer.grid_code := near.code;
        answer.grid_name := near.name;
    END IF;
    RETURN answer;
END $$;

-- The sector that a camera sees, as a polygon. bearing_deg clockwise from north; 5 degrees a step along the arc.
CREATE FUNCTION geoservice.view_sector(
    camera geometry, bearing_deg double precision, fov_deg double precision, range_m double precision
) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    lon_m CONSTANT double precision := lon_degree_m(st_y(camera));
    lat_m CONSTANT double precision := lat_degree_m(st_y(camera));
    steps CONSTANT integer := greatest(2, ceil(fov_deg / 5)::integer);
    arc geometry[];
BEGIN
    SELECT array_agg(st_setsrid(st_makepoint(
               st_x(camera) + range_m * sind(bearing_deg - fov_deg / 2 + fov_deg * i / steps) / lon_m,
               st_y(camera) + range_m * cosd(bearing_deg - fov_deg / 2 + fov_deg * i / steps) / lat_m), 4326)
               ORDER BY i)
      INTO arc
      FROM generate_series(0, steps) AS i;
    IF fov_deg = 360 THEN
        RETURN st_makepolygon(st_makeline(arc[1:steps] || arc[1]));
    END IF;
    RETURN st_makepolygon(st_makeline(camera || arc || camera));
END $$;

-- Give a building, camera or organisation the grid that owns it now. Whatever the writer put into grid_code is lost.
-- A building is where its point on surface is.
CREATE FUNCTION geoservice.assign_grid() RETURNS trigger
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

CREATE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id ON geoservice.building
    FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid();
CREATE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id ON geoservice.camera
    FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid();
CREATE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id ON geoservice.organisation
    FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid();

-- A household lives where its building is; without a building, where its point is.
CREATE FUNCTION geoservice.assign_household() RETURNS trigger
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
CREATE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id, building_code
    ON geoservice.household FOR EACH ROW EXECUTE FUNCTION geoservice.assign_household();

CREATE FUNCTION geoservice.move_households() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE household AS h SET grid_code = new.grid_code
     WHERE h.jurisdiction_id = new.jurisdiction_id AND h.building_code = new.code;
    RETURN NULL;
END $$;
CREATE TRIGGER move_households AFTER UPDATE ON geoservice.building
    FOR EACH ROW WHEN (new.grid_code IS DISTINCT FROM old.grid_code) EXECUTE FUNCTION geoservice.move_households();

CREATE FUNCTION geoservice.draw_sector() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM require_position(new.geom, 'Camera ' || new.code);
    IF NOT (new.bearing_deg >= 0 AND new.bearing_deg < 360 AND new.fov_deg > 0 AND new.fov_deg <= 360
        AND new.range_m > 0 AND new.range_m <= 2000) THEN
        RAISE EXCEPTION 'Camera % looks % degrees from north, % degrees wide, % m far.',
            new.code, new.bearing_deg, new.fov_deg, new.range_m
            USING ERRCODE = 'check_violation',
                  HINT = 'bearing_deg is 0 to below 360, fov_deg above 0 to 360, range_m above 0 to 2000.';
    END IF;
    new.sector := view_sector(new.geom, new.bearing_deg, new.fov_deg, new.range_m);
    RETURN new;
END $$;
CREATE TRIGGER draw_sector BEFORE INSERT OR UPDATE OF geom, bearing_deg, fov_deg, range_m, sector ON geoservice.camera
    FOR EACH ROW EXECUTE FUNCTION geoservice.draw_sector();

-- Route an incident on its way in, and again when its place, building or overrule changes. Nothing else may touch the
-- columns that say where it went: an UPDATE that tries is put right, not obeyed.
-- It runs with the writer's rights. What it asks on the way of every INSERT is fixed in meaning (see above); the rest has
-- a search path of its own.
CREATE FUNCTION geoservice.route_incident() RETURNS trigger
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

-- An incident as a writer changes it: what is fixed stays, what the trigger decides stays as it was decided. When its
-- place, accuracy, building or overrule changed, method is null: it must be routed anew.
CREATE FUNCTION geoservice.incident_as_changed(old geoservice.incident, new geoservice.incident)
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

-- The answer when a person overrules: the grid named, which must be one of the edition that was in force.
CREATE FUNCTION geoservice.owner_by_person(report geoservice.incident, by_rule geoservice.ownership)
RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := by_rule;
BEGIN
    SELECT t.edition_id, t.grid_id, t.code, t.name
      INTO answer.edition_id, answer.grid_id, answer.grid_code, answer.grid_name
      FROM territory AS t
     WHERE t.jurisdiction_id = by_rule.jurisdiction_id
       AND t.code = report.overrule_grid_code
       AND t.valid @> report.reported_at;
    IF answer.grid_id IS NULL THEN
        RAISE EXCEPTION 'There is no grid % in the edition that was in force.', report.overrule_grid_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Overrule with the code of a grid of that edition.';
    END IF;
    answer.method := 'manual';
    RETURN answer;
END $$;

CREATE TRIGGER route BEFORE INSERT OR UPDATE ON geoservice.incident
    FOR EACH ROW EXECUTE FUNCTION geoservice.route_incident();

-- One history line for each arrival, written for the whole statement at once: COPY brings many.
CREATE FUNCTION geoservice.record_arrivals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event (incident_id, actor, rule, to_status, to_grid_code, method, edition_id, reason)
    SELECT a.id, geoservice.actor(), 'reported', a.status, a.grid_code, a.method, a.edition_id, a.overrule_reason
      FROM arrivals AS a;
    RETURN NULL;
END $$;
CREATE TRIGGER record_arrivals AFTER INSERT ON geoservice.incident
    REFERENCING NEW TABLE AS arrivals FOR EACH STATEMENT EXECUTE FUNCTION geoservice.record_arrivals();

CREATE FUNCTION geoservice.record_change() RETURNS trigger
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
CREATE TRIGGER record_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.status, new.service_code, new.source, new.description, new.geom, new.building_code, new.accuracy_m,
           new.grid_code, new.method, new.overrule_reason, new.closed_at, new.rating)
        IS DISTINCT FROM
          (old.status, old.service_code, old.source, old.description, old.geom, old.building_code, old.accuracy_m,
           old.grid_code, old.method, old.overrule_reason, old.closed_at, old.rating))
    EXECUTE FUNCTION geoservice.record_change();

-- Publish a draft from an instant on, in one transaction: the edition in force ends then, features are re-assigned.
-- Returns how many buildings, households, cameras and organisations changed grid.
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

-- Re-assign every feature of a jurisdiction that has another owner now; returns how many moved.
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
