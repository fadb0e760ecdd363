-- What a change of grids moves: features and open incidents whose stored grid is no longer the one that owns them.

CREATE TYPE geoservice.move AS (
    kind text,                                -- table of the layer, or undecided: an incident about which a person is asked
    id text,
    code text,                                -- null where the layer has none
    from_grid text,
    to_grid text,
    households integer,                       -- of a row of household, which may count several
    residents integer,
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

-- The pieces of ground that lie in another grid, or belong to nobody, in one edition and not in the other, and the borders that
-- differ.
-- before: null, all of it.
CREATE FUNCTION geoservice.changed_area(before bigint, after bigint) RETURNS SETOF geometry
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH shapes AS MATERIALIZED (
        SELECT c.old_geom, c.new_geom FROM changed_grids(changed_area.before, changed_area.after) AS c
        UNION ALL  -- on ground that belongs to nobody no grid is the nearest one
        SELECT f.old_geom, f.new_geom FROM changed_faces(changed_area.before, changed_area.after) AS f
         WHERE NOT coalesce(f.old_owned, false) AND NOT coalesce(f.new_owned, false)
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

-- The statement that finds which features of a layer are to be moved. $1: the area that changed, in pieces; $2: how far from it
-- to look, degrees; $3: the instant; $4: the jurisdiction; $5: what was found of other layers.
-- Candidates are found from the area, each with its row: joining them to the whole table again would read it all. Whose they
-- are is asked of those found: asked before, it would leave hardly a row by the guess of a planner that does not know this
-- jurisdiction's features yet, and every feature would be measured from every piece.
CREATE FUNCTION geoservice.moves_statement(described geoservice.layer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    told CONSTANT text := format('%L, f.id::text, %s, f.grid_code, %%s, %s', described.table_name,
        CASE WHEN described.key_column = 'code' THEN 'f.code' ELSE 'NULL::text' END,
        CASE WHEN described.personal THEN 'f.households, f.residents, f.floating' ELSE 'NULL::integer, NULL::integer, NULL::integer' END);
    by_place CONSTANT text := format($sql$
        SELECT %s
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest($1) AS g (piece) JOIN geoservice.%I AS near ON st_dwithin(near.geom, g.piece, $2)) AS f,
               LATERAL owner_of(place_of(f.geom), $3, 0, $4) AS o
         WHERE f.jurisdiction_id = $4 AND o.grid_code IS DISTINCT FROM f.grid_code$sql$,
        format(told, 'o.grid_code'), described.table_name);
BEGIN
    IF described.assignment = 'place' THEN
        RETURN by_place;
    END IF;
    RETURN by_place || ' AND f.building_code IS NULL' || format($sql$
        UNION ALL
        SELECT %s
          FROM unnest($5) AS m
          JOIN geoservice.%I AS f ON f.jurisdiction_id = $4 AND f.building_code = m.code
         WHERE m.kind = 'building'$sql$, format(told, 'm.to_grid'), described.table_name);
END $$;

-- Everything near some ground whose stored grid is not the one that owns it at an instant: what is to be moved.
-- Nothing farther from that ground than the snap tolerance can have got another owner; tolerance_m: null for that of now. What a publication would do with open
-- incidents is said here too, so a preview shows it and publishing does just that: where the jurisdiction's policy is to keep
-- them there is no move, where it is to ask the kind is undecided.
CREATE FUNCTION geoservice.moves(
    jurisdiction integer, area geometry[], instant timestamptz, tolerance_m double precision DEFAULT NULL
) RETURNS SETOF geoservice.move
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reach double precision;  -- degrees, rather too far
    policy text;
    described layer%ROWTYPE;
    part move[];
    moved move[] := '{}';
BEGIN
    SELECT least(360, (coalesce(tolerance_m, j.snap_tolerance_m) + 0.1) / least(lon_degree_m(ground.farthest), 110000)), j.reroute
      INTO reach, policy
      FROM jurisdiction AS j,
           (SELECT coalesce(max(greatest(abs(st_ymin(g.piece)), abs(st_ymax(g.piece)))), 0) FROM unnest(area) AS g (piece)
           ) AS ground (farthest)
     WHERE j.id = jurisdiction;
    -- What stands in buildings goes where they go: these come first.
    FOR described IN SELECT * FROM layer AS l WHERE l.assignment IN ('place', 'building') ORDER BY l.assignment DESC, l.id LOOP
        EXECUTE 'SELECT coalesce(array_agg(m::geoservice.move), ARRAY[]::geoservice.move[]) FROM ('
                || moves_statement(described) || ') AS m'
           INTO part USING area, reach, instant, jurisdiction, moved;
        moved := moved || part;
    END LOOP;
    RETURN QUERY SELECT m.* FROM unnest(moved) AS m;
    IF policy = 'keep' THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT CASE policy WHEN 'ask' THEN 'undecided' ELSE 'incident' END, (i.report).id::text, NULL::text, (i.report).grid_code,
               owner.code, NULL::integer, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (c.id) c.report
                  FROM (
                    SELECT near.id, near AS report
                      FROM unnest(area) AS g (piece)
                      JOIN incident AS near ON near.jurisdiction_id = jurisdiction AND st_dwithin(near.geom, g.piece, reach)
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

-- The statement that carries out the moves $1 of a layer. What stands in a building goes along with it by its trigger.
CREATE FUNCTION geoservice.apply_statement(described geoservice.layer) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT format('UPDATE geoservice.%I AS f SET grid_code = m.to_grid FROM unnest($1) AS m'
                  ' WHERE m.kind = %L AND f.id = m.id::%s%s',
                  described.table_name, described.table_name, format_type(a.atttypid, NULL),
                  CASE described.assignment WHEN 'building' THEN ' AND f.building_code IS NULL' END)
      FROM pg_attribute AS a
     WHERE a.attrelid = format('geoservice.%I', described.table_name)::regclass AND a.attname = 'id'
$$;

-- Carry out moves: each feature is looked up anew by its own trigger, so that a wrong list could move nothing wrongly.
CREATE FUNCTION geoservice.apply_moves(jurisdiction integer, moved geoservice.move[], instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
BEGIN
    FOR described IN SELECT * FROM layer AS l WHERE l.assignment IN ('place', 'building') LOOP
        EXECUTE apply_statement(described) USING moved;
    END LOOP;
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
    -- Without what is personal: told with every publication, it would be a count of a few.
    RETURN (SELECT count(*) FROM unnest(moved) AS m
             WHERE m.kind NOT IN ('incident', 'undecided') AND m.kind NOT IN (SELECT l.table_name FROM layer AS l WHERE l.personal));
END $$;

-- Another snap tolerance gives places beside the grids another owner: features and open incidents there go along at once, as with
-- a publication. What may be concerned lies beside the outline, or on ground that belongs to nobody and ends there.
CREATE FUNCTION geoservice.reassign_beside_grids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    rim geometry[];
BEGIN
    PERFORM lock_jurisdiction_exclusive(new.id);
    rim := ARRAY(SELECT st_subdivide(st_boundary(outline_at(new.id, now())), 128));
    PERFORM apply_moves(new.id, ARRAY(
        SELECT m FROM moves(new.id, rim, now(), greatest(old.snap_tolerance_m, new.snap_tolerance_m)) AS m), now());
    RETURN NULL;
END $$;
CREATE TRIGGER reassign_beside_grids AFTER UPDATE OF snap_tolerance_m ON geoservice.jurisdiction FOR EACH ROW
    WHEN (new.snap_tolerance_m <> old.snap_tolerance_m) EXECUTE FUNCTION geoservice.reassign_beside_grids();
