-- The rule of ownership, once, for every door: owner_of and the triggers that ask it.

CREATE TYPE geoservice.ownership AS (
    jurisdiction_id integer,
    edition_id bigint,
    territory_id bigint,
    grid_code text,
    grid_name text,
    method text,                              -- covers | nearest | none here; triggers add building and manual
    distance_to_border_m double precision,    -- to the nearest border; null when none lies within reach
    near_border boolean,                      -- the border is nearer than the sender's accuracy
    candidates jsonb,                         -- when near_border: [{"grid_code", "distance_m"}, ...], nearest first
    unowned_reason text                       -- why nobody owns it, when the edition leaves the place to nobody
);

-- The three questions below are what every look-up asks. They are SQL-standard bodies: what they mean was fixed when they
-- were made, so no operator or table that a caller puts into his search path can bend them, and the planner takes them
-- into the query that asks, so they cost nothing. (A SET clause would do the first and cost 7 us a look-up.)
-- lon_m, lat_m: metres per degree at the place, worked out once by whoever asks.
-- known_at: the instant whose knowledge is asked; infinity is ours.

-- The grids in force at an instant that cover a place: one, several on a border or where jurisdictions overlap.
-- only_in: id of the one jurisdiction to ask; null asks all. Relies on ix_territory_geom.
CREATE FUNCTION geoservice.grids_covering(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    known_at timestamptz
)
RETURNS TABLE (
    jurisdiction_id integer, jurisdiction_code text, edition_id bigint, territory_id bigint, code text, name text,
    to_border_m double precision, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.jurisdiction_id, t.jurisdiction_code,
           (SELECT p.edition_id FROM geoservice.edition_period AS p
             WHERE p.jurisdiction_id = t.jurisdiction_id AND p.valid @> instant AND p.known @> known_at),
           t.id, t.code, t.name,
           geoservice.distance_m(place, t.border, lon_m, lat_m), t.accuracy_m
      FROM geoservice.territory AS t
     WHERE st_intersects(t.geom, geoservice.on_both_sides(place))
       AND t.valid @> instant
       AND t.known @> known_at
       AND (only_in IS NULL OR t.jurisdiction_id = only_in);
END;

-- The jurisdiction whose edition leaves a place to nobody, and why; of several the one of the smallest code.
CREATE FUNCTION geoservice.unowned_at(place geometry, instant timestamptz, only_in integer, known_at timestamptz)
RETURNS TABLE (jurisdiction_id integer, edition_id bigint, reason text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.jurisdiction_id, p.edition_id, g.unowned_reason
      FROM geoservice.grid AS g
      JOIN geoservice.edition_period AS p ON p.edition_id = g.edition_id
      JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
     WHERE g.unowned_reason IS NOT NULL
       AND st_intersects(g.geom, geoservice.on_both_sides(place))
       AND p.valid @> instant
       AND p.known @> known_at
       AND (only_in IS NULL OR p.jurisdiction_id = only_in)
     ORDER BY j.code, g.code
     LIMIT 1;
END;

-- The grid that comes nearest to a place that none covers, if it is within its snap tolerance or the accuracy.
-- What is within its own tolerance goes first; equal within a micrometre is equal, whatever the last bit says.
CREATE FUNCTION geoservice.grid_nearest(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    stated_accuracy_m double precision, known_at timestamptz
)
RETURNS TABLE (
    jurisdiction_id integer, edition_id bigint, territory_id bigint, code text, name text, to_border_m double precision,
    within_tolerance boolean, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT near.jurisdiction_id,
           (SELECT p.edition_id FROM geoservice.edition_period AS p
             WHERE p.jurisdiction_id = near.jurisdiction_id AND p.valid @> instant AND p.known @> known_at),
           near.id, near.code, near.name, near.to_border_m,
           near.to_border_m <= near.snap_tolerance_m, near.accuracy_m
      FROM (
        SELECT t.jurisdiction_id, t.id, t.code, t.name, t.jurisdiction_code, t.snap_tolerance_m,
               coalesce(stated_accuracy_m, t.accuracy_m) AS accuracy_m,
               geoservice.distance_m(place, t.border, lon_m, lat_m) AS to_border_m
          FROM geoservice.territory AS t
         -- 1000 m: no tolerance or accuracy is larger; CHECKs and parsers say so.
         WHERE t.geom && geoservice.box_around(place, 1000 / lon_m, 1000 / lat_m)
           AND t.valid @> instant
           AND t.known @> known_at
           AND (only_in IS NULL OR t.jurisdiction_id = only_in)
      ) AS near
     WHERE near.to_border_m <= greatest(near.snap_tolerance_m, near.accuracy_m)
     ORDER BY near.to_border_m > near.snap_tolerance_m, round(near.to_border_m * 1e6), near.jurisdiction_code, near.code
     LIMIT 1;
END;

-- The grids of an edition within reach_m of a place, nearest first: [{"grid_code", "distance_m"}, ...].
-- covering: id of the spell that owns the place by covering it, at distance 0; null when none does. Another grid that
-- covers it too has it on its border, so the distance to the border is right for all but that one.
CREATE FUNCTION geoservice.grids_within(
    place geometry, lon_m double precision, lat_m double precision, jurisdiction integer, instant timestamptz,
    known_at timestamptz, reach_m double precision, covering bigint, OUT candidates jsonb
)
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(
               jsonb_build_object('grid_code', near.code, 'distance_m', round(near.distance_m::numeric, 3))
               ORDER BY near.distance_m, near.code)
      FROM (
        SELECT t.code,
               CASE WHEN t.id = covering THEN 0
                    ELSE geoservice.distance_m(place, t.border, lon_m, lat_m)
               END AS distance_m
          FROM geoservice.territory AS t
         WHERE t.jurisdiction_id = jurisdiction
           AND t.valid @> instant
           AND t.known @> known_at
           AND t.geom && geoservice.box_around(place, reach_m / lon_m, reach_m / lat_m)
      ) AS near
     WHERE near.distance_m <= reach_m;
END;

-- Which grid owns a position, by the rule of ownership: the covering grid, on a border the one with the smallest code
-- in byte order, outside all grids the nearest within the snap tolerance, else none.
-- place: Point, EPSG:4326. at: the edition valid then is asked. accuracy_m: the sender's, null for the jurisdiction's
-- default. only_in: id of the one jurisdiction to ask; null asks all (the smallest code wins where outlines overlap).
CREATE FUNCTION geoservice.owner_of(
    place geometry, at timestamptz DEFAULT now(), accuracy_m double precision DEFAULT NULL, only_in integer DEFAULT NULL,
    known_at timestamptz DEFAULT 'infinity'
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
    ELSIF at IS NULL OR known_at IS NULL THEN
        RAISE EXCEPTION 'The instant is null: nobody could own the place then.'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Leave it out to ask for now.';
    END IF;
    IF public.st_x(place) OPERATOR(pg_catalog.=) 180 THEN
        place := geoservice.on_one_side(place);
    END IF;
    lon_m := geoservice.lon_degree_m(public.st_y(place));
    lat_m := geoservice.lat_degree_m(public.st_y(place));
    SELECT g.jurisdiction_id, g.edition_id, g.territory_id, g.code, g.name, 'covers', g.to_border_m, g.accuracy_m
      INTO answer.jurisdiction_id, answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name, answer.method,
           answer.distance_to_border_m, accuracy
      FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in, known_at) AS g;
    -- Several grids can cover it only on their border, or where jurisdictions overlap: sorting always would be wasted.
    IF only_in IS NULL OR answer.distance_to_border_m OPERATOR(pg_catalog.<) same_border_m THEN
        SELECT g.jurisdiction_id, g.edition_id, g.territory_id, g.code, g.name, g.to_border_m, g.accuracy_m
          INTO answer.jurisdiction_id, answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name,
               answer.distance_to_border_m, accuracy
          FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in, known_at) AS g
         ORDER BY g.jurisdiction_code, g.code
         LIMIT 1;
    END IF;
    IF answer.territory_id IS NULL THEN
        answer := geoservice.owner_outside(place, at, accuracy_m, only_in, known_at);
        RETURN answer;
    END IF;
    accuracy := coalesce(accuracy_m, accuracy);
    answer.near_border := answer.distance_to_border_m OPERATOR(pg_catalog.<) accuracy;
    IF answer.near_border THEN
        SELECT w.candidates INTO answer.candidates
          FROM geoservice.grids_within(place, lon_m, lat_m, answer.jurisdiction_id, at, known_at, accuracy,
                                        answer.territory_id) AS w;
    END IF;
    RETURN answer;
END $$;

-- The second half of owner_of: nothing covers the place.
CREATE FUNCTION geoservice.owner_outside(
    place geometry, at timestamptz, accuracy_m double precision, only_in integer,
    known_at timestamptz
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership;
    near record;
    unowned record;
    lon_m CONSTANT double precision := lon_degree_m(st_y(place));
    lat_m CONSTANT double precision := lat_degree_m(st_y(place));
BEGIN
    answer.method := 'none';
    answer.near_border := false;
    SELECT * INTO unowned FROM unowned_at(place, at, only_in, known_at);
    answer.unowned_reason := unowned.reason;
    SELECT * INTO near
      FROM grid_nearest(place, lon_m, lat_m, at, coalesce(unowned.jurisdiction_id, only_in), accuracy_m, known_at);
    IF unowned.reason IS NOT NULL THEN  -- no grid gets it for being near
        answer.jurisdiction_id := unowned.jurisdiction_id;
        answer.edition_id := unowned.edition_id;
        IF near.territory_id IS NULL THEN
            RETURN answer;
        END IF;
    ELSIF near.territory_id IS NULL THEN  -- inside an outline without an edition then, or far away
        answer.jurisdiction_id := coalesce(only_in, jurisdiction_around(place, at, known_at));
        RETURN answer;
    END IF;
    answer.jurisdiction_id := near.jurisdiction_id;
    answer.edition_id := near.edition_id;
    answer.distance_to_border_m := near.to_border_m;
    IF near.to_border_m < near.accuracy_m THEN
        answer.near_border := true;
        SELECT w.candidates INTO answer.candidates
          FROM grids_within(place, lon_m, lat_m, near.jurisdiction_id, at, known_at, near.accuracy_m, NULL) AS w;
    END IF;
    IF near.within_tolerance AND unowned.reason IS NULL THEN
        answer.method := 'nearest';
        answer.territory_id := near.territory_id;
        answer.grid_code := near.code;
        answer.grid_name := near.name;
    END IF;
    RETURN answer;
END $$;
