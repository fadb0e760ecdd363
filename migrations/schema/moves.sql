-- What a change of grids moves: features and open incidents whose stored grid is no longer the one that owns them.

CREATE TYPE geoservice.move AS (
    kind text,                                -- building | household | camera | organisation | incident | undecided
    id text,
    code text,                                -- null for households and incidents
    from_grid text,
    to_grid text,
    residents integer,                        -- of a household
    floating integer
);

-- By which edition the features of a jurisdiction were assigned last. When another is in force, its day has come.
CREATE TABLE geoservice.applied_edition (
    jurisdiction_id integer PRIMARY KEY REFERENCES geoservice.jurisdiction,
    edition_id bigint NOT NULL REFERENCES geoservice.edition
);

-- The edition by which the features of a jurisdiction are assigned when one begins that is published now: for a day to come,
-- the one in force just before. It need not be the one that a draft was drawn from, which may be meant for a later day.
CREATE FUNCTION geoservice.assigned_by(jurisdiction integer, starts timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT CASE WHEN starts > now() THEN edition_at(assigned_by.jurisdiction, starts - interval '1 microsecond')
                ELSE (SELECT a.edition_id FROM applied_edition AS a WHERE a.jurisdiction_id = assigned_by.jurisdiction) END
$$;

-- The pieces of ground that lie in another grid in one edition than in the other, and the borders that differ.
-- before: null, all of it.
CREATE FUNCTION geoservice.changed_area(before bigint, after bigint) RETURNS SETOF geometry
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH shapes AS MATERIALIZED (
        SELECT c.old_geom, c.new_geom FROM changed_grids(changed_area.before, changed_area.after) AS c
    ),
    pieces AS (
        SELECT CASE WHEN old_geom IS NULL THEN new_geom WHEN new_geom IS NULL THEN old_geom
                    ELSE st_symdifference(old_geom, new_geom) END AS geom
          FROM shapes
        UNION ALL  -- an area too thin for the overlay still has borders
        SELECT st_symdifference(st_boundary(old_geom), st_boundary(new_geom))
          FROM shapes WHERE old_geom IS NOT NULL AND new_geom IS NOT NULL
    )
    SELECT st_subdivide(part.geom, 128)
      FROM pieces, st_dump(pieces.geom) AS part
     WHERE NOT st_isempty(part.geom) AND geometrytype(part.geom) <> 'POINT'
$$;

-- Everything near some ground whose stored grid is not the one that owns it at an instant: what is to be moved.
-- Nothing farther from that ground than the snap tolerance can have got another owner. What a publication would do with open
-- incidents is said here too, so a preview shows it and publishing does just that: where the jurisdiction's policy is to keep
-- them there is no move, where it is to ask the kind is undecided.
CREATE FUNCTION geoservice.moves(jurisdiction integer, area geometry[], instant timestamptz) RETURNS SETOF geoservice.move
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reach double precision;  -- degrees, rather too far
    policy text;
BEGIN
    SELECT least(360, (j.snap_tolerance_m + 0.1) / least(lon_degree_m(greatest(abs(st_ymin(j.outline)), abs(st_ymax(j.outline)))), 110000)),
           j.reroute
      INTO reach, policy FROM jurisdiction AS j WHERE j.id = jurisdiction;
    -- Candidates are found from the ground, each with its row: joining them to the whole table again would read it all.
    -- Whose they are is asked of those found: asked before, it would leave hardly a row by the guess of a planner that
    -- does not know this jurisdiction's features yet, and every feature would be measured from every piece of ground.
    RETURN QUERY
        WITH moved AS MATERIALIZED (
            SELECT b.code, b.id, b.grid_code AS from_grid, o.grid_code AS to_grid
              FROM (SELECT DISTINCT ON (near.id) near.*
                      FROM unnest(area) AS g (piece) JOIN building AS near ON st_dwithin(near.geom, g.piece, reach)) AS b,
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
                  FROM unnest(area) AS g (piece) JOIN household AS near ON st_dwithin(near.geom, g.piece, reach)) AS h,
               LATERAL owner_of(h.geom, instant, 0, jurisdiction) AS o
         WHERE h.jurisdiction_id = jurisdiction AND h.building_code IS NULL AND o.grid_code IS DISTINCT FROM h.grid_code;
    RETURN QUERY
        SELECT 'camera', c.id::text, c.code, c.grid_code, o.grid_code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest(area) AS g (piece) JOIN camera AS near ON st_dwithin(near.geom, g.piece, reach)) AS c,
               LATERAL owner_of(c.geom, instant, 0, jurisdiction) AS o
         WHERE c.jurisdiction_id = jurisdiction AND o.grid_code IS DISTINCT FROM c.grid_code;
    RETURN QUERY
        SELECT 'organisation', n.id::text, n.code, n.grid_code, o.grid_code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest(area) AS g (piece) JOIN organisation AS near ON st_dwithin(near.geom, g.piece, reach)) AS n,
               LATERAL owner_of(n.geom, instant, 0, jurisdiction) AS o
         WHERE n.jurisdiction_id = jurisdiction AND o.grid_code IS DISTINCT FROM n.grid_code;
    IF policy = 'keep' THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT CASE policy WHEN 'ask' THEN 'undecided' ELSE 'incident' END, (i.report).id::text, NULL::text, (i.report).grid_code,
               owner.code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (c.id) c.report
                  FROM (
                    SELECT near.id, near AS report
                      FROM unnest(area) AS g (piece) JOIN incident AS near ON st_dwithin(near.geom, g.piece, reach)
                    UNION ALL  -- a report that names a building lies within the tolerance of it, not of the ground
                    SELECT near.id, near
                      FROM unnest(area) AS g (piece)
                      JOIN building AS b ON st_dwithin(b.geom, g.piece, reach)
                      JOIN incident AS near ON near.building_code = b.code AND st_dwithin(near.geom, b.geom, reach)
                    UNION ALL
                    SELECT near.id, near FROM incident AS near
                     WHERE near.jurisdiction_id = jurisdiction AND near.overrule_grid_code IS NOT NULL
                  ) AS c
                 WHERE (c.report).jurisdiction_id = jurisdiction
                   AND is_open((c.report).status)) AS i,
               LATERAL incident_grid(i.report, instant) AS owner (code)
         WHERE owner.code IS DISTINCT FROM (i.report).grid_code;
