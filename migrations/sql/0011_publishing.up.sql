-- Publishing that costs what it changes, tells beforehand what it will move, and moves exactly that.

ALTER TABLE geoservice.edition DROP CONSTRAINT edition_check;
ALTER TABLE geoservice.edition ADD CONSTRAINT edition_ends_after_it_begins CHECK (valid_to >= valid_from);

ALTER TABLE geoservice.jurisdiction
    -- What becomes of an open incident whose place goes to another grid: it stays, goes along, or a person is asked.
    ADD COLUMN reroute text NOT NULL DEFAULT 'move' CHECK (reroute IN ('keep', 'move', 'ask'));

-- The instant whose edition and postings an incident was routed by: when it was reported, or when a later edition moved it.
ALTER TABLE geoservice.incident ADD COLUMN routed_at timestamptz CHECK (isfinite(routed_at));
ALTER TABLE geoservice.incident DISABLE TRIGGER USER;
UPDATE geoservice.incident SET routed_at = reported_at;
ALTER TABLE geoservice.incident ENABLE TRIGGER USER;
ALTER TABLE geoservice.incident ALTER COLUMN routed_at SET NOT NULL;
CREATE INDEX ix_incident_overrule_grid_code ON geoservice.incident (jurisdiction_id, overrule_grid_code)
    WHERE overrule_grid_code IS NOT NULL;

-- By which edition the features of a jurisdiction were assigned last. When another is in force, its day has come.
CREATE TABLE geoservice.enactment (
    jurisdiction_id integer PRIMARY KEY REFERENCES geoservice.jurisdiction,
    edition_id bigint NOT NULL REFERENCES geoservice.edition
);
INSERT INTO geoservice.enactment
SELECT j.id, geoservice.edition_at(j.id, now()) FROM geoservice.jurisdiction AS j
 WHERE geoservice.edition_at(j.id, now()) IS NOT NULL;

-- What other systems are to hear of, in the transaction that did it.
CREATE TABLE geoservice.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic text NOT NULL CHECK (geoservice.is_code(topic)),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,
    payload jsonb NOT NULL
);

-- What was shown before publishing, to be compared with what is so then.
CREATE TABLE geoservice.preview (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    revision integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    fingerprint text NOT NULL,
    moves jsonb NOT NULL
);
CREATE INDEX ix_preview_edition_id ON geoservice.preview (edition_id);

CREATE TYPE geoservice.move AS (
    kind text,                                -- building | household | camera | organisation | incident
    id text,
    code text,                                -- null for households and incidents
    from_grid text,
    to_grid text,
    residents integer,                        -- of a household
    floating integer
);

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
    ELSIF old.status IN ('published', 'superseded') AND new.status = 'superseded'
        -- Its end is set, or comes earlier than it was meant to: a later publication begins there.
        AND new.valid_to <= coalesce(old.valid_to, 'infinity')
        AND (to_jsonb(new) - ARRAY['status', 'valid_to']) = (to_jsonb(old) - ARRAY['status', 'valid_to'])
    THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'Edition % is % and can not be changed.', old.id, old.status
        USING ERRCODE = 'insufficient_privilege', HINT = 'Publish a new edition instead.';
END $$;

-- Grids that two editions do not have alike, by code; null: it has none. before: null for no edition.
-- A full join, so that the planner can not take it for a loop in a loop.
CREATE FUNCTION geoservice.changed_grids(before bigint, after bigint)
RETURNS TABLE (code text, old_geom geometry, new_geom geometry)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT coalesce(o.code, n.code), o.geom, n.geom
      FROM (SELECT g.code, g.geom FROM grid AS g WHERE g.edition_id = changed_grids.before) AS o
      FULL JOIN (SELECT g.code, g.geom FROM grid AS g WHERE g.edition_id = changed_grids.after) AS n ON n.code = o.code
     WHERE o.geom IS DISTINCT FROM n.geom
$$;

