-- Editions of a jurisdiction's grids, and what the gate found in them.

-- Whether an edition of a status is or was in force, or is meant for a day to come.
CREATE FUNCTION geoservice.was_published(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('published', 'superseded');

CREATE TABLE geoservice.edition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    -- The edition this one was drawn from: the latest published when it was made. Null: there was none.
    base_id bigint REFERENCES geoservice.edition,
    title text NOT NULL CHECK (geoservice.is_name(title)),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'superseded', 'withdrawn')),
    -- Number of the last step: two equal revisions of a draft have equal grids.
    revision integer NOT NULL DEFAULT 0,
    valid_from timestamptz CHECK (isfinite(valid_from)),
    valid_to timestamptz CHECK (isfinite(valid_to)),
    source text,                              -- where the boundaries came from: a file name, a decree
    -- What its grids partition. A draft begins with the outline of its base, without one with that of its jurisdiction; another
    -- one (ground that was annexed, a better survey) is confirmed by somebody, with a reason, and published with the grids.
    outline geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(outline)),
    outline_reason text CHECK (geoservice.is_reason(outline_reason)),  -- null: as before, or not confirmed
    outline_confirmed_by text,
    -- What is not sure of the datum of a file that its grids or its outline came from, as was allowed; null: nothing.
    ballpark text CHECK (char_length(ballpark) BETWEEN 1 AND 500),
    -- Who had a hand in its draft, as histories name them: who made it, did a step, decided something, or drew what was taken over.
    drawn_by text[] NOT NULL DEFAULT ARRAY[geoservice.actor()],
    -- Why it is drawn, as its analyst tells whoever puts it in force; who asks for that, and at which revision: edited since, nobody does.
    note text CHECK (geoservice.is_reason(note)),
    asked_by text,
    asked_revision integer,
    validated_hash text,                      -- content that last went through validation: geoservice.edition_hash
    recorded_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    published_by text,
    CONSTRAINT edition_asked_by_somebody CHECK (num_nulls(asked_by, asked_revision) IN (0, 2)),
    CONSTRAINT edition_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT edition_in_force_has_a_beginning
        CHECK (status IN ('draft', 'withdrawn') OR (valid_from IS NOT NULL AND published_at IS NOT NULL)),
    -- One edition in force per jurisdiction and instant.
    CONSTRAINT edition_one_in_force EXCLUDE USING gist
        (jurisdiction_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (geoservice.was_published(status))
);
CREATE INDEX ix_edition_jurisdiction_id ON geoservice.edition (jurisdiction_id);
CREATE INDEX ix_edition_base_id ON geoservice.edition (base_id);
CREATE INDEX ix_edition_outline ON geoservice.edition USING gist (outline);

-- The edition that was published last: what a new draft begins from, and what publishing must build on.
CREATE FUNCTION geoservice.latest_edition(jurisdiction integer) RETURNS bigint
LANGUAGE sql STABLE
RETURN (
    SELECT e.id FROM geoservice.edition AS e
     WHERE e.jurisdiction_id = jurisdiction AND e.status = 'published' AND e.valid_to IS NULL
);

-- The outline that a draft drawn from an edition begins with; base: null, drawn from nothing.
CREATE FUNCTION geoservice.outline_before(jurisdiction integer, base bigint) RETURNS geometry
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.outline FROM geoservice.edition AS e WHERE e.id = base),
                (SELECT j.outline FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction));

-- A draft begins from what was published last, whoever makes it; that may be moved on later, never to another's.
CREATE FUNCTION geoservice.set_base() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        new.base_id := latest_edition(new.jurisdiction_id);
        new.revision := 0;
    ELSIF new.base_id IS DISTINCT FROM old.base_id AND new.base_id IS DISTINCT FROM latest_edition(new.jurisdiction_id) THEN
        RAISE EXCEPTION 'The base of edition % can only be moved to the edition published last.', old.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER set_base BEFORE INSERT OR UPDATE OF base_id ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.set_base();

-- What is not sure of the datum of the outline that a draft drawn from an edition begins with; base: null, drawn from nothing.
CREATE FUNCTION geoservice.ballpark_before(jurisdiction integer, base bigint) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN base IS NULL THEN (SELECT j.ballpark FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction)
            ELSE (SELECT e.ballpark FROM geoservice.edition AS e WHERE e.id = base) END;

