-- Changes of layers: who, when, by which door, and what was before. Beside the table of each layer stands a twin that keeps the rows
-- which were changed or removed; the database writes it, whoever changes something.
--
-- A transaction is one change. What a row is now was made by the change that it names; what it was before is in the twin, from when
-- until when. Grids have a history of their own kind (territory), incidents another (incident_event).

CREATE TABLE geoservice.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    door text NOT NULL CHECK (geoservice.is_code(door)),    -- sql, or as the service says: command, api …
    kind text NOT NULL CHECK (kind IN ('edit', 'import', 'undo')),
    undoes bigint REFERENCES geoservice.change,
    note text CHECK (geoservice.is_name(note)),             -- of an import: what was read
    xact bigint NOT NULL                      -- its transaction; says nothing once that has ended
);
CREATE INDEX ix_change_undoes ON geoservice.change (undoes);

-- What a change did to a layer in a jurisdiction.
CREATE TABLE geoservice.change_count (
    change_id bigint NOT NULL REFERENCES geoservice.change,
    layer text COLLATE "C" NOT NULL,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    added bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (change_id, layer, jurisdiction_id)
);
CREATE INDEX ix_change_count_jurisdiction_id ON geoservice.change_count (jurisdiction_id, change_id);

CREATE FUNCTION geoservice.this_transaction() RETURNS bigint LANGUAGE sql STABLE RETURN pg_current_xact_id()::text::bigint;

