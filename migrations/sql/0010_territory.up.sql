-- Territory by spells: a grid that an edition leaves as it was goes on, only what is redrawn ends and begins. So
-- publishing costs what it changes, and a look-up does not meet a copy of every grid for every edition there ever was.
-- Each spell also says since when it is known, and until when it was believed: a correction that is entered later never
-- changes what was answered before.

-- Which edition was in force, and when that was known. Only publishing writes here, and to territory.
CREATE TABLE geoservice.edition_period (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    valid tstzrange NOT NULL CHECK (NOT isempty(valid)),       -- held in the world, half-open
    known tstzrange NOT NULL CHECK (NOT isempty(known)),       -- believed by us, half-open
    CONSTRAINT edition_period_one_at_an_instant EXCLUDE USING gist
        (jurisdiction_id WITH =, valid WITH &&, known WITH &&)
);
CREATE INDEX ix_edition_period_edition_id ON geoservice.edition_period (edition_id);

DROP TRIGGER keep_territory ON geoservice.edition;
DROP FUNCTION geoservice.keep_territory();
DROP FUNCTION geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer);
DROP FUNCTION geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision);
DROP FUNCTION geoservice.grids_within(geometry, double precision, double precision, bigint, double precision, bigint);
DROP FUNCTION geoservice.owner_of(geometry, timestamptz, double precision, integer);
DROP FUNCTION geoservice.owner_outside(geometry, timestamptz, double precision, integer);
DROP TABLE geoservice.territory;
ALTER TYPE geoservice.ownership RENAME ATTRIBUTE grid_id TO territory_id;

