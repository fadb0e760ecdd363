DROP TRIGGER keep_territory ON geoservice.edition;
DROP FUNCTION geoservice.keep_territory();
DROP FUNCTION geoservice.owner_of(geometry, timestamptz, double precision, integer, timestamptz);
DROP FUNCTION geoservice.owner_outside(geometry, timestamptz, double precision, integer, timestamptz);
DROP FUNCTION geoservice.grids_within(geometry, double precision, double precision, integer, timestamptz, timestamptz, double precision, bigint);
DROP FUNCTION geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision, timestamptz);
DROP FUNCTION geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer, timestamptz);
DROP FUNCTION geoservice.lay_out(bigint, timestamptz, timestamptz);
DROP FUNCTION geoservice.edition_at(integer, timestamptz, timestamptz);
DROP TABLE geoservice.territory;
DROP TABLE geoservice.edition_period;
ALTER TYPE geoservice.ownership RENAME ATTRIBUTE territory_id TO grid_id;
CREATE TABLE geoservice.territory (
    grid_id bigint PRIMARY KEY REFERENCES geoservice.grid,
    edition_id bigint NOT NULL REFERENCES geoservice.edition,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    jurisdiction_code text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    valid tstzrange NOT NULL,                 -- half-open: the period of its edition
    geom geometry(MultiPolygon, 4326) NOT NULL,
    border geometry(MultiLineString, 4326) NOT NULL,   -- the rings as lines, for distances
    snap_tolerance_m double precision NOT NULL,
    accuracy_m double precision NOT NULL
);
CREATE INDEX ix_territory_geom ON geoservice.territory USING spgist (geom);
CREATE INDEX ix_territory_edition_id ON geoservice.territory (edition_id);
-- Uncompressed: a look-up reads the shape far more often than the disk is short of room.
ALTER TABLE geoservice.territory ALTER COLUMN geom SET STORAGE EXTERNAL, ALTER COLUMN border SET STORAGE EXTERNAL;
INSERT INTO geoservice.territory
SELECT g.id, e.id, j.id, j.code, g.code, g.name, tstzrange(e.valid_from, e.valid_to), g.geom, st_multi(st_boundary(g.geom)),
       j.snap_tolerance_m, j.accuracy_m
  FROM geoservice.grid AS g
  JOIN geoservice.edition AS e ON e.id = g.edition_id
  JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
 WHERE e.status IN ('published', 'superseded');
CREATE FUNCTION geoservice.keep_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF old.status = 'draft' THEN
        INSERT INTO geoservice.territory
        SELECT g.id, new.id, j.id, j.code, g.code, g.name, tstzrange(new.valid_from, new.valid_to),
               g.geom, st_multi(st_boundary(g.geom)), j.snap_tolerance_m, j.accuracy_m
          FROM geoservice.grid AS g, geoservice.jurisdiction AS j
         WHERE g.edition_id = new.id AND j.id = new.jurisdiction_id;
    ELSE
        UPDATE geoservice.territory AS t SET valid = tstzrange(new.valid_from, new.valid_to) WHERE t.edition_id = new.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_territory AFTER UPDATE ON geoservice.edition FOR EACH ROW
    WHEN (new.status IN ('published', 'superseded')) EXECUTE FUNCTION geoservice.keep_territory();

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

CREATE OR REPLACE FUNCTION geoservice.owner_by_person(report geoservice.incident, by_rule geoservice.ownership)
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
REVOKE EXECUTE ON FUNCTION geoservice.keep_territory(),
    geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer),
    geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision),
    geoservice.grids_within(geometry, double precision, double precision, bigint, double precision, bigint),
    geoservice.owner_of(geometry, timestamptz, double precision, integer),
    geoservice.owner_outside(geometry, timestamptz, double precision, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer),
    geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision),
    geoservice.grids_within(geometry, double precision, double precision, bigint, double precision, bigint),
    geoservice.owner_of(geometry, timestamptz, double precision, integer),
    geoservice.owner_outside(geometry, timestamptz, double precision, integer)
    TO geoservice_app, geoservice_analyst, geoservice_reader;
GRANT SELECT ON geoservice.territory TO geoservice_reader, geoservice_analyst, geoservice_app;
