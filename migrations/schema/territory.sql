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

-- What look-ups read: each grid that is or was in force, with its period, flat and in one index. Joining jurisdiction, edition
-- and grid at every look-up took twice as long.
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
    border geometry(MultiLineString, 4326) NOT NULL,   -- border_of(geom), for distances
    snap_tolerance_m double precision NOT NULL,
    accuracy_m double precision NOT NULL,
    -- One spell of a code at an instant, as known at another. The hash of the code stands in front: GiST is slow at telling
    -- texts from each other, and 10,000 grids were published in 0.2 s instead of 0.5 s; the code itself decides. All of it is
    -- written as expressions, so that no look-up by instant or by code takes this index for its own.
    CONSTRAINT territory_one_of_a_code EXCLUDE USING gist
        (hashtextextended(code, jurisdiction_id) WITH =, (jurisdiction_id::text || ' ' || code) WITH =,
         tstzrange(lower(valid), upper(valid)) WITH &&, tstzrange(lower(known), upper(known)) WITH &&)
);
-- Uncompressed: a look-up reads the shape far more often than the disk is short of room.
ALTER TABLE geoservice.territory ALTER COLUMN geom SET STORAGE EXTERNAL, ALTER COLUMN border SET STORAGE EXTERNAL;
-- SP-GiST found the covering grid of 275 in 13 us where GiST took 24.
CREATE INDEX ix_territory_geom ON geoservice.territory USING spgist (geom);
-- Publishing asks for every code that changes.
CREATE INDEX ix_territory_jurisdiction_id_code ON geoservice.territory (jurisdiction_id, code);

-- The edition of a jurisdiction in force at an instant, as it was known at another (infinity: as we know it now).
CREATE FUNCTION geoservice.edition_at(jurisdiction integer, instant timestamptz, known_at timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.edition_id FROM geoservice.edition_period AS p
     WHERE p.jurisdiction_id = jurisdiction AND p.valid @> instant AND p.known @> known_at;
END;

-- The outline of a jurisdiction at an instant, as it was known at another: that of the edition in force; before the first edition,
-- of that one.
CREATE FUNCTION geoservice.outline_at(jurisdiction integer, instant timestamptz, known_at timestamptz DEFAULT 'infinity')
RETURNS geometry
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    (SELECT e.outline FROM geoservice.edition_period AS p JOIN geoservice.edition AS e ON e.id = p.edition_id
      WHERE p.jurisdiction_id = jurisdiction AND p.known @> known_at AND coalesce(upper(p.valid), 'infinity') > instant
      ORDER BY lower(p.valid) LIMIT 1),
    (SELECT j.outline FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction));

-- The jurisdiction whose outline covers a place at an instant; of several the one of the smallest code.
CREATE FUNCTION geoservice.jurisdiction_around(place geometry, instant timestamptz, known_at timestamptz) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT j.id
      FROM (SELECT f.id FROM geoservice.jurisdiction AS f WHERE f.outline && geoservice.on_both_sides(place)
             UNION
            SELECT e.jurisdiction_id FROM geoservice.edition AS e WHERE e.outline && geoservice.on_both_sides(place) AND geoservice.was_published(e.status)
           ) AS near
      JOIN geoservice.jurisdiction AS j ON j.id = near.id
     WHERE st_intersects(geoservice.outline_at(j.id, instant, known_at), geoservice.on_both_sides(place))
     ORDER BY j.code LIMIT 1
);

-- Since when what is known of a jurisdiction's grids is known; null before its first publication. Whoever asks again with this
-- as the instant of knowledge is told the same: of one jurisdiction no other publication has an instant at or before it.
CREATE FUNCTION geoservice.known_since(jurisdiction integer) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT max(lower(p.known)) FROM geoservice.edition_period AS p WHERE p.jurisdiction_id = jurisdiction);