CREATE TABLE geoservice.territory (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    jurisdiction_code text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    name_en text,
    valid tstzrange NOT NULL CHECK (NOT isempty(valid)),
    known tstzrange NOT NULL CHECK (NOT isempty(known)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    border geometry(MultiLineString, 4326) NOT NULL,   -- the rings as lines, for distances
    snap_tolerance_m double precision NOT NULL,
    accuracy_m double precision NOT NULL,
    -- Written as expressions, so that no look-up by instant takes this index for its own.
    CONSTRAINT territory_one_of_a_code EXCLUDE USING gist
        (jurisdiction_id WITH =, code WITH =, tstzrange(lower(valid), upper(valid)) WITH &&,
         tstzrange(lower(known), upper(known)) WITH &&)
);
-- SP-GiST found the covering grid of 275 in 13 us where GiST took 24.
CREATE INDEX ix_territory_geom ON geoservice.territory USING spgist (geom);
-- Uncompressed: a look-up reads the shape far more often than the disk is short of room.
ALTER TABLE geoservice.territory ALTER COLUMN geom SET STORAGE EXTERNAL, ALTER COLUMN border SET STORAGE EXTERNAL;

-- The edition of a jurisdiction in force at an instant, as it was known at another (infinity: as we know it now).
CREATE FUNCTION geoservice.edition_at(jurisdiction integer, instant timestamptz, as_known timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.edition_id FROM geoservice.edition_period AS p
     WHERE p.jurisdiction_id = jurisdiction AND p.valid @> instant AND p.known @> as_known;
END;

-- End what was in force from an instant on, and put an edition there. Grids that stay as they were go on.
-- starts: from when it holds; known_from: since when we know.
CREATE FUNCTION geoservice.lay_out(edition bigint, starts timestamptz, known_from timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place jurisdiction%ROWTYPE;
BEGIN
    SELECT j.* INTO place FROM jurisdiction AS j JOIN edition AS e ON e.jurisdiction_id = j.id WHERE e.id = lay_out.edition;
    -- What was believed is kept as it was; what is left of it in front of the new beginning is known anew.
    WITH ended AS (
        UPDATE edition_period AS p SET known = tstzrange(lower(p.known), known_from)
         WHERE p.jurisdiction_id = place.id AND upper_inf(p.known) AND p.valid && tstzrange(starts, NULL)
        RETURNING p.edition_id, p.valid
    )
    INSERT INTO edition_period (edition_id, jurisdiction_id, valid, known)
    SELECT n.edition_id, place.id, tstzrange(lower(n.valid), starts), tstzrange(known_from, NULL)
      FROM ended AS n WHERE lower(n.valid) < starts;
    INSERT INTO edition_period (edition_id, jurisdiction_id, valid, known)
    VALUES (lay_out.edition, place.id, tstzrange(starts, NULL), tstzrange(known_from, NULL));
    WITH ended AS (
        UPDATE territory AS t SET known = tstzrange(lower(t.known), known_from)
         WHERE t.jurisdiction_id = place.id AND upper_inf(t.known) AND t.valid && tstzrange(starts, NULL)
           AND NOT (lower(t.valid) <= starts AND upper_inf(t.valid) AND EXISTS (
               SELECT FROM grid AS g
                WHERE g.edition_id = lay_out.edition AND g.code = t.code AND g.name = t.name
                  AND g.name_en IS NOT DISTINCT FROM t.name_en
                  AND g.geom = t.geom))  -- = compares every coordinate, in order
        RETURNING t.*
    )
    INSERT INTO territory (jurisdiction_id, jurisdiction_code, code, name, name_en, valid, known, geom, border,
                           snap_tolerance_m, accuracy_m)
    SELECT n.jurisdiction_id, n.jurisdiction_code, n.code, n.name, n.name_en, tstzrange(lower(n.valid), starts),
           tstzrange(known_from, NULL), n.geom, n.border, n.snap_tolerance_m, n.accuracy_m
      FROM ended AS n WHERE lower(n.valid) < starts;
    INSERT INTO territory (jurisdiction_id, jurisdiction_code, code, name, name_en, valid, known, geom, border,
                           snap_tolerance_m, accuracy_m)
    SELECT place.id, place.code, g.code, g.name, g.name_en, tstzrange(starts, NULL), tstzrange(known_from, NULL),
           g.geom, st_multi(st_boundary(g.geom)), place.snap_tolerance_m, place.accuracy_m
      FROM grid AS g
     WHERE g.edition_id = lay_out.edition AND g.code NOT IN (
        SELECT t.code FROM territory AS t
         WHERE t.jurisdiction_id = place.id AND upper_inf(t.known) AND upper_inf(t.valid));
END $$;

-- What was published so far, in the order in which it was.
DO $$
DECLARE
    past record;
BEGIN
    FOR past IN SELECT e.id, e.valid_from, e.published_at FROM geoservice.edition AS e
                 WHERE e.status IN ('published', 'superseded') ORDER BY e.published_at, e.id LOOP
        PERFORM geoservice.lay_out(past.id, past.valid_from, past.published_at);
    END LOOP;
END $$;

-- The questions that every look-up asks, as before (bodies fixed in meaning, taken into the query that asks), now of
-- spells: as_known is the instant whose knowledge is asked; infinity is ours.

CREATE FUNCTION geoservice.grids_covering(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    as_known timestamptz
)
RETURNS TABLE (
    jurisdiction_id integer, jurisdiction_code text, edition_id bigint, territory_id bigint, code text, name text,
    to_border_m double precision, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.jurisdiction_id, t.jurisdiction_code,
           (SELECT p.edition_id FROM geoservice.edition_period AS p
             WHERE p.jurisdiction_id = t.jurisdiction_id AND p.valid @> instant AND p.known @> as_known),
           t.id, t.code, t.name,
           geoservice.distance_m(place, t.border, lon_m, lat_m), t.accuracy_m
      FROM geoservice.territory AS t
     WHERE st_covers(t.geom, place)
       AND t.valid @> instant
       AND t.known @> as_known
       AND (only_in IS NULL OR t.jurisdiction_id = only_in);
END;

CREATE FUNCTION geoservice.grid_nearest(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    stated_accuracy_m double precision, as_known timestamptz
)
RETURNS TABLE (
    jurisdiction_id integer, edition_id bigint, territory_id bigint, code text, name text, to_border_m double precision,
    within_tolerance boolean, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT near.jurisdiction_id,
           (SELECT p.edition_id FROM geoservice.edition_period AS p
             WHERE p.jurisdiction_id = near.jurisdiction_id AND p.valid @> instant AND p.known @> as_known),
           near.id, near.code, near.name, near.to_border_m,
           near.to_border_m <= near.snap_tolerance_m, near.accuracy_m
      FROM (
        SELECT t.jurisdiction_id, t.id, t.code, t.name, t.jurisdiction_code, t.snap_tolerance_m,
               coalesce(stated_accuracy_m, t.accuracy_m) AS accuracy_m,
               geoservice.distance_m(place, t.border, lon_m, lat_m) AS to_border_m
          FROM geoservice.territory AS t
         -- 1000 m: no tolerance or accuracy is larger; CHECKs and parsers say so.
         WHERE t.geom && st_expand(place, 1000 / lon_m, 1000 / lat_m)
           AND t.valid @> instant
           AND t.known @> as_known
           AND (only_in IS NULL OR t.jurisdiction_id = only_in)
      ) AS near
     WHERE near.to_border_m <= greatest(near.snap_tolerance_m, near.accuracy_m)
     ORDER BY near.to_border_m > near.snap_tolerance_m, round(near.to_border_m * 1e6), near.jurisdiction_code, near.code
     LIMIT 1;
END;

CREATE FUNCTION geoservice.grids_within(
    place geometry, lon_m double precision, lat_m double precision, jurisdiction integer, instant timestamptz,
    as_known timestamptz, reach_m double precision, covering bigint, OUT candidates jsonb
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
           AND t.known @> as_known
           AND t.geom && st_expand(place, reach_m / lon_m, reach_m / lat_m)
      ) AS near
     WHERE near.distance_m <= reach_m;
END;

CREATE FUNCTION geoservice.owner_of(
    place geometry, at timestamptz DEFAULT now(), accuracy_m double precision DEFAULT NULL, only_in integer DEFAULT NULL,
    as_known timestamptz DEFAULT 'infinity'
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
    ELSIF at IS NULL OR as_known IS NULL THEN
        RAISE EXCEPTION 'The instant is null: nobody could own the place then.'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Leave it out to ask for now.';
    END IF;
    lon_m := geoservice.lon_degree_m(public.st_y(place));
    lat_m := geoservice.lat_degree_m(public.st_y(place));
    SELECT g.jurisdiction_id, g.edition_id, g.territory_id, g.code, g.name, 'covers', g.to_border_m, g.accuracy_m
      INTO answer.jurisdiction_id, answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name, answer.method,
           answer.distance_to_border_m, accuracy
      FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in, as_known) AS g;
    -- Several grids can cover it only on their border, or where jurisdictions overlap: sorting always would be wasted.
    IF only_in IS NULL OR answer.distance_to_border_m OPERATOR(pg_catalog.<) same_border_m THEN
        SELECT g.jurisdiction_id, g.edition_id, g.territory_id, g.code, g.name, g.to_border_m, g.accuracy_m
          INTO answer.jurisdiction_id, answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name,
               answer.distance_to_border_m, accuracy
          FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in, as_known) AS g
         ORDER BY g.jurisdiction_code, g.code
         LIMIT 1;
    END IF;
    IF answer.territory_id IS NULL THEN
        answer := geoservice.owner_outside(place, at, accuracy_m, only_in, as_known);
        RETURN answer;
    END IF;
    accuracy := coalesce(accuracy_m, accuracy);
    answer.near_border := answer.distance_to_border_m OPERATOR(pg_catalog.<) accuracy;
    IF answer.near_border THEN
        SELECT w.candidates INTO answer.candidates
          FROM geoservice.grids_within(place, lon_m, lat_m, answer.jurisdiction_id, at, as_known, accuracy,
                                        answer.territory_id) AS w;
    END IF;
    RETURN answer;
END $$;

CREATE FUNCTION geoservice.owner_outside(
    place geometry, at timestamptz, accuracy_m double precision, only_in integer,
    as_known timestamptz
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
    SELECT * INTO near FROM grid_nearest(place, lon_m, lat_m, at, only_in, accuracy_m, as_known);
    IF near.territory_id IS NULL THEN  -- inside an outline without an edition then, or far away
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
          FROM grids_within(place, lon_m, lat_m, near.jurisdiction_id, at, as_known, near.accuracy_m, NULL) AS w;
    END IF;
    IF near.within_tolerance THEN
        answer.method := 'nearest';
        answer.territory_id := near.territory_id;
        answer.grid_code := near.code;
        answer.grid_name := near.name;
    END IF;
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

-- Publication lays the edition out, whoever wrote the row.
CREATE FUNCTION geoservice.keep_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lay_out(new.id, new.valid_from, clock_timestamp());
    ANALYZE geoservice.territory;  -- the planner must not meet a table it believes empty
    RETURN NULL;
END $$;

CREATE TRIGGER keep_territory AFTER UPDATE OF status ON geoservice.edition FOR EACH ROW
    WHEN (old.status = 'draft' AND new.status = 'published') EXECUTE FUNCTION geoservice.keep_territory();

REVOKE EXECUTE ON FUNCTION geoservice.edition_at(integer, timestamptz, timestamptz),
    geoservice.lay_out(bigint, timestamptz, timestamptz), geoservice.keep_territory(),
    geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer, timestamptz),
    geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision, timestamptz),
    geoservice.grids_within(geometry, double precision, double precision, integer, timestamptz, timestamptz, double precision, bigint),
    geoservice.owner_of(geometry, timestamptz, double precision, integer, timestamptz),
    geoservice.owner_outside(geometry, timestamptz, double precision, integer, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.edition_at(integer, timestamptz, timestamptz),
    geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer, timestamptz),
    geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision, timestamptz),
    geoservice.grids_within(geometry, double precision, double precision, integer, timestamptz, timestamptz, double precision, bigint),
    geoservice.owner_of(geometry, timestamptz, double precision, integer, timestamptz),
    geoservice.owner_outside(geometry, timestamptz, double precision, integer, timestamptz)
    TO geoservice_app, geoservice_analyst, geoservice_reader;
GRANT SELECT ON geoservice.territory, geoservice.edition_period TO geoservice_reader, geoservice_analyst, geoservice_app;
