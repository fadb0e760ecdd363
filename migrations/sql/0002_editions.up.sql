-- Jurisdictions and the editions of their grids.

CREATE TABLE geoservice.jurisdiction (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    outline geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(outline)),
    metric_srid integer NOT NULL,             -- EPSG code of a metric CRS that fits the outline
    time_zone text NOT NULL DEFAULT 'Asia/Shanghai',
    snap_tolerance_m double precision NOT NULL DEFAULT 25 CHECK (snap_tolerance_m BETWEEN 0 AND 1000),
    accuracy_m double precision NOT NULL DEFAULT 15 CHECK (accuracy_m BETWEEN 0 AND 1000),
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_jurisdiction_outline ON geoservice.jurisdiction USING gist (outline);

CREATE TABLE geoservice.edition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    title text NOT NULL CHECK (geoservice.is_name(title)),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'superseded', 'withdrawn')),
    valid_from timestamptz CHECK (isfinite(valid_from)),
    valid_to timestamptz CHECK (isfinite(valid_to)),
    source text,                              -- where the boundaries came from: a file name, a decree
    validated_hash text,                      -- content that last went through validation: geoservice.edition_hash
    recorded_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    published_by text,
    CHECK (valid_to > valid_from),
    CONSTRAINT edition_in_force_has_a_beginning
        CHECK (status IN ('draft', 'withdrawn') OR (valid_from IS NOT NULL AND published_at IS NOT NULL)),
    -- One edition in force per jurisdiction and instant.
    CONSTRAINT edition_one_in_force EXCLUDE USING gist
        (jurisdiction_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (status IN ('published', 'superseded'))
);
CREATE INDEX ix_edition_jurisdiction_id ON geoservice.edition (jurisdiction_id);

CREATE TABLE geoservice.grid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),   -- "C": ties go to the smallest code in byte order
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    parent_code text COLLATE "C" CHECK (geoservice.is_code(parent_code)),
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    properties jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT grid_code_once_per_edition UNIQUE (edition_id, code)
);
CREATE INDEX ix_grid_place ON geoservice.grid USING gist (edition_id, geom);

-- What look-ups read: each grid of each edition that is or was in force, with its period, flat and in one index.
-- Only the trigger on edition writes it. Joining jurisdiction, edition and grid at every look-up took twice as long;
-- SP-GiST found the covering grid of 275 in 13 us where GiST took 24.
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

CREATE TABLE geoservice.grid_lineage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    predecessor_code text COLLATE "C" NOT NULL,
    successor_code text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('split', 'merge', 'redraw', 'recode')),
    UNIQUE (edition_id, predecessor_code, successor_code)
);

CREATE TABLE geoservice.finding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning')),
    grid_codes text[] NOT NULL,
    message text NOT NULL,
    size double precision,                    -- in the unit that follows
    unit text CHECK (unit IN ('m2', 'm', 'grids', 'features', 'vertices')),
    geom geometry(Geometry, 4326)             -- where; null when it has no place
);
CREATE INDEX ix_finding_edition_id ON geoservice.finding (edition_id);

-- Fingerprint of what a validation looks at: the outline, and codes and shapes of the grids in code order.
CREATE FUNCTION geoservice.edition_hash(edition bigint) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT md5(md5(st_asbinary(j.outline)) || coalesce(
               (SELECT string_agg(g.code || ':' || md5(st_asbinary(g.geom)), ',' ORDER BY g.code)
                  FROM geoservice.grid AS g WHERE g.edition_id = e.id), ''))
      FROM geoservice.edition AS e JOIN geoservice.jurisdiction AS j ON j.id = e.jurisdiction_id
     WHERE e.id = edition
);

