-- Publishing ten thousand grids a second time, and on the day on which they were loaded.

-- Spells by code. The key has had the hash in front since 0012, so whoever asked by code alone walked through nearly all
-- of it, 7 ms a code with 20,000 spells, and publishing asks for every code that changes. All of the key is written as
-- expressions now: the planner takes it to cost what an index by code does, and would choose it still.
ALTER TABLE geoservice.territory
    DROP CONSTRAINT territory_one_of_a_code,
    ADD CONSTRAINT territory_one_of_a_code EXCLUDE USING gist
        (hashtextextended(code, jurisdiction_id) WITH =, (jurisdiction_id::text || ' ' || code) WITH =,
         tstzrange(lower(valid), upper(valid)) WITH &&, tstzrange(lower(known), upper(known)) WITH &&);
CREATE INDEX ix_territory_jurisdiction_id_code ON geoservice.territory (jurisdiction_id, code);

-- As before (0011), but nothing is told of the features before they are found.
CREATE OR REPLACE FUNCTION geoservice.moves(jurisdiction integer, ground geometry[], instant timestamptz) RETURNS SETOF geoservice.move
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reach double precision;  -- degrees, rather too far
BEGIN
    SELECT least(360, (j.snap_tolerance_m + 0.1) / least(lon_degree_m(greatest(abs(st_ymin(j.outline)), abs(st_ymax(j.outline)))), 110000))
      INTO reach FROM jurisdiction AS j WHERE j.id = jurisdiction;
    -- Candidates are found from the ground, each with its row: joining them to the whole table again would read it all.
    -- Whose they are is asked of those found: asked before, it would leave hardly a row by the guess of a planner that
    -- does not know this jurisdiction's features yet, and every feature would be measured from every piece of ground.
    RETURN QUERY
        WITH moved AS MATERIALIZED (
            SELECT b.code, b.id, b.grid_code AS from_grid, o.grid_code AS to_grid
              FROM (SELECT DISTINCT ON (near.id) near.*
                      FROM unnest(ground) AS g (piece) JOIN building AS near ON st_dwithin(near.geom, g.piece, reach)) AS b,
                   LATERAL owner_of(st_pointonsurface(b.geom), instant, 0, jurisdiction) AS o
             WHERE b.jurisdiction_id = jurisdiction AND o.grid_code IS DISTINCT FROM b.grid_code
        )
        SELECT 'building', m.id::text, m.code, m.from_grid, m.to_grid, NULL::integer, NULL::integer FROM moved AS m
        UNION ALL
        SELECT 'household', h.id::text, NULL, h.grid_code, m.to_grid, h.residents::integer, h.floating::integer
          FROM household AS h JOIN moved AS m ON m.code = h.building_code AND h.jurisdiction_id = jurisdiction;
    RETURN QUERY
        SELECT 'household', h.id::text, NULL::text, h.grid_code, o.grid_code, h.residents::integer, h.floating::integer
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest(ground) AS g (piece) JOIN household AS near ON st_dwithin(near.geom, g.piece, reach)) AS h,
               LATERAL owner_of(h.geom, instant, 0, jurisdiction) AS o
         WHERE h.jurisdiction_id = jurisdiction AND h.building_code IS NULL AND o.grid_code IS DISTINCT FROM h.grid_code;
    RETURN QUERY
        SELECT 'camera', c.id::text, c.code, c.grid_code, o.grid_code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest(ground) AS g (piece) JOIN camera AS near ON st_dwithin(near.geom, g.piece, reach)) AS c,
               LATERAL owner_of(c.geom, instant, 0, jurisdiction) AS o
         WHERE c.jurisdiction_id = jurisdiction AND o.grid_code IS DISTINCT FROM c.grid_code;
    RETURN QUERY
        SELECT 'organisation', n.id::text, n.code, n.grid_code, o.grid_code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest(ground) AS g (piece) JOIN organisation AS near ON st_dwithin(near.geom, g.piece, reach)) AS n,
               LATERAL owner_of(n.geom, instant, 0, jurisdiction) AS o
         WHERE n.jurisdiction_id = jurisdiction AND o.grid_code IS DISTINCT FROM n.grid_code;
    RETURN QUERY
        SELECT 'incident', (i.report).id::text, NULL::text, (i.report).grid_code, owner.code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (c.id) c.report
                  FROM (
                    SELECT near.id, near AS report
                      FROM unnest(ground) AS g (piece) JOIN incident AS near ON st_dwithin(near.geom, g.piece, reach)
                    UNION ALL  -- a report that names a building lies within the tolerance of it, not of the ground
                    SELECT near.id, near
                      FROM unnest(ground) AS g (piece)
                      JOIN building AS b ON st_dwithin(b.geom, g.piece, reach)
                      JOIN incident AS near ON near.building_code = b.code AND st_dwithin(near.geom, b.geom, reach)
                    UNION ALL
                    SELECT near.id, near FROM incident AS near
                     WHERE near.jurisdiction_id = jurisdiction AND near.overrule_grid_code IS NOT NULL
                  ) AS c
                 WHERE (c.report).jurisdiction_id = jurisdiction
                   AND (c.report).status NOT IN ('closed', 'duplicate', 'cancelled')) AS i,
               LATERAL incident_grid(i.report, instant) AS owner (code)
         WHERE owner.code IS DISTINCT FROM (i.report).grid_code;
END $$;
