-- Drafts that several people edit by several doors: each draft knows what it began from, every change of its grids is
-- kept as part of a step that can be undone, and no two writers change one draft at the same moment.

-- What one person or program did to a draft in one transaction.
CREATE TABLE geoservice.draft_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    number integer NOT NULL CHECK (number > 0),
    verb text NOT NULL CHECK (geoservice.is_code(verb)),       -- edit: straight in the database
    -- done: may be undone; undone: may be redone; dropped: undone, then something else was done; closed: done, and the draft was
    -- drawn anew since; turning: is itself an undo or redo
    state text NOT NULL DEFAULT 'done' CHECK (state IN ('done', 'undone', 'dropped', 'closed', 'turning')),
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    outline_before geometry(MultiPolygon, 4326),   -- of the draft, when the step gave it another; null: it did not
    outline_after geometry(MultiPolygon, 4326),
    CONSTRAINT draft_step_number UNIQUE (edition_id, number)
);

-- One grid before and after a step: {code, name, name_en, parent_code, properties, unowned_reason} and its shape; null: was not,
-- is not.
CREATE TABLE geoservice.draft_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step_id bigint NOT NULL REFERENCES geoservice.draft_step ON DELETE CASCADE,
    before jsonb,
    before_geom geometry(MultiPolygon, 4326),
    after jsonb,
    after_geom geometry(MultiPolygon, 4326),
    CONSTRAINT draft_change_of_something CHECK (before IS NOT NULL OR after IS NOT NULL)
);
CREATE INDEX ix_draft_change_step_id ON geoservice.draft_change (step_id);

-- Gaps and overlaps that somebody gave away. They go along into a draft that is made of this one, and into one that it is merged
-- into; who decided, and when, stays as it was.
CREATE TABLE geoservice.decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    step_id bigint REFERENCES geoservice.draft_step ON DELETE CASCADE,  -- that brought it; null: the draft began with it
    kind text NOT NULL CHECK (kind IN ('gap', 'overlap')),
    to_code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(to_code)),  -- of the grid, or the ground of nobody, that got it
    area_m2 double precision NOT NULL CHECK (area_m2 >= 0),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),  -- in it
    reason text NOT NULL CHECK (geoservice.is_reason(reason)),
    decided_by text NOT NULL DEFAULT geoservice.actor(),
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_decision_edition_id ON geoservice.decision (edition_id);
CREATE INDEX ix_decision_step_id ON geoservice.decision (step_id);

-- It is decided while the edition is a draft; what was found in that so far does not tell it, so it is looked at again.
CREATE FUNCTION geoservice.guard_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET validated_hash = NULL WHERE e.id = new.edition_id AND e.status = 'draft';
    IF NOT found THEN
        RAISE EXCEPTION 'Only of a draft gaps and overlaps are decided.'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from the edition.';
    END IF;
    PERFORM note_drawer(new.edition_id);
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON geoservice.decision
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_decision();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.decision
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- The same when a step that decided something is undone, or done again.
CREATE FUNCTION geoservice.forget_validation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET validated_hash = NULL
     WHERE e.id = new.edition_id AND e.status = 'draft'
       AND EXISTS (SELECT FROM decision AS d WHERE d.step_id = new.id);
    RETURN NULL;
END $$;
CREATE TRIGGER forget_validation AFTER UPDATE OF state ON geoservice.draft_step FOR EACH ROW
    WHEN ((new.state = 'undone') <> (old.state = 'undone')) EXECUTE FUNCTION geoservice.forget_validation();

-- The step of this transaction in a draft, begun when first asked for. A new step ends what could be redone.
-- verb: of a new one; undo and redo are turning.
CREATE FUNCTION geoservice.begin_step(edition bigint, verb text DEFAULT 'edit') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step bigint;
    next_number integer;
BEGIN
    IF NOT (SELECT may_write(e.jurisdiction_id) FROM edition AS e WHERE e.id = begin_step.edition) THEN
        RAISE EXCEPTION 'The draft belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
    IF verb <> 'confirm-outline' THEN  -- of what somebody else drew
        PERFORM note_drawer(begin_step.edition);
    END IF;
    SELECT s.id INTO step FROM draft_step AS s
     WHERE s.edition_id = edition AND s.transaction_id = pg_current_xact_id()::text::bigint ORDER BY s.number DESC LIMIT 1;
    IF step IS NOT NULL THEN
        RETURN step;
    END IF;
    UPDATE edition AS e SET revision = e.revision + 1 WHERE e.id = begin_step.edition RETURNING e.revision INTO next_number;
    IF verb NOT IN ('undo', 'redo') THEN
        UPDATE draft_step AS s SET state = 'dropped' WHERE s.edition_id = edition AND s.state = 'undone';
    END IF;
    INSERT INTO draft_step (edition_id, number, verb, state, actor)
    VALUES (edition, next_number, verb, CASE WHEN verb IN ('undo', 'redo') THEN 'turning' ELSE 'done' END, actor())
    RETURNING id INTO step;
    RETURN step;
