-- Jurisdictions: an outline, how positions are measured in it, and what it wants of its grids.

CREATE TABLE geoservice.jurisdiction (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    -- Of its first edition; editions have their own.
    outline geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(outline)),
    -- What is not sure of the datum of the file that the outline came from, as was allowed; null: nothing.
    ballpark text CHECK (char_length(ballpark) BETWEEN 1 AND 500),
    metric_srid integer NOT NULL,             -- EPSG code of a metric CRS that fits the outline
    time_zone text NOT NULL DEFAULT 'Asia/Shanghai',
    snap_tolerance_m double precision NOT NULL DEFAULT 25 CHECK (snap_tolerance_m BETWEEN 0 AND 1000),
    accuracy_m double precision NOT NULL DEFAULT 15 CHECK (accuracy_m BETWEEN 0 AND 1000),
    -- What becomes of an open incident whose place goes to another grid: it stays, goes along, or a person is asked.
    reroute text NOT NULL DEFAULT 'move' CHECK (reroute IN ('keep', 'move', 'ask')),
    -- Norms: so many households in each grid, and codes of one form. The gate remarks on others.
    households_min integer NOT NULL DEFAULT 300 CHECK (households_min >= 0),
    households_max integer NOT NULL DEFAULT 500,
    grid_code_pattern text CHECK (char_length(grid_code_pattern) BETWEEN 1 AND 200),  -- null: any code
    attribution text CHECK (char_length(attribution) BETWEEN 1 AND 500),  -- whom maps of it have to name
    -- What visitors see of it: nothing; outline, grids and base map; or all that is not about people.
    visitors text NOT NULL DEFAULT 'grids' CHECK (visitors IN ('closed', 'grids', 'open')),
    -- Whether who drew a draft can neither publish it nor confirm its outline (four_eyes.sql).
    four_eyes boolean NOT NULL DEFAULT false,
    -- Retention, in days; null: kept. What people wrote of a report, after it was closed; messages of webhooks, after the event; what
    -- tells a report that is sent again, after it came; sessions, after their end.
    words_days integer DEFAULT 180 CHECK (words_days BETWEEN 8 AND 36500),
    deliveries_days integer DEFAULT 30 CHECK (deliveries_days BETWEEN 1 AND 36500),
    report_keys_days integer DEFAULT 7 CHECK (report_keys_days BETWEEN 1 AND 36500),
    sessions_days integer DEFAULT 7 CHECK (sessions_days BETWEEN 1 AND 36500),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT jurisdiction_households_min_to_max CHECK (households_max >= households_min)
);
CREATE INDEX ix_jurisdiction_outline ON geoservice.jurisdiction USING gist (outline);

-- The outline is what the first edition partitions; each edition keeps its own, and later ones may have another. So it stands still
-- once one is published, to the vertex (= compares every coordinate, in order).
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
    IF tg_op = 'UPDATE' AND NOT new.outline = old.outline AND EXISTS (
        SELECT FROM geoservice.edition WHERE jurisdiction_id = old.id AND geoservice.was_published(status)
    ) THEN
        RAISE EXCEPTION 'The outline of jurisdiction % is partitioned by a published edition and can not change.', old.code
            USING ERRCODE = 'insufficient_privilege', HINT = 'Give a new draft another outline: it is published with it.';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF code, outline, time_zone, metric_srid ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_jurisdiction();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- Say what is wrong before the CHECKs only say that something is; a pattern that can not be read would stop every gate.
CREATE FUNCTION geoservice.guard_norms() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reason text;
BEGIN
    IF new.households_min < 0 OR new.households_max < new.households_min THEN
        RAISE EXCEPTION 'A grid can not be wanted to have % to % households.', new.households_min, new.households_max
            USING ERRCODE = 'check_violation', HINT = 'Give a fewest of 0 or more, and a most that is not below it.';
    END IF;
    IF char_length(new.grid_code_pattern) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'A code pattern has 1 to 200 characters, not %.', char_length(new.grid_code_pattern)
            USING ERRCODE = 'check_violation', HINT = 'Write a shorter one, or none when any code will do.';
    END IF;
    BEGIN
        PERFORM '' ~ new.grid_code_pattern;  -- by itself, or it could leave the brackets that has_form puts around it
        PERFORM has_form('', new.grid_code_pattern);
    EXCEPTION WHEN invalid_regular_expression THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        RAISE EXCEPTION 'The code pattern % can not be read: %.', new.grid_code_pattern, reason
            USING ERRCODE = 'check_violation', HINT = 'Write it as in 5405\d{11}: a regular expression of PostgreSQL.';
    END;
    RETURN new;
END $$;
CREATE TRIGGER guard_norms BEFORE INSERT OR UPDATE OF households_min, households_max, grid_code_pattern
    ON geoservice.jurisdiction FOR EACH ROW EXECUTE FUNCTION geoservice.guard_norms();