-- End what was in force from an instant on, and put an edition there. Grids that stay as they were go on.
-- starts: from when it holds; known_from: since when we know.
CREATE FUNCTION geoservice.apply_edition(edition bigint, starts timestamptz, known_from timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place jurisdiction%ROWTYPE;
BEGIN
    SELECT j.* INTO place FROM jurisdiction AS j JOIN edition AS e ON e.jurisdiction_id = j.id WHERE e.id = apply_edition.edition;
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
    VALUES (apply_edition.edition, place.id, tstzrange(starts, NULL), tstzrange(known_from, NULL));
    WITH ended AS (
        UPDATE territory AS t SET known = tstzrange(lower(t.known), known_from)
         WHERE t.jurisdiction_id = place.id AND upper_inf(t.known) AND t.valid && tstzrange(starts, NULL)
           AND NOT (lower(t.valid) <= starts AND upper_inf(t.valid) AND EXISTS (
               SELECT FROM grid AS g
                WHERE g.edition_id = apply_edition.edition AND g.unowned_reason IS NULL AND g.code = t.code AND g.name = t.name
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
           g.geom, border_of(g.geom), place.snap_tolerance_m, place.accuracy_m
      FROM grid AS g
     WHERE g.edition_id = apply_edition.edition AND g.unowned_reason IS NULL AND g.code NOT IN (
        SELECT t.code FROM territory AS t
         WHERE t.jurisdiction_id = place.id AND upper_inf(t.known) AND upper_inf(t.valid));
END $$;

-- Publication lays the edition out, whoever wrote the row.
CREATE FUNCTION geoservice.publish_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(publish_lock(), new.jurisdiction_id);
    -- One publication after the other, of other jurisdictions too, as ANALYZE would have it anyhow: where jurisdictions overlap,
    -- none may become known later with an earlier instant.
    LOCK TABLE geoservice.territory IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM apply_edition(new.id, new.valid_from, clock_timestamp());  -- after whoever was told what is known until here
    ANALYZE geoservice.territory;  -- the planner must not meet a table it believes empty
    RETURN NULL;
END $$;
CREATE TRIGGER publish_territory AFTER UPDATE OF status ON geoservice.edition FOR EACH ROW
    WHEN (old.status = 'draft' AND new.status = 'published') EXECUTE FUNCTION geoservice.publish_territory();

-- Look-ups measure by what the jurisdiction says now.
CREATE FUNCTION geoservice.copy_to_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.territory AS t
       SET jurisdiction_code = new.code, snap_tolerance_m = new.snap_tolerance_m, accuracy_m = new.accuracy_m
     WHERE t.jurisdiction_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER copy_to_territory AFTER UPDATE OF code, snap_tolerance_m, accuracy_m ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.copy_to_territory();

-- Codes of an edition that lie wholly elsewhere than the last grid of that code did, and until when that one was in force.
CREATE FUNCTION geoservice.reused_codes(edition bigint) RETURNS TABLE (code text, until timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT n.code, upper(last.valid)
      FROM edition AS e
     CROSS JOIN LATERAL changed_grids(e.base_id, e.id) AS n
     CROSS JOIN LATERAL (
        SELECT t.valid, t.geom FROM territory AS t
         WHERE t.jurisdiction_id = e.jurisdiction_id AND t.code = n.code AND upper_inf(t.known)
         ORDER BY upper(t.valid) DESC NULLS FIRST, t.id DESC LIMIT 1) AS last
     WHERE e.id = reused_codes.edition
       AND n.new_geom IS NOT NULL
       AND NOT st_relate(last.geom, n.new_geom, 'T********')
$$;

-- Raise unless an edition may be published: it has grids, it was validated as it stands, validation found no error, no
-- code goes to another place and no other outline is taken without being accepted, and its grids partition the outline. The last
-- is a second, independent look.
CREATE FUNCTION geoservice.require_publishable(edition geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    errors integer;
    reused record;
BEGIN
    IF edition.validated_hash IS DISTINCT FROM edition_hash(edition.id) THEN
        RAISE EXCEPTION 'Edition % was not validated as it stands now.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Validate it as it stands, then publish.',
                  CONSTRAINT = 'validate-edition', DETAIL = json_build_object('edition', edition.id)::text;
    END IF;
    SELECT count(*) INTO errors FROM finding AS f WHERE f.edition_id = edition.id AND f.severity = 'error';
    IF errors > 0 THEN
        RAISE EXCEPTION 'Edition % has % finding(s) of severity error.', edition.id, errors
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Mend them, validate again, then publish.';
    END IF;
    IF edition.outline_reason IS NULL AND NOT edition.outline = outline_before(edition.jurisdiction_id, edition.base_id) THEN
        RAISE EXCEPTION 'The outline of edition % is not the one before it, and nobody has confirmed that.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Look at what falls in and out; confirm it with a reason.',
                  CONSTRAINT = 'confirm-outline', DETAIL = json_build_object('edition', edition.id)::text;
    END IF;
    IF NOT partitions_outline(edition) THEN
        RAISE EXCEPTION 'The grids of edition % do not partition the outline that it has.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Validate it as it stands, then publish.',
                  CONSTRAINT = 'validate-edition', DETAIL = json_build_object('edition', edition.id)::text;
    END IF;
    SELECT w.code, w.until INTO reused FROM reused_codes(edition.id) AS w
     WHERE NOT EXISTS (SELECT FROM reassigned_code AS r WHERE r.edition_id = edition.id AND r.code = w.code)
     ORDER BY w.code LIMIT 1;
    IF reused.code IS NOT NULL THEN
        RAISE EXCEPTION 'Grid % lies elsewhere than the last grid of that code%.', reused.code,
            coalesce(', which was in force until ' || reused.until, '')
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A code names one place, so that old answers stay true: give this grid a new code, or accept it by name.';
    END IF;
END $$;