END $$;

-- Keep what was done to the outline of a draft as part of a step, but for what the transaction does that makes the draft.
CREATE FUNCTION geoservice.log_outline_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step CONSTANT bigint := begin_step(new.id, 'outline');
BEGIN
    UPDATE draft_step AS s SET outline_before = coalesce(s.outline_before, old.outline), outline_after = new.outline
     WHERE s.id = step;
    RETURN NULL;
END $$;
CREATE TRIGGER log_outline AFTER UPDATE OF base_id, outline ON geoservice.edition FOR EACH ROW
    WHEN (new.status = 'draft' AND NOT new.outline = old.outline AND new.recorded_at <> now())
    EXECUTE FUNCTION geoservice.log_outline_change();

-- A grid without its shape, as a step keeps it.
CREATE FUNCTION geoservice.told(changed geoservice.grid) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('code', (changed).code, 'name', (changed).name, 'name_en', (changed).name_en,
                          'parent_code', (changed).parent_code, 'properties', (changed).properties,
                          'unowned_reason', (changed).unowned_reason);

-- Keep what a statement did to the grids of a draft. What is put in by the transaction that makes the draft is its
-- beginning, not a step. Steps of several drafts in one statement are kept apart. A GIS takes a statement that meets no
-- row for saved: who writes straight into the tables is told that what he edits is no more there to be edited.
CREATE FUNCTION geoservice.log_grid_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    -- Removing a draft without grids comes here too, from the foreign key; it does not name the view.
    IF (tg_op = 'UPDATE' OR (tg_op = 'DELETE' AND current_query() LIKE '%draft_grid%'))
        AND NOT is_service() THEN
        PERFORM FROM old_rows LIMIT 1;
        IF NOT found THEN
            RAISE EXCEPTION 'Nothing was changed: the grid is gone, or its edition is no longer a draft.'
                USING ERRCODE = 'no_data_found', HINT = 'Load the layer anew: somebody removed the grid or published.';
        END IF;
    END IF;
    IF tg_op = 'INSERT' THEN
        INSERT INTO draft_change (step_id, after, after_geom)
        SELECT s.step_id, told(n), n.geom
          FROM new_rows AS n
          JOIN (SELECT e.id, begin_step(e.id) AS step_id FROM edition AS e
                 WHERE e.id IN (SELECT DISTINCT edition_id FROM new_rows) AND e.recorded_at <> now()) AS s
            ON s.id = n.edition_id;
    ELSIF tg_op = 'DELETE' THEN
        INSERT INTO draft_change (step_id, before, before_geom)
        SELECT s.step_id, told(o), o.geom
          FROM old_rows AS o
          JOIN (SELECT e.id, begin_step(e.id) AS step_id FROM edition AS e
                 WHERE e.id IN (SELECT DISTINCT edition_id FROM old_rows) AND e.recorded_at <> now()) AS s
            ON s.id = o.edition_id;
    ELSE
        INSERT INTO draft_change (step_id, before, before_geom, after, after_geom)
        SELECT s.step_id, told(o), o.geom, told(n), n.geom
          FROM new_rows AS n
          JOIN old_rows AS o USING (id)
          JOIN (SELECT e.id, begin_step(e.id) AS step_id FROM edition AS e
                 WHERE e.id IN (SELECT DISTINCT edition_id FROM new_rows) AND e.recorded_at <> now()) AS s
            ON s.id = n.edition_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log_insert AFTER INSERT ON geoservice.grid
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION geoservice.log_grid_change();
CREATE TRIGGER log_update AFTER UPDATE ON geoservice.grid
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION geoservice.log_grid_change();
CREATE TRIGGER log_delete AFTER DELETE ON geoservice.grid
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION geoservice.log_grid_change();