-- Begin the change of this transaction, or return the one that it is. The door is said by the service alone.
CREATE FUNCTION geoservice.begin_change(
    kind text DEFAULT 'edit', door text DEFAULT NULL, note text DEFAULT NULL, undoes bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    found bigint := nullif(current_setting('geoservice.change', true), '')::bigint;
BEGIN
    IF EXISTS (SELECT FROM change AS c WHERE c.id = found AND c.xact = this_transaction()) THEN
        RETURN found;
    END IF;
    INSERT INTO change (actor, door, kind, note, undoes, xact)
    VALUES (actor(), CASE WHEN is_service() THEN coalesce(begin_change.door, 'service') ELSE 'sql' END,
            begin_change.kind, begin_change.note, begin_change.undoes, this_transaction())
    RETURNING id INTO found;
    PERFORM set_config('geoservice.change', found::text, true);
    RETURN found;
END $$;

-- Which change the row that is written is made by; it is new from now on, unless an undoing says since when it was. The setting is
-- looked at first: asking for each of many rows takes long. That it is true is seen at the end of the statement.
CREATE FUNCTION geoservice.stamp_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    new.change_id := coalesce(nullif(current_setting('geoservice.change', true), '')::bigint, begin_change());
    IF tg_op = 'UPDATE' AND new.recorded_at = old.recorded_at THEN
        new.recorded_at := now();
    END IF;
    RETURN new;
END $$;

-- A writer says neither by which change a row is as it is, nor since when: what differs in nothing else stays as it was marked.
CREATE FUNCTION geoservice.keep_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    new.change_id := old.change_id;
    new.recorded_at := old.recorded_at;
    RETURN new;
END $$;

-- The history of a row is found by its id.
CREATE FUNCTION geoservice.refuse_other_id() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The id of a row of % stays what it is.', tg_table_name
        USING ERRCODE = 'insufficient_privilege', HINT = 'Leave id out of the UPDATE.';
END $$;

-- Refuse rows that name another change than that of their transaction: its setting was set by somebody else.
CREATE FUNCTION geoservice.require_own_change(stated bigint[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(stated) AS s (id)
                WHERE NOT EXISTS (SELECT FROM change AS c WHERE c.id = s.id AND c.xact = this_transaction())) THEN
        RAISE EXCEPTION 'The setting geoservice.change is the database''s own.'
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET geoservice.change, then do it again.';
    END IF;
END $$;

-- Count what a statement did to a layer. The counts are numbers by jurisdiction. Every door that writes features leads through
-- here, so here it is seen to that it is its writer's to write; a policy of the tables would shut COPY out.
CREATE FUNCTION geoservice.count_change(layer text, jurisdiction integer, added bigint, changed bigint, removed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT may_write(count_change.jurisdiction) THEN
        RAISE EXCEPTION 'What was to be written belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
    INSERT INTO change_count AS c (change_id, layer, jurisdiction_id, added, changed, removed)
    VALUES (begin_change(), count_change.layer, count_change.jurisdiction, count_change.added, count_change.changed, count_change.removed)
        ON CONFLICT (change_id, layer, jurisdiction_id) DO UPDATE
       SET added = c.added + excluded.added, changed = c.changed + excluded.changed, removed = c.removed + excluded.removed;
END $$;

-- Keep what a statement changed or removed. Arguments: the layer; its twin; the columns that are kept; what makes a row another one.
-- A row that was written twice in one transaction keeps what it was in between, for no time at all.
CREATE FUNCTION geoservice.keep_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    -- The rows of both tables of an UPDATE meet once, by their ids: asking the one for each of the other takes for ever.
    altered CONSTANT text := format('before AS old JOIN after AS new ON new.id = old.id AND (%s)', tg_argv[3]);
    kept CONSTANT text := format(
        'INSERT INTO geoservice.%I (%s, since, until, ended_by, operation)'
        ' SELECT %s, coalesce(m.at, old.recorded_at), greatest(e.at, m.at), e.id, %%s'
        '   FROM %%s LEFT JOIN geoservice.change AS m ON m.id = old.change_id, geoservice.change AS e WHERE e.id = $1',
        tg_argv[1], tg_argv[2], regexp_replace(tg_argv[2], '(^|, )', '\1old.', 'g'));
    stated bigint[];
    counted record;
BEGIN
    IF tg_op <> 'DELETE' THEN
        EXECUTE 'SELECT array_agg(DISTINCT new.change_id) FROM ' || CASE tg_op WHEN 'UPDATE' THEN altered ELSE 'after AS new' END
           INTO stated;
        PERFORM require_own_change(stated);
    END IF;
    IF tg_op = 'INSERT' THEN
        FOR counted IN EXECUTE 'SELECT jurisdiction_id AS j, count(*) AS n FROM after GROUP BY 1' LOOP
            PERFORM count_change(tg_argv[0], counted.j, counted.n, 0, 0);
        END LOOP;
    ELSIF tg_op = 'UPDATE' AND stated IS NOT NULL THEN
        -- Whoever looks for a key at an instant has to know of keys that became others, there or in another jurisdiction.
        EXECUTE format(kept, 'CASE WHEN new.code = old.code AND new.jurisdiction_id = old.jurisdiction_id THEN ''update'' ELSE ''rekey'' END',
                       altered) USING begin_change();
        FOR counted IN EXECUTE 'SELECT unnest(CASE WHEN new.jurisdiction_id = old.jurisdiction_id THEN ARRAY[new.jurisdiction_id]'
                               ' ELSE ARRAY[new.jurisdiction_id, old.jurisdiction_id] END) AS j, count(*) AS n'
                               ' FROM ' || altered || ' GROUP BY 1' LOOP
            PERFORM count_change(tg_argv[0], counted.j, 0, counted.n, 0);
        END LOOP;
    ELSIF tg_op = 'DELETE' THEN
        FOR counted IN EXECUTE 'SELECT jurisdiction_id AS j, count(*) AS n FROM before GROUP BY 1' LOOP
            PERFORM count_change(tg_argv[0], counted.j, 0, 0, counted.n);
        END LOOP;
        IF FOUND THEN
            EXECUTE format(kept, quote_literal('delete'), 'before AS old') USING begin_change();
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- The columns of a table that are kept: all that somebody wrote, and by which change. Which grid owns a feature is asked anew of the
-- editions, for any instant.
CREATE FUNCTION geoservice.kept_columns(home regclass) RETURNS TABLE (name name, type text, content boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attname NOT IN ('id', 'recorded_at', 'change_id')
      FROM pg_attribute AS a
     WHERE a.attrelid = home AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> 'grid_code'
     ORDER BY a.attnum
$$;

-- Give the table of a layer its twin, and what writes it. May be called again: columns that came since are added.
CREATE FUNCTION geoservice.attach_history(layer text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
    home regclass;
    twin text;
    kept record;
    listed text;
    differs text;
    operation text;
    tables text;
BEGIN
    SELECT * INTO STRICT described FROM layer AS l WHERE l.id = attach_history.layer;
    home := format('geoservice.%I', described.table_name)::regclass;
    twin := short_name(described.table_name || '_history');
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS recorded_at timestamptz NOT NULL DEFAULT now()', home);
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS change_id bigint', home);
    EXECUTE format('CREATE TABLE IF NOT EXISTS geoservice.%I (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
                   ' since timestamptz NOT NULL, until timestamptz NOT NULL, ended_by bigint NOT NULL,'
                   ' operation text NOT NULL)', twin);
    FOR kept IN SELECT * FROM kept_columns(home) LOOP
        EXECUTE format('ALTER TABLE geoservice.%I ADD COLUMN IF NOT EXISTS %I %s', twin, kept.name, kept.type);
    END LOOP;
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (id, seq)', short_name('ix_' || twin || '_id'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (jurisdiction_id, code)', short_name('ix_' || twin || '_code'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (jurisdiction_id, until) WHERE operation <> ''update''',
                   short_name('ix_' || twin || '_gone'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (ended_by)', short_name('ix_' || twin || '_ended_by'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (change_id)', short_name('ix_' || twin || '_change_id'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (change_id)', short_name('ix_' || described.table_name || '_change_id'), home);
    SELECT string_agg(quote_ident(c.name), ', '), string_agg(unlike(c.name, c.type), ' OR ') FILTER (WHERE c.content)
      INTO listed, differs FROM kept_columns(home) AS c;
    -- After the other triggers that complete a row: PostgreSQL calls them in the order of their names.
    EXECUTE format('CREATE OR REPLACE TRIGGER stamp_new_version BEFORE INSERT ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION geoservice.stamp_version()', home);
    EXECUTE format('CREATE OR REPLACE TRIGGER stamp_next_version BEFORE UPDATE ON %s'
                   ' FOR EACH ROW WHEN (%s) EXECUTE FUNCTION geoservice.stamp_version()', home, differs);
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_stamp BEFORE UPDATE ON %s FOR EACH ROW'
                   ' WHEN ((old.change_id, old.recorded_at) IS DISTINCT FROM (new.change_id, new.recorded_at) AND NOT (%s))'
                   ' EXECUTE FUNCTION geoservice.keep_stamp()', home, differs);
    EXECUTE format('CREATE OR REPLACE TRIGGER refuse_other_id BEFORE UPDATE ON %s FOR EACH ROW'
                   ' WHEN (old.id IS DISTINCT FROM new.id) EXECUTE FUNCTION geoservice.refuse_other_id()', home);
    FOR operation, tables IN VALUES ('INSERT', 'NEW TABLE AS after'), ('UPDATE', 'OLD TABLE AS before NEW TABLE AS after'),
                                    ('DELETE', 'OLD TABLE AS before') LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION geoservice.keep_versions(%L, %L, %L, %L)',
                       'keep_versions_' || lower(operation), operation, home, tables, layer, twin, listed, differs);
    END LOOP;
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_versions_truncate BEFORE TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_truncate()', home);
    EXECUTE format('GRANT SELECT ON geoservice.%I TO geoservice_app', twin);
    IF NOT described.personal THEN
        EXECUTE format('GRANT SELECT ON geoservice.%I TO geoservice_analyst', twin);
    END IF;
END $$;

-- Without a row to be kept there would be no history of it.
CREATE FUNCTION geoservice.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are removed by DELETE, which keeps what they were.', tg_table_name
        USING ERRCODE = 'insufficient_privilege', HINT = 'Write DELETE FROM in place of TRUNCATE.';
END $$;

-- The condition under which a column of the rows old and new differs. Types that nothing is equal in, such as json, are compared as they
-- are written. Of types that are not PostgreSQL's own, such as geometry, the operator is named: IS DISTINCT FROM is dumped without the
-- schema of its operator, and such a trigger could not be restored.
CREATE FUNCTION geoservice.unlike(name name, type text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT format(CASE WHEN NOT EXISTS (SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
                                         WHERE o.opcdefault AND o.opcintype = t.oid)
                       THEN 'old.%1$I::text IS DISTINCT FROM new.%1$I::text'
                       WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN 'old.%1$I IS DISTINCT FROM new.%1$I'
                       ELSE 'coalesce(NOT old.%1$I = new.%1$I, (old.%1$I IS NULL) <> (new.%1$I IS NULL))' END, name)
      FROM pg_type AS t WHERE t.oid = split_part(type, '(', 1)::regtype
$$;

-- Statements about a change $1 and the layer that it touched: what each feature was before it, by id; which ones it made or changed; which
-- are no more as it left them. What others changed and somebody put back is as it was left; so is what it removed and somebody brought
-- back as it was. A key that a feature is to have again is free when whoever has it now goes, or goes back to one of its own: such
-- features step aside first, to keys that nobody has, as a unique constraint looks at row after row.
CREATE FUNCTION geoservice.undoing_statement(what text, touched geoservice.layer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    home CONSTANT text := format('geoservice.%I', touched.table_name);
    twin CONSTANT text := format('geoservice.%I', short_name(touched.table_name || '_history'));
    was CONSTANT text := format('(SELECT * FROM (SELECT DISTINCT ON (id) * FROM %s WHERE ended_by = $1 ORDER BY id, seq) AS first'
                                '  WHERE first.change_id IS DISTINCT FROM $1)', twin);
    made CONSTANT text := format('(SELECT id FROM %s WHERE change_id = $1 UNION SELECT id FROM %s WHERE change_id = $1)', home, twin);
    columns text;
    settings text;
    differs text;
BEGIN
    SELECT string_agg(quote_ident(c.name), ', ') FILTER (WHERE c.name <> 'change_id'),
           string_agg(format('%1$I = was.%1$I', c.name), ', ') FILTER (WHERE c.name NOT IN ('id', 'change_id')),
           string_agg(unlike(c.name, c.type), ' OR ') FILTER (WHERE c.content)
      INTO columns, settings, differs FROM kept_columns(home::regclass) AS c;
    RETURN CASE what
        WHEN 'conflicts' THEN format(
            'SELECT old.jurisdiction_id, old.code FROM (SELECT DISTINCT ON (id) * FROM %1$s WHERE change_id = $1 AND ended_by <> $1 ORDER BY id, seq DESC) AS old'
            '  LEFT JOIN %2$s AS new ON new.id = old.id WHERE new.id IS NULL OR %3$s'
            ' UNION SELECT was.jurisdiction_id, was.code FROM %4$s AS was JOIN %2$s AS other'
            '   ON other.jurisdiction_id = was.jurisdiction_id AND other.code = was.code AND other.id <> was.id'
            '   AND other.id NOT IN (SELECT back.id FROM %4$s AS back) AND other.id NOT IN %5$s'
            ' UNION SELECT old.jurisdiction_id, old.code FROM %4$s AS old JOIN %2$s AS new ON new.id = old.id WHERE new.change_id IS DISTINCT FROM $1 AND (%3$s)'
            '   AND NOT EXISTS (SELECT FROM %1$s AS left_by WHERE left_by.id = old.id AND left_by.change_id = $1 AND left_by.ended_by <> $1)',
            twin, home, differs, was, made)
        WHEN 'remove' THEN format(
            'DELETE FROM %1$s AS f WHERE f.id IN %2$s AND NOT EXISTS (SELECT FROM %3$s AS was WHERE was.id = f.id)', home, made, was)
        WHEN 'aside' THEN format(
            'WITH aside AS ('
            '   UPDATE %1$s AS f SET code = gen_random_uuid()::text'
            '     FROM %2$s AS was JOIN %2$s AS other ON other.id <> was.id'
            '    WHERE was.id = f.id AND (other.jurisdiction_id, other.code) = (f.jurisdiction_id, f.code)'
            '      AND (was.jurisdiction_id, was.code) <> (f.jurisdiction_id, f.code)'
            '   RETURNING f.jurisdiction_id AS j)'
            ' SELECT j, count(*) AS n FROM aside GROUP BY j', home, was)
        WHEN 'restore' THEN format('UPDATE %s AS f SET %s FROM %s AS was WHERE was.id = f.id', home, settings, was)
        WHEN 'return' THEN format(
            'INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s AS was'
            ' WHERE NOT EXISTS (SELECT FROM %1$s AS f WHERE f.id = was.id)', home, columns, was)
    END;
END $$;

-- The features that a change touched and that are no more as it left them, by their keys: it can not be undone while there are any.
CREATE FUNCTION geoservice.changed_since(change bigint) RETURNS TABLE (layer text, jurisdiction_id integer, code text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    touched layer%ROWTYPE;
BEGIN
    FOR touched IN SELECT l.* FROM layer AS l
                    WHERE l.id IN (SELECT c.layer FROM change_count AS c WHERE c.change_id = changed_since.change) LOOP
        RETURN QUERY EXECUTE format('SELECT %L, c.jurisdiction_id, c.code FROM (%s) AS c', touched.id, undoing_statement('conflicts', touched))
          USING changed_since.change;
    END LOOP;
END $$;

-- Have the planner look at a layer of which much was written: until autovacuum comes by it would believe the table empty, take every box
-- for one feature, and do for each feature what is done once for all.
CREATE FUNCTION geoservice.look_over_layer(id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    EXECUTE format('ANALYZE geoservice.%I', (SELECT l.table_name FROM layer AS l WHERE l.id = look_over_layer.id));
END $$;

-- Undo a change as a whole: what it added is removed, what it changed or removed is again as it was. Returns the change that this is.
CREATE FUNCTION geoservice.undo_change(change bigint, door text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    undoing bigint;
    layers layer[];
    touched layer;
    aside record;
BEGIN
    layers := ARRAY(SELECT l FROM layer AS l WHERE l.id IN (SELECT c.layer FROM change_count AS c WHERE c.change_id = undo_change.change)
                     ORDER BY l.assignment);
    FOREACH touched IN ARRAY layers LOOP  -- nobody changes anything between the look and the deed
        EXECUTE format('LOCK TABLE geoservice.%I IN SHARE ROW EXCLUSIVE MODE', touched.table_name);
    END LOOP;
    IF EXISTS (SELECT FROM change_count AS c WHERE c.change_id = undo_change.change AND NOT may_write(c.jurisdiction_id)) THEN
        RAISE EXCEPTION 'Change % touched another jurisdiction, too.', change
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Whoever works there as well undoes it.';
    END IF;
    IF EXISTS (SELECT FROM changed_since(change)) THEN
        RAISE EXCEPTION 'Change % can not be undone: features that it touched were changed since.', change
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Undo the later changes first.';
    END IF;
    IF EXISTS (SELECT FROM change_count AS c WHERE c.change_id = undo_change.change AND NOT EXISTS (
                   SELECT FROM layer AS l WHERE l.id = c.layer AND l.since_change < undo_change.change)) THEN
        RAISE EXCEPTION 'Change % can not be undone: a layer that it touched was dropped since.', change
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Make the layer again from its file.';
    END IF;
    undoing := begin_change('undo', door, NULL, change);
    SET CONSTRAINTS household_jurisdiction_id_building_code_fkey DEFERRED;  -- looked at when all is as it was
    FOREACH touched IN ARRAY layers LOOP  -- what stands in buildings is removed before them
        EXECUTE undoing_statement('remove', touched) USING change;
    END LOOP;
    FOR touched IN SELECT l.* FROM unnest(layers) AS l ORDER BY l.assignment DESC LOOP
        FOR aside IN EXECUTE undoing_statement('aside', touched) USING change LOOP
            PERFORM count_change(touched.id, aside.j, 0, -aside.n, 0);  -- they are counted when they are as they were
        END LOOP;
        EXECUTE undoing_statement('restore', touched) USING change;
        EXECUTE undoing_statement('return', touched) USING change;
    END LOOP;
    SET CONSTRAINTS household_jurisdiction_id_building_code_fkey IMMEDIATE;
    RETURN undoing;
END $$;