-- Grids change in drafts only, and a grid that can't be one is refused with its name.
CREATE FUNCTION geoservice.guard_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    edition_status text;
BEGIN
    IF tg_op <> 'INSERT' THEN
        SELECT status INTO edition_status FROM geoservice.edition WHERE id = old.edition_id FOR SHARE;
        IF edition_status <> 'draft' THEN
            RAISE EXCEPTION 'Grid % belongs to an edition that is %; only a draft can be edited.', old.code, edition_status
                USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it and edit that.';
        END IF;
    END IF;
    IF tg_op = 'DELETE' THEN
        RETURN old;
    END IF;
    SELECT status INTO edition_status FROM geoservice.edition WHERE id = new.edition_id FOR SHARE;
    IF edition_status <> 'draft' THEN
        RAISE EXCEPTION 'Grid % can not enter an edition that is %; only a draft can be edited.', new.code, edition_status
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it and edit that.';
    END IF;
    PERFORM geoservice.require_sound(new.geom, 'Grid ' || new.code);
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON geoservice.grid
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_grid();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.grid
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- What an edition may become. Publishing demands a validation of exactly this content without an error; a published
-- edition is never changed, only given its end; nothing in force is ever removed.
CREATE FUNCTION geoservice.guard_edition() RETURNS trigger
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
    ELSIF old.status = 'published' AND new.status = 'superseded' AND old.valid_to IS NULL AND new.valid_to IS NOT NULL
        AND (new.title, new.valid_from, new.source, new.validated_hash, new.recorded_at, new.published_at, new.published_by)
            IS NOT DISTINCT FROM
            (old.title, old.valid_from, old.source, old.validated_hash, old.recorded_at, old.published_at, old.published_by)
    THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'Edition % is % and can not be changed.', old.id, old.status
        USING ERRCODE = 'insufficient_privilege', HINT = 'Publish a new edition instead.';
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_edition();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.edition
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- Keep territory equal to the editions in force: enter with publication, end with the successor.
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

-- Raise unless an edition may be published: it has grids, it was validated as it stands, validation found no error, and
-- its grids partition the outline. The last is a second, independent look: their areas add up to that of their union,
-- and the union is the outline, each within a millionth of a millionth of it (rounding of the overlay).
CREATE FUNCTION geoservice.require_publishable(edition geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    errors integer;
    outline geometry;
    whole geometry;
    overlap double precision;
BEGIN
    IF edition.validated_hash IS DISTINCT FROM edition_hash(edition.id) THEN
        RAISE EXCEPTION 'Edition % was not validated as it stands now.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run: geoservice edition validate ' || edition.id;
    END IF;
    SELECT count(*) INTO errors FROM finding AS f WHERE f.edition_id = edition.id AND f.severity = 'error';
    IF errors > 0 THEN
        RAISE EXCEPTION 'Edition % has % finding(s) of severity error.', edition.id, errors
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Mend them, validate again, then publish.';
    ELSIF edition.valid_from > now() THEN
        RAISE EXCEPTION 'An edition can not yet be published for the future (%).', edition.valid_from
            USING ERRCODE = 'feature_not_supported', HINT = 'Publish it when its day has come.';
    END IF;
    SELECT j.outline INTO outline FROM jurisdiction AS j WHERE j.id = edition.jurisdiction_id;
    SELECT st_union(g.geom), sum(st_area(g.geom)) INTO whole, overlap FROM grid AS g WHERE g.edition_id = edition.id;
    overlap := overlap - st_area(whole);
    IF whole IS NULL OR abs(overlap) > 1e-12 * st_area(outline)
        OR st_area(st_symdifference(whole, outline)) > 1e-12 * st_area(outline) THEN
        RAISE EXCEPTION 'The grids of edition % do not partition the outline of their jurisdiction.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Run: geoservice edition validate ' || edition.id;
    END IF;
END $$;

-- The outline is what published editions partition: it stands still once there is one.
CREATE FUNCTION geoservice.guard_jurisdiction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM geoservice.require_sound(new.outline, 'The outline of jurisdiction ' || new.code);
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = new.time_zone) THEN
        RAISE EXCEPTION 'Jurisdiction % names the unknown time zone %.', new.code, new.time_zone
            USING ERRCODE = 'check_violation', HINT = 'Use an IANA name such as Asia/Shanghai.';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.spatial_ref_sys
         WHERE srid = new.metric_srid AND srtext LIKE 'PROJCS%' AND proj4text LIKE '%+units=m %'
    ) THEN
        RAISE EXCEPTION 'Jurisdiction % names EPSG:%, which is not a projected CRS in metres.', new.code, new.metric_srid
            USING ERRCODE = 'check_violation', HINT = 'Use a metric CRS of the area, such as EPSG:4542 or a UTM zone.';
    END IF;
    IF tg_op = 'UPDATE' AND NOT st_equals(new.outline, old.outline) AND EXISTS (
        SELECT FROM geoservice.edition WHERE jurisdiction_id = old.id AND status IN ('published', 'superseded')
    ) THEN
        RAISE EXCEPTION 'The outline of jurisdiction % is partitioned by a published edition and can not change.', old.code
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF code, outline, time_zone, metric_srid ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_jurisdiction();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

CREATE FUNCTION geoservice.keep_territory_defaults() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.territory AS t
       SET jurisdiction_code = new.code, snap_tolerance_m = new.snap_tolerance_m, accuracy_m = new.accuracy_m
     WHERE t.jurisdiction_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_territory AFTER UPDATE OF code, snap_tolerance_m, accuracy_m ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.keep_territory_defaults();