-- Edges of the grids of one edition, less those of another, each with how often it is left: an edge that two neighbours
-- share runs once each way and is not there. Only grids that differ are looked at. less: null for none.
CREATE FUNCTION geoservice.net_edges(edition bigint, less bigint)
RETURNS TABLE (x1 double precision, y1 double precision, x2 double precision, y2 double precision, times bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH shapes AS MATERIALIZED (SELECT c.old_geom, c.new_geom FROM changed_grids(net_edges.less, net_edges.edition) AS c),
    rings AS (
        SELECT 1 AS sign, st_forcepolygonccw(new_geom) AS geom FROM shapes WHERE new_geom IS NOT NULL
        UNION ALL
        SELECT -1, st_forcepolygonccw(old_geom) FROM shapes WHERE old_geom IS NOT NULL
    ),
    corners AS (
        SELECT r.sign, r.number, p.path[1] AS part, p.path[2] AS ring, p.path[3] AS place, st_x(p.geom) AS x, st_y(p.geom) AS y
          FROM (SELECT sign, geom, row_number() OVER () AS number FROM rings) AS r, st_dumppoints(r.geom) AS p
    ),
    edges AS (
        SELECT sign, x AS x1, y AS y1,
               lead(x) OVER ring_order AS x2, lead(y) OVER ring_order AS y2
          FROM corners
        WINDOW ring_order AS (PARTITION BY number, part, ring ORDER BY place)
    ),
    directed AS (
        SELECT CASE WHEN (x1, y1) < (x2, y2) THEN sign ELSE -sign END AS sign,
               CASE WHEN (x1, y1) < (x2, y2) THEN x1 ELSE x2 END AS x1, CASE WHEN (x1, y1) < (x2, y2) THEN y1 ELSE y2 END AS y1,
               CASE WHEN (x1, y1) < (x2, y2) THEN x2 ELSE x1 END AS x2, CASE WHEN (x1, y1) < (x2, y2) THEN y2 ELSE y1 END AS y2
          FROM edges WHERE x2 IS NOT NULL AND (x1, y1) <> (x2, y2)
    )
    SELECT x1, y1, x2, y2, sum(sign) FROM directed GROUP BY x1, y1, x2, y2 HAVING sum(sign) <> 0
$$;

-- Whether the grids of an edition partition the outline, by their edges alone, exact but for the rim.
-- Shared edges cancel out. If those that are left bound an area whose size is the sum of the grids', every place of it
-- is covered once: how often a place is covered is odd inside and even outside, never below 0, and the surplus adds up
-- to nothing. That area must be the outline, within a millionth of a millionth of it (a border that ends on the outline
-- puts a rounded vertex there). If a published base differs by edges that all cancel out, it partitions what the base did.
CREATE FUNCTION geoservice.partitions_outline(edition geoservice.edition) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    whole geometry;
    outline geometry;
    more_than_once boolean;
    surplus double precision;
BEGIN
    IF NOT EXISTS (SELECT FROM grid AS g WHERE g.edition_id = edition.id) THEN
        RETURN false;
    ELSIF EXISTS (SELECT FROM edition AS b WHERE b.id = edition.base_id AND b.status IN ('published', 'superseded'))
        AND NOT EXISTS (SELECT FROM net_edges(edition.id, edition.base_id)) THEN
        RETURN true;
    END IF;
    SELECT j.outline INTO outline FROM jurisdiction AS j WHERE j.id = edition.jurisdiction_id;
    SELECT st_buildarea(st_collect(st_makeline(st_setsrid(st_makepoint(n.x1, n.y1), 4326),
                                               st_setsrid(st_makepoint(n.x2, n.y2), 4326)))),
           bool_or(abs(n.times) > 1)
      INTO whole, more_than_once
      FROM net_edges(edition.id, NULL) AS n;
    IF whole IS NULL OR more_than_once THEN
        RETURN false;
    END IF;
    SELECT sum(st_area(g.geom)) - st_area(whole) INTO surplus FROM grid AS g WHERE g.edition_id = edition.id;
    RETURN abs(surplus) <= 1e-12 * st_area(outline)
       AND st_area(st_symdifference(whole, outline)) <= 1e-12 * st_area(outline);
END $$;

-- Codes of an edition that lie wholly elsewhere than the last grid of that code did, and until when that one was in force.
CREATE FUNCTION geoservice.wandering_codes(edition bigint) RETURNS TABLE (code text, until timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT n.code, upper(last.valid)
      FROM edition AS e
     CROSS JOIN LATERAL changed_grids(e.base_id, e.id) AS n
     CROSS JOIN LATERAL (
        SELECT t.valid, t.geom FROM territory AS t
         WHERE t.jurisdiction_id = e.jurisdiction_id AND t.code = n.code AND upper_inf(t.known)
         ORDER BY upper(t.valid) DESC NULLS FIRST, t.id DESC LIMIT 1) AS last
     WHERE e.id = wandering_codes.edition
       AND n.new_geom IS NOT NULL
       AND NOT st_relate(last.geom, n.new_geom, 'T********')
$$;

-- Raise unless an edition may be published: it has grids, it was validated as it stands, validation found no error, no
-- code goes to another place, and its grids partition the outline. The last is a second, independent look.
CREATE OR REPLACE FUNCTION geoservice.require_publishable(edition geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    errors integer;
    wandering record;
BEGIN
    IF edition.validated_hash IS DISTINCT FROM edition_hash(edition.id) THEN
        RAISE EXCEPTION 'Edition % was not validated as it stands now.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run: geoservice edition validate ' || edition.id;
    END IF;
    SELECT count(*) INTO errors FROM finding AS f WHERE f.edition_id = edition.id AND f.severity = 'error';
    IF errors > 0 THEN
        RAISE EXCEPTION 'Edition % has % finding(s) of severity error.', edition.id, errors
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Mend them, validate again, then publish.';
    END IF;
    IF NOT partitions_outline(edition) THEN
        RAISE EXCEPTION 'The grids of edition % do not partition the outline of their jurisdiction.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run: geoservice edition validate ' || edition.id;
    END IF;
    SELECT w.code, w.until INTO wandering FROM wandering_codes(edition.id) AS w ORDER BY w.code LIMIT 1;
    IF wandering.code IS NOT NULL THEN
        RAISE EXCEPTION 'Grid % lies elsewhere than the last grid of that code%.', wandering.code,
            coalesce(', which was in force until ' || wandering.until, '')
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A code names one place for ever, so that old answers stay true: give this grid a new code.';
    END IF;
END $$;

-- The pieces of ground that lie in another grid in one edition than in the other, and the borders that differ.
-- before: null, all of it.
CREATE FUNCTION geoservice.changed_ground(before bigint, after bigint) RETURNS SETOF geometry
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH shapes AS MATERIALIZED (
        SELECT c.old_geom, c.new_geom FROM changed_grids(changed_ground.before, changed_ground.after) AS c
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

-- The grid code that an incident would have if it were routed at an instant; what a person decided stays while it can.
CREATE FUNCTION geoservice.incident_grid(report geoservice.incident, instant timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := owner_of(report.geom, instant, 0, report.jurisdiction_id);
BEGIN
    report.routed_at := instant;
    IF EXISTS (SELECT FROM territory AS t WHERE t.jurisdiction_id = report.jurisdiction_id
                  AND t.code = report.overrule_grid_code AND t.valid @> instant AND upper_inf(t.known)) THEN
        RETURN report.overrule_grid_code;
    ELSIF report.building_code IS NOT NULL THEN
        answer := owner_by_building(report, answer, false);
    END IF;
    RETURN answer.grid_code;
END $$;

-- Everything near some ground whose stored grid is not the one that owns it at an instant: what is to be moved.
-- Nothing farther from that ground than the snap tolerance can have got another owner.
CREATE FUNCTION geoservice.moves(jurisdiction integer, ground geometry[], instant timestamptz) RETURNS SETOF geoservice.move
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reach double precision;  -- degrees, rather too far
BEGIN
    SELECT least(360, (j.snap_tolerance_m + 0.1) / least(lon_degree_m(greatest(abs(st_ymin(j.outline)), abs(st_ymax(j.outline)))), 110000))
      INTO reach FROM jurisdiction AS j WHERE j.id = jurisdiction;
    -- Candidates are found from the ground, each with its row: joining them to the whole table again would read it all.
    RETURN QUERY
        WITH moved AS MATERIALIZED (
            SELECT b.code, b.id, b.grid_code AS from_grid, o.grid_code AS to_grid
              FROM (SELECT DISTINCT ON (near.id) near.id, near.code, near.geom, near.grid_code
                      FROM unnest(ground) AS g (piece) JOIN building AS near ON st_dwithin(near.geom, g.piece, reach)
                     WHERE near.jurisdiction_id = jurisdiction) AS b,
                   LATERAL owner_of(st_pointonsurface(b.geom), instant, 0, jurisdiction) AS o
             WHERE o.grid_code IS DISTINCT FROM b.grid_code
        )
        SELECT 'building', m.id::text, m.code, m.from_grid, m.to_grid, NULL::integer, NULL::integer FROM moved AS m
        UNION ALL
        SELECT 'household', h.id::text, NULL, h.grid_code, m.to_grid, h.residents::integer, h.floating::integer
          FROM household AS h JOIN moved AS m ON m.code = h.building_code AND h.jurisdiction_id = jurisdiction;
    RETURN QUERY
        SELECT 'household', h.id::text, NULL::text, h.grid_code, o.grid_code, h.residents::integer, h.floating::integer
          FROM (SELECT DISTINCT ON (near.id) near.id, near.geom, near.grid_code, near.residents, near.floating
                  FROM unnest(ground) AS g (piece) JOIN household AS near ON st_dwithin(near.geom, g.piece, reach)
                 WHERE near.jurisdiction_id = jurisdiction AND near.building_code IS NULL) AS h,
               LATERAL owner_of(h.geom, instant, 0, jurisdiction) AS o
         WHERE o.grid_code IS DISTINCT FROM h.grid_code;
    RETURN QUERY
        SELECT 'camera', c.id::text, c.code, c.grid_code, o.grid_code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (near.id) near.id, near.code, near.geom, near.grid_code
                  FROM unnest(ground) AS g (piece) JOIN camera AS near ON st_dwithin(near.geom, g.piece, reach)
                 WHERE near.jurisdiction_id = jurisdiction) AS c,
               LATERAL owner_of(c.geom, instant, 0, jurisdiction) AS o
         WHERE o.grid_code IS DISTINCT FROM c.grid_code;
    RETURN QUERY
        SELECT 'organisation', n.id::text, n.code, n.grid_code, o.grid_code, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (near.id) near.id, near.code, near.geom, near.grid_code
                  FROM unnest(ground) AS g (piece) JOIN organisation AS near ON st_dwithin(near.geom, g.piece, reach)
                 WHERE near.jurisdiction_id = jurisdiction) AS n,
               LATERAL owner_of(n.geom, instant, 0, jurisdiction) AS o
         WHERE o.grid_code IS DISTINCT FROM n.grid_code;
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

CREATE FUNCTION geoservice.fingerprint_of(moved geoservice.move[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT md5(coalesce(string_agg(concat_ws('|', m.kind, m.id, coalesce(m.from_grid, '-'), coalesce(m.to_grid, '-')), ';'
                                   ORDER BY m.kind, m.id), ''))
      FROM unnest(moved) AS m
$$;

-- What publishing a draft from an instant on would move. It is the publication itself, rehearsed and taken back: no
-- second rule could differ from the first. Writers are not kept waiting.
CREATE FUNCTION geoservice.rehearse(edition bigint, starts timestamptz DEFAULT now()) RETURNS geoservice.move[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    moved move[];
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = rehearse.edition;
    IF draft.status IS DISTINCT FROM 'draft' THEN
        RAISE EXCEPTION 'Edition % is %; only a draft can be previewed.', edition, coalesce(draft.status, 'unknown')
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    BEGIN
        PERFORM lay_out(edition, starts, clock_timestamp());
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_ground(draft.base_id, edition)), greatest(starts, now())) AS m);
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'GS000';
    EXCEPTION WHEN SQLSTATE 'GS000' THEN
        NULL;
    END;
    RETURN moved;
END $$;

-- Carry out moves: each feature is looked up anew by its own trigger, so that a wrong list could move nothing wrongly.
CREATE FUNCTION geoservice.carry_out(jurisdiction integer, moved geoservice.move[], instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    policy text;
BEGIN
    SELECT j.reroute INTO policy FROM jurisdiction AS j WHERE j.id = jurisdiction;
    UPDATE building AS b SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'building' AND b.id = m.id::bigint;
    UPDATE household AS h SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'household' AND h.id = m.id::uuid AND h.building_code IS NULL;
    UPDATE camera AS c SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'camera' AND c.id = m.id::bigint;
    UPDATE organisation AS n SET grid_code = m.to_grid FROM unnest(moved) AS m
     WHERE m.kind = 'organisation' AND n.id = m.id::bigint;
    IF policy = 'move' THEN
        UPDATE incident AS i  -- later in any case: a report may have come in since this transaction began
           SET routed_at = greatest(instant, i.routed_at + interval '1 microsecond'),
               overrule_grid_code = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_grid_code END,
               overrule_reason = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_reason END
          FROM unnest(moved) AS m
         WHERE m.kind = 'incident' AND i.id = m.id::uuid;
    ELSIF policy = 'ask' THEN
        INSERT INTO incident_event (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code,
                                    edition_id, reason)
        SELECT i.id, actor(), 'reroute proposed', i.status, i.status, i.grid_code, m.to_grid,
               edition_at(jurisdiction, instant), 'Its place belongs to another grid now; a person decides.'
          FROM unnest(moved) AS m JOIN incident AS i ON i.id = m.id::uuid
         WHERE m.kind = 'incident';
    END IF;
    INSERT INTO enactment AS a (jurisdiction_id, edition_id)
    SELECT carry_out.jurisdiction, now_in_force FROM edition_at(jurisdiction, instant) AS now_in_force
     WHERE now_in_force IS NOT NULL
        ON CONFLICT (jurisdiction_id) DO UPDATE SET edition_id = excluded.edition_id;
    RETURN (SELECT count(*) FROM unnest(moved) AS m WHERE m.kind <> 'incident');
END $$;

-- Which grid came from which, of what an edition changes. Both going on under their codes says nothing but redraw.
CREATE FUNCTION geoservice.write_lineage(edition bigint, before bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    INSERT INTO grid_lineage (edition_id, predecessor_code, successor_code, kind)
    WITH changed AS MATERIALIZED (SELECT * FROM changed_grids(write_lineage.before, write_lineage.edition)),
         pair AS MATERIALIZED (
        SELECT o.code AS predecessor, n.code AS successor, o.old_geom, n.new_geom,
               o.new_geom IS NULL AS retired, n.old_geom IS NULL AS added
          FROM changed AS o
         CROSS JOIN LATERAL (  -- by the index, each by itself: ten thousand with ten thousand took 25 s
            SELECT g.code FROM grid AS g WHERE g.edition_id = write_lineage.edition AND g.geom && o.old_geom OFFSET 0
         ) AS near
          JOIN changed AS n ON n.code = near.code AND (n.code = o.code OR st_relate(n.new_geom, o.old_geom, 'T********'))
         WHERE o.old_geom IS NOT NULL
    ),
    kin AS (
        SELECT pair.*, count(*) OVER (PARTITION BY predecessor) AS successors, count(*) OVER (PARTITION BY successor) AS predecessors
          FROM pair
         WHERE (predecessor = successor AND NOT st_equals(old_geom, new_geom))  -- a vertex on a straight border is nothing
            OR ((retired OR added)
                AND st_area(st_intersection(old_geom, new_geom)) > 1e-6 * least(st_area(old_geom), st_area(new_geom)))
    )
    SELECT write_lineage.edition, predecessor, successor,
           CASE WHEN predecessor = successor THEN 'redraw'
                WHEN retired AND added AND st_equals(old_geom, new_geom) THEN 'recode'
                WHEN added AND successors > 1 THEN 'split'
                WHEN retired AND predecessors > 1 THEN 'merge'
                ELSE 'redraw' END
      FROM kin
$$;

DROP FUNCTION geoservice.publish_edition(bigint, timestamptz);
DROP FUNCTION geoservice.assign_features(integer);

-- Publish a draft from an instant on, in one transaction: what was in force ends then, features and open incidents are
-- moved. Returns how many buildings, households, cameras and organisations changed grid.
-- starts: before now corrects what was believed, after now is for that day. seen_revision: of the draft, as the publisher
-- saw it; seen_moves: fingerprint of the preview he saw. Null: not compared.
CREATE FUNCTION geoservice.publish_edition(
    edition bigint, starts timestamptz DEFAULT now(), seen_revision integer DEFAULT NULL, seen_moves text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    moved move[];
    count_moved integer := 0;
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition;
    IF draft.id IS NULL THEN
        RAISE EXCEPTION 'There is no edition %.', edition USING ERRCODE = 'no_data_found';
    END IF;
    -- One publisher a jurisdiction. Writers of features hold FOR KEY SHARE: none is between its look-up and its commit.
    PERFORM FROM jurisdiction AS j WHERE j.id = draft.jurisdiction_id FOR UPDATE;
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition FOR UPDATE;
    PERFORM require_turn(draft, starts, seen_revision);
    UPDATE edition AS e SET status = 'superseded', valid_to = greatest(e.valid_from, starts)
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND e.status IN ('published', 'superseded')
       AND coalesce(e.valid_to, 'infinity') > greatest(e.valid_from, starts);
    UPDATE edition AS e SET status = 'published', valid_from = starts, published_at = now(), published_by = actor()
     WHERE e.id = draft.id;  -- its trigger lays it out
    PERFORM write_lineage(draft.id, draft.base_id);
    IF seen_moves IS NOT NULL OR starts <= now() THEN
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_ground(draft.base_id, draft.id)), greatest(starts, now())) AS m);
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

-- Raise unless it is this draft's turn: it is one, as its publisher saw it, drawn from what was published last.
CREATE FUNCTION geoservice.require_turn(draft geoservice.edition, starts timestamptz, seen_revision integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    latest edition%ROWTYPE;
BEGIN
    SELECT * INTO latest FROM edition AS e WHERE e.id = latest_edition(draft.jurisdiction_id);
    IF draft.status <> 'draft' THEN
        RAISE EXCEPTION 'Edition % is %; only a draft can be published.', draft.id, draft.status
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF seen_revision <> draft.revision THEN
        RAISE EXCEPTION 'Edition % was edited meanwhile: it is at revision %, not %.', draft.id, draft.revision, seen_revision
            USING ERRCODE = 'GS412', HINT = 'Look at it as it is now, then publish.';
    ELSIF latest.id IS DISTINCT FROM draft.base_id THEN
        RAISE EXCEPTION 'Edition % was published since edition % was drawn (it began from %).', latest.id, draft.id,
            coalesce('edition ' || draft.base_id, 'nothing')
            USING ERRCODE = 'GS409', HINT = 'Rebase the draft on edition ' || latest.id || ', look at a preview, then publish.';
    END IF;
END $$;

-- Do what is due: an edition published for a day to come is in force now, and features still carry the grids of the last.
-- Returns how many jurisdictions it was due in.
CREATE FUNCTION geoservice.enact_due() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    due record;
    before_id bigint;
    current_id bigint;
    done integer := 0;
BEGIN
    FOR due IN SELECT j.id AS jurisdiction_id
                 FROM jurisdiction AS j LEFT JOIN enactment AS a ON a.jurisdiction_id = j.id
                WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0) LOOP
        PERFORM FROM jurisdiction AS j WHERE j.id = due.jurisdiction_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;  -- somebody publishes, or does this
        SELECT a.edition_id, edition_at(j.id, now()) INTO before_id, current_id
          FROM jurisdiction AS j LEFT JOIN enactment AS a ON a.jurisdiction_id = j.id WHERE j.id = due.jurisdiction_id;
        CONTINUE WHEN current_id = before_id;
        PERFORM carry_out(due.jurisdiction_id, ARRAY(SELECT m FROM moves(
            due.jurisdiction_id, ARRAY(SELECT changed_ground(before_id, current_id)), now()) AS m), now());
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

-- Routing, as before, by routed_at.

CREATE OR REPLACE FUNCTION geoservice.incident_as_changed(old geoservice.incident, new geoservice.incident)
RETURNS geoservice.incident
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    new.id := old.id;
    new.recorded_at := old.recorded_at;
    new.routed_at := greatest(old.routed_at, new.routed_at);
    new.reported_at := old.reported_at;
    new.updated_at := now();
    new.version := old.version + 1;
    new.method := NULL;
    IF (new.geom, new.building_code, new.accuracy_m, new.overrule_grid_code, new.routed_at)
        IS NOT DISTINCT FROM (old.geom, old.building_code, old.accuracy_m, old.overrule_grid_code, old.routed_at) THEN
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
    answer := owner_of(st_pointonsurface(near.geom), report.routed_at, 0, near.jurisdiction_id);
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
    SELECT edition_at(t.jurisdiction_id, report.routed_at), t.id, t.code, t.name
      INTO answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name
      FROM territory AS t
     WHERE t.jurisdiction_id = by_rule.jurisdiction_id
       AND t.code = report.overrule_grid_code
       AND t.valid @> report.routed_at
       AND upper_inf(t.known);
    IF answer.territory_id IS NULL THEN
        RAISE EXCEPTION 'There is no grid % in the edition that was in force.', report.overrule_grid_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Overrule with the code of a grid of that edition.';
    END IF;
    answer.method := 'manual';
    RETURN answer;
END $$;

-- Whether an edition by which a report of this moment was routed has ended meanwhile: a publication ran beside it, and did
-- not see it. Later publications wait until the report is committed, and move it themselves.
CREATE FUNCTION geoservice.was_overtaken(jurisdiction integer, edition bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM FROM jurisdiction AS j WHERE j.id = was_overtaken.jurisdiction AND j.reroute = 'move' FOR KEY SHARE;
    RETURN FOUND AND edition_at(jurisdiction, clock_timestamp()) IS DISTINCT FROM edition;
END $$;

-- As before, but by the edition of this moment, not of the moment when the writer's transaction began: a publication may
-- have been in between. The lock comes first: no publication is between the look-up and the writer's commit.
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
    new.grid_code := (owner_of(place, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION geoservice.assign_household() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM FROM jurisdiction AS j WHERE j.id = new.jurisdiction_id FOR KEY SHARE;
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
        new.routed_at := new.reported_at;
    END IF;
    answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
    IF tg_op OPERATOR(pg_catalog.=) 'INSERT' AND new.reported_at OPERATOR(pg_catalog.>=) pg_catalog.now()
        AND geoservice.was_overtaken(answer.jurisdiction_id, answer.edition_id) THEN
        new.routed_at := pg_catalog.clock_timestamp();
        answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
    END IF;
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
          FROM geoservice.officer_posted(answer.jurisdiction_id, answer.grid_code, new.routed_at) AS o;
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
                 WHEN new.routed_at <> old.routed_at THEN 'moved by edition'
                 WHEN (new.geom, new.grid_code, new.method, new.overrule_reason)
                      IS DISTINCT FROM (old.geom, old.grid_code, old.method, old.overrule_reason) THEN 'rerouted'
                 ELSE 'corrected' END,
            old.status, new.status, old.grid_code, new.grid_code, new.method, new.edition_id,
            CASE WHEN new.routed_at <> old.routed_at
                 THEN 'Its place belongs to another grid in edition ' || new.edition_id || '.'
                 ELSE new.overrule_reason END);
    RETURN NULL;
END $$;

DO $$
DECLARE
    routine text;
BEGIN
    FOREACH routine IN ARRAY ARRAY[
        'changed_grids(bigint, bigint)', 'net_edges(bigint, bigint)', 'partitions_outline(geoservice.edition)', 'wandering_codes(bigint)',
        'changed_ground(bigint, bigint)', 'incident_grid(geoservice.incident, timestamptz)',
        'moves(integer, geometry[], timestamptz)', 'fingerprint_of(geoservice.move[])', 'rehearse(bigint, timestamptz)',
        'carry_out(integer, geoservice.move[], timestamptz)', 'write_lineage(bigint, bigint)',
        'publish_edition(bigint, timestamptz, integer, text)',
        'require_turn(geoservice.edition, timestamptz, integer)', 'enact_due()', 'was_overtaken(integer, bigint)'
    ] LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION geoservice.%s FROM PUBLIC', routine);
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION geoservice.publish_edition(bigint, timestamptz, integer, text),
    geoservice.rehearse(bigint, timestamptz), geoservice.fingerprint_of(geoservice.move[]), geoservice.enact_due(),
    geoservice.wandering_codes(bigint) TO geoservice_app;
GRANT EXECUTE ON FUNCTION geoservice.was_overtaken(integer, bigint) TO geoservice_app, geoservice_analyst;
-- What is in force changes by publishing alone: the service may name a draft, mark it validated, move its base, withdraw it.
REVOKE INSERT, UPDATE ON geoservice.edition FROM geoservice_app;
GRANT INSERT (jurisdiction_id, title, source), UPDATE (title, source, validated_hash, base_id, status) ON geoservice.edition
    TO geoservice_app;
REVOKE INSERT ON geoservice.grid_lineage FROM geoservice_app;
GRANT SELECT, INSERT ON geoservice.preview TO geoservice_app;
GRANT SELECT ON geoservice.outbox TO geoservice_app;