-- The grids of drafts, for a GIS: an editable layer, one draft at a time by a filter on edition_id. No security barrier,
-- which would keep the map's rectangle from the index: who may read it may read every grid.
CREATE VIEW geoservice.draft_grid AS
SELECT g.id, g.edition_id, g.code, g.name, g.name_en, g.parent_code, g.unowned_reason, g.geom
  FROM geoservice.grid AS g
 WHERE EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = g.edition_id AND e.status = 'draft'
                 AND (geoservice.is_service() OR e.jurisdiction_id = ANY ((SELECT geoservice.login_jurisdictions())::integer[])))
  WITH CHECK OPTION;

-- An overlap this narrow may come of coordinates rounded to 6 decimals; what is wider is a mistake. Metres.
CREATE FUNCTION geoservice.overlap_tolerance_m() RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 0.5;

-- The shape that a grid of a draft had when this transaction began; null: it was not.
CREATE FUNCTION geoservice.shape_before(edition bigint, grid_code text) RETURNS geometry
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    first_change draft_change%ROWTYPE;
BEGIN
    SELECT c.* INTO first_change
      FROM draft_change AS c JOIN draft_step AS s ON s.id = c.step_id
     WHERE s.edition_id = edition AND s.transaction_id = pg_current_xact_id()::text::bigint
       AND grid_code IN (c.before ->> 'code', c.after ->> 'code')
     ORDER BY c.id LIMIT 1;
    IF found THEN
        RETURN first_change.before_geom;
    END IF;
    RETURN (SELECT g.geom FROM grid AS g WHERE g.edition_id = edition AND g.code = grid_code);
END $$;

-- Who writes straight into the tables (QGIS, psql) is told at once of an overlap that can not be meant. A changed border
-- is looked at when the transaction commits, for both its sides are saved one after the other; a new grid as soon as it
-- is put in: QGIS shows what a statement was refused for, but of a refused commit only that it was. An overlap that was
-- there before may stay or shrink, or a draft that has some could not be mended one after the other. The service's own
-- doors tell it as a finding.
CREATE FUNCTION geoservice.refuse_overlap() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    drawn grid%ROWTYPE;
    other record;
    lon_m double precision;
    lat_m double precision;
BEGIN
    SELECT * INTO drawn FROM grid AS g WHERE g.id = new.id;  -- as it is at commit
    IF drawn.id IS NULL THEN
        RETURN NULL;
    END IF;
    lon_m := lon_degree_m(st_y(st_centroid(drawn.geom)));
    lat_m := lat_degree_m(st_y(st_centroid(drawn.geom)));
    FOR other IN
        SELECT DISTINCT ON (g.code) g.code, st_area(piece) AS area_m2, st_pointonsurface(piece) AS place,
               st_area(st_intersection(g.geom, drawn.geom)) AS area_deg2
          FROM grid AS g,
               LATERAL st_dump(st_collectionextract(st_intersection(g.geom, drawn.geom), 3)) AS part,
               LATERAL st_affine(part.geom, lon_m, 0, 0, lat_m, 0, 0) AS piece
         WHERE g.edition_id = drawn.edition_id AND g.id <> drawn.id
           AND g.geom && drawn.geom AND st_relate(g.geom, drawn.geom, 'T********')
           AND 2 * st_area(piece) / nullif(st_perimeter(piece), 0) > overlap_tolerance_m()
         ORDER BY g.code, st_area(piece) DESC
    LOOP
        -- A millionth more is rounding.
        CONTINUE WHEN tg_op = 'UPDATE' AND other.area_deg2 <= 1.000001 * st_area(st_intersection(
            shape_before(drawn.edition_id, drawn.code), shape_before(drawn.edition_id, other.code)));
        RAISE EXCEPTION 'Grid % would overlap grid % by % m2 near %, %.', drawn.code, other.code,
            round(other.area_m2::numeric, 1), round((st_x(other.place) / lon_m)::numeric, 6),
            round((st_y(other.place) / lat_m)::numeric, 6)
            USING ERRCODE = 'check_violation',
                  HINT = 'Save both sides of a border together, with topological editing and snapping switched on;'
                         ' make room before you put a new grid there.';
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER refuse_overlap_of_new AFTER INSERT ON geoservice.grid FOR EACH ROW
    WHEN (NOT geoservice.is_service()) EXECUTE FUNCTION geoservice.refuse_overlap();
CREATE CONSTRAINT TRIGGER refuse_overlap AFTER UPDATE OF geom ON geoservice.grid
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT geoservice.is_service()) EXECUTE FUNCTION geoservice.refuse_overlap();