-- A draft has the outline of its base, and goes along when that is moved on, until it is given another. What was confirmed is that
-- one outline is put in the place of another: when either is no longer the same, somebody must confirm it anew. = compares every
-- coordinate, in order. What is not sure of its datum comes along, and is told by the next look.
CREATE FUNCTION geoservice.set_outline() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    before CONSTANT geometry := outline_before(new.jurisdiction_id, new.base_id);
BEGIN
    IF (tg_op = 'INSERT' AND new.outline IS NULL) OR (tg_op = 'UPDATE' AND new.base_id IS DISTINCT FROM old.base_id) THEN
        new.ballpark := coalesce(new.ballpark, ballpark_before(new.jurisdiction_id, new.base_id));
    END IF;
    IF tg_op = 'UPDATE' AND new.ballpark IS DISTINCT FROM old.ballpark THEN
        new.validated_hash := NULL;
    END IF;
    new.outline := coalesce(new.outline, before);
    IF tg_op = 'UPDATE' AND new.base_id IS DISTINCT FROM old.base_id
        AND new.outline = outline_before(old.jurisdiction_id, old.base_id) THEN
        new.outline := before;
    END IF;
    PERFORM require_sound(new.outline, 'The outline of an edition');
    IF new.outline = before OR (tg_op = 'UPDATE' AND new.outline_reason = old.outline_reason
        AND (NOT new.outline = old.outline OR new.base_id IS DISTINCT FROM old.base_id)) THEN
        new.outline_reason := NULL;
    END IF;
    IF new.outline_reason IS NULL THEN
        new.outline_confirmed_by := NULL;
    ELSIF tg_op = 'INSERT' OR new.outline_reason IS DISTINCT FROM old.outline_reason THEN
        new.outline_confirmed_by := actor();
        IF tg_op = 'UPDATE' AND NOT new.outline = old.outline THEN
            new.drawn_by := new.drawn_by || actor();
        END IF;
        PERFORM require_confirmed_by_another(new);
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER set_outline BEFORE INSERT OR UPDATE OF base_id, outline, outline_reason, ballpark ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.set_outline();

-- Drafts that are drawn from nothing go along with the outline of their jurisdiction.
CREATE FUNCTION geoservice.follow_jurisdiction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET outline = new.outline
     WHERE e.jurisdiction_id = new.id AND e.status = 'draft' AND e.base_id IS NULL AND e.outline = old.outline;
    UPDATE edition AS e SET outline_reason = NULL  -- what was confirmed was another change
     WHERE e.jurisdiction_id = new.id AND e.status = 'draft' AND e.base_id IS NULL AND NOT e.outline = new.outline;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_jurisdiction AFTER UPDATE OF outline ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.follow_jurisdiction();

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
    ELSIF was_published(old.status) AND new.status = 'superseded'
        -- Its end is set, or comes earlier than it was meant to: a later publication begins there.
        AND new.valid_to <= coalesce(old.valid_to, 'infinity')
        AND (to_jsonb(new) - ARRAY['status', 'valid_to']) = (to_jsonb(old) - ARRAY['status', 'valid_to'])
        AND new.outline = old.outline  -- to the last digit, which JSON has not
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

CREATE TABLE geoservice.finding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning')),
    grid_codes text[] NOT NULL,
    message text NOT NULL,
    size double precision,                    -- in the unit that follows
    unit text CHECK (unit IN ('m2', 'm', 'grids', 'features', 'vertices', 'households', 'parts')),
    geom geometry(Geometry, 4326)             -- where; null when it has no place
);
CREATE INDEX ix_finding_edition_id ON geoservice.finding (edition_id);

-- Codes that name another place from an edition on. A code names one place, so that old answers stay true; where the world does
-- otherwise, an analyst accepts it by name and says why, and what is asked about either time still finds its own place.
CREATE TABLE geoservice.reassigned_code (
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    reason text NOT NULL CHECK (geoservice.is_reason(reason)),
    accepted_by text NOT NULL DEFAULT geoservice.actor(),
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (edition_id, code)
);

-- It is accepted, or no longer, while the edition is a draft.
CREATE FUNCTION geoservice.guard_reassigned_code() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    edition_status text;
BEGIN
    SELECT e.status INTO edition_status FROM edition AS e
     WHERE e.id = CASE WHEN tg_op = 'DELETE' THEN old.edition_id ELSE new.edition_id END FOR NO KEY UPDATE;
    IF edition_status <> 'draft' THEN
        RAISE EXCEPTION 'The edition is %; which codes name another place is said while it is a draft.', edition_status
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it.';
    END IF;
    IF tg_op = 'INSERT' THEN
        PERFORM note_drawer(new.edition_id);
    END IF;
    RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON geoservice.reassigned_code
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_reassigned_code();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.reassigned_code
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();