END $$;

-- Equal text, equal moves.
CREATE FUNCTION geoservice.fingerprint_of(moved geoservice.move[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT md5(coalesce(string_agg(concat_ws('|', m.kind, m.id, coalesce(m.from_grid, '-'), coalesce(m.to_grid, '-')), ';'
                                   ORDER BY m.kind, m.id), ''))
      FROM unnest(moved) AS m
$$;

-- Carry out moves: each feature is looked up anew by its own trigger, so that a wrong list could move nothing wrongly.
CREATE FUNCTION geoservice.apply_moves(jurisdiction integer, moved geoservice.move[], instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE building AS b SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'building' AND b.id = m.id::bigint;
    UPDATE household AS h SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'household' AND h.id = m.id::uuid AND h.building_code IS NULL;
    UPDATE camera AS c SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'camera' AND c.id = m.id::bigint;
    UPDATE organisation AS n SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'organisation' AND n.id = m.id::bigint;
    UPDATE incident AS i  -- later in any case: a report may have come in since this transaction began
       SET routed_at = greatest(instant, i.routed_at + interval '1 microsecond'),
           overrule_grid_code = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_grid_code END,
           overrule_reason = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_reason END
      FROM unnest(moved) AS m
     WHERE m.kind = 'incident' AND i.id = m.id::uuid;
    INSERT INTO incident_event (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code,
                                edition_id, reason, jurisdiction_id, service_code, officer_code)
    SELECT i.id, actor(), 'reroute proposed', i.status, i.status, i.grid_code, m.to_grid,
           edition_at(jurisdiction, instant), 'Its place belongs to another grid now; a person decides.',
           i.jurisdiction_id, i.service_code, i.officer_code
      FROM unnest(moved) AS m JOIN incident AS i ON i.id = m.id::uuid
     WHERE m.kind = 'undecided';
    INSERT INTO applied_edition AS a (jurisdiction_id, edition_id)
    SELECT apply_moves.jurisdiction, now_in_force FROM edition_at(jurisdiction, instant) AS now_in_force
     WHERE now_in_force IS NOT NULL
        ON CONFLICT (jurisdiction_id) DO UPDATE SET edition_id = excluded.edition_id;
    RETURN (SELECT count(*) FROM unnest(moved) AS m WHERE m.kind NOT IN ('incident', 'undecided'));
END $$;
