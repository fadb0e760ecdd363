-- Figures per grid: how much is in hand in each grid in force, how matters were handled there, how many live there. They are described
-- once, in served_figure, as whoever asks is told them; grid_figure holds what everybody is told, from which tiles are cut.

-- Of so few that were resolved, or rated, no median and no mean is told but to those who read all reports: it would be one report's own.
CREATE FUNCTION geoservice.told_of_several(value double precision, counted bigint, jurisdiction integer) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN counted >= geoservice.k_minimum() OR geoservice.is_told('sensitive', jurisdiction) THEN value END;

-- A day is 24 hours here: what is told changes with every minute, not at midnight. What is late and what was received are counted apart, as
-- each has an index: of both at once every incident there ever was would be looked at.
CREATE VIEW geoservice.served_figure AS
SELECT g.jurisdiction_id, g.code, g.name, g.name_en, g.edition, g.in_hand, coalesce(l.late, 0) AS late,
       coalesce(r.received, 0) AS received_30_days,
       geoservice.told_of_several(round(h.resolve_s / 60), h.resolved, g.jurisdiction_id) AS resolve_minutes,
       geoservice.told_of_several(round(h.rating::numeric, 1)::double precision, h.ratings, g.jurisdiction_id) AS rating,
       g.households, g.residents, g.floating, g.geom
  FROM geoservice.served_grid AS g
  LEFT JOIN (SELECT jurisdiction_id, grid_code, count(*) AS late
               FROM geoservice.counted_incident WHERE late GROUP BY jurisdiction_id, grid_code) AS l
         ON l.jurisdiction_id = g.jurisdiction_id AND l.grid_code = g.code
  LEFT JOIN (SELECT jurisdiction_id, grid_code, count(*) AS received
               FROM geoservice.counted_incident WHERE reported_at >= now() - interval '720 hours'
              GROUP BY jurisdiction_id, grid_code) AS r
         ON r.jurisdiction_id = g.jurisdiction_id AND r.grid_code = g.code
  LEFT JOIN (SELECT e.jurisdiction_id, e.to_grid_code AS grid_code,
                    count(e.took_s) FILTER (WHERE e.rule = 'resolved') AS resolved,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY e.took_s) FILTER (WHERE e.rule = 'resolved') AS resolve_s,
                    count(e.rating) FILTER (WHERE e.rule = 'rated') AS ratings,
                    avg(e.rating::double precision) FILTER (WHERE e.rule = 'rated') AS rating
               FROM geoservice.incident_event AS e JOIN geoservice.counted_incident AS c ON c.id = e.incident_id
              WHERE e.at >= now() - interval '720 hours' AND e.rule IN ('resolved', 'rated')
              GROUP BY e.jurisdiction_id, e.to_grid_code) AS h
         ON h.jurisdiction_id = g.jurisdiction_id AND h.grid_code = g.code
 WHERE g.valid @> now() AND upper_inf(g.known);

-- The same as visitors are told it, as it was when somebody asked for tiles last.
CREATE TABLE geoservice.grid_figure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    name_en text,
    edition bigint,
    in_hand bigint NOT NULL,
    late bigint NOT NULL,
    received_30_days bigint NOT NULL,
    resolve_minutes double precision,
    rating double precision,
    households bigint,
    residents bigint,
    floating bigint,
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_grid_figure_geom ON geoservice.grid_figure USING gist (geom);
INSERT INTO geoservice.layer (id, table_name, tiled, min_zoom, redrawn_whole)
VALUES ('figures', 'grid_figure', '{code,name,name_en,in_hand,late,received_30_days,resolve_minutes,rating,households,residents,floating}',
        0, true);
SELECT geoservice.attach_tiles('figures');

-- Bring what everybody is told to what it is now, whoever asks; only what differs is written. Returns how many grids differed.
CREATE FUNCTION geoservice.gather_figures(jurisdiction integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    differed bigint;
    -- A SET clause would be for superusers alone.
    told_to_caller CONSTANT text := coalesce(current_setting('geoservice.told', true), '');
BEGIN
    PERFORM set_config('geoservice.told', '', true);
    PERFORM pg_advisory_xact_lock(tile_lock(), hashtext('figures') # jurisdiction);  -- as those do who take its changes up
    WITH told AS MATERIALIZED (SELECT f.* FROM served_figure AS f WHERE f.jurisdiction_id = jurisdiction),
    gone AS (
        DELETE FROM grid_figure AS f WHERE f.jurisdiction_id = jurisdiction AND NOT EXISTS (SELECT FROM told AS t WHERE t.code = f.code)
        RETURNING 1),
    kept AS (
        INSERT INTO grid_figure AS f (jurisdiction_id, code, name, name_en, edition, in_hand, late, received_30_days, resolve_minutes,
                                      rating, households, residents, floating, geom)
        SELECT t.jurisdiction_id, t.code, t.name, t.name_en, t.edition, t.in_hand, t.late, t.received_30_days, t.resolve_minutes,
               t.rating, t.households, t.residents, t.floating, t.geom FROM told AS t ORDER BY t.code
            ON CONFLICT (jurisdiction_id, code) DO UPDATE
           SET name = excluded.name, name_en = excluded.name_en, edition = excluded.edition, in_hand = excluded.in_hand,
               late = excluded.late, received_30_days = excluded.received_30_days, resolve_minutes = excluded.resolve_minutes,
               rating = excluded.rating, households = excluded.households, residents = excluded.residents,
               floating = excluded.floating, geom = excluded.geom
         WHERE NOT f.geom = excluded.geom
            OR (f.name, f.name_en, f.edition, f.in_hand, f.late, f.received_30_days, f.resolve_minutes, f.rating, f.households,
                f.residents, f.floating)
               IS DISTINCT FROM
               (excluded.name, excluded.name_en, excluded.edition, excluded.in_hand, excluded.late, excluded.received_30_days,
                excluded.resolve_minutes, excluded.rating, excluded.households, excluded.residents, excluded.floating)
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept) INTO differed;
    PERFORM set_config('geoservice.told', told_to_caller, true);
    RETURN differed;
END $$;
