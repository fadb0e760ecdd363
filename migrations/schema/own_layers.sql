-- Own layers: those that people make of a file of theirs. A row of table layer describes each; its table is made and dropped here, by
-- the schema's owner, from names and types that are checked. Nothing that somebody says becomes part of a statement but as a quoted
-- name of letters and digits, or as a quoted value.

-- True for the name of an own layer, or of a column of one: it stands in addresses and, with own_ before it, names a table, whose twin
-- has _history behind it.
CREATE FUNCTION geoservice.is_own_name(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN geoservice.has_form(name, '[a-z][a-z0-9_]{0,39}') AND name NOT LIKE '%\_history';

-- Names that a column can not have: those that every layer has, or its twin, or a statement about it. layers/own_layers/description.py
-- says the same to whoever makes one; a test holds them together.
CREATE FUNCTION geoservice.taken_columns() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['bbox', 'building', 'change_id', 'cmax', 'cmin', 'code', 'crs', 'ctid', 'differs', 'ended_by', 'fault', 'fid', 'geom', 'geom_3857',
             'geometry', 'grid_code', 'id', 'jurisdiction_id', 'known', 'lat', 'lon', 'lost', 'operation', 'place', 'recorded_at',
             'row_number', 'seq', 'since', 'stored', 'stored_change', 'tableoid', 'until', 'valid', 'was', 'wkt', 'xmax', 'xmin'];

-- A column of an own layer as CREATE TABLE takes it. Every column may be empty.
CREATE FUNCTION geoservice.own_column(described jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    types CONSTANT jsonb := '{"text": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean",
                              "instant": "timestamptz"}';
    called CONSTANT text := described ->> 'name';
    kind CONSTANT text := described ->> 'type';
    codes text[];
    rule text;
BEGIN
    IF is_own_name(called) IS NOT TRUE OR called = ANY (taken_columns()) THEN
        RAISE EXCEPTION 'A column can not be called %.', coalesce(quote_literal(called), 'nothing')
            USING ERRCODE = 'invalid_name', HINT = 'Write 1 to 40 small letters, digits and underscores; some names are taken.';
    ELSIF types ->> kind IS NULL THEN
        RAISE EXCEPTION 'Column % is of no type that a layer has.', called
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is text, integer, number, boolean or instant.';
    END IF;
    SELECT array_agg(c ->> 'code') INTO codes FROM jsonb_array_elements(described -> 'codes') AS c;
    IF codes IS NOT NULL AND (kind <> 'text' OR EXISTS (SELECT FROM unnest(codes) AS c (code)
                                                         WHERE is_code(c.code) IS NOT TRUE OR holds_personal_number(c.code))) THEN
        RAISE EXCEPTION 'The codes of column % are none.', called
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A code is 1 to 64 characters of a text, none of them invisible.';
    END IF;
    rule := CASE
        WHEN codes IS NOT NULL THEN format('%I = ANY (%L::text[])', called, codes)
        WHEN kind = 'text' THEN format('geoservice.is_name(%1$I) AND NOT geoservice.holds_personal_number(%1$I)', called)
        WHEN kind = 'number' THEN format('%1$I > ''-Infinity'' AND %1$I < ''Infinity''', called)  -- NaN is greater than all
        WHEN kind = 'instant' THEN format('geoservice.is_instant(%I)', called)
    END;
    RETURN format('%I %s', called, types ->> kind)
        || CASE WHEN rule IS NULL THEN '' ELSE format(' CONSTRAINT %I CHECK (%s)', called || '_own_' || kind, rule) END;
END $$;

-- Make an own layer: its row of table layer, its table, and all that a layer has. How it is cut into tiles is as in table layer.
CREATE FUNCTION geoservice.create_layer(
    name text, described jsonb, tiled text[], min_zoom integer, cell_level integer, counted text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    shape CONSTANT text := described ->> 'geometry';
    rule CONSTANT text := CASE shape
        WHEN 'Point' THEN 'CONSTRAINT own_position CHECK (geoservice.is_position(geom))'
        WHEN 'MultiLineString' THEN 'CONSTRAINT own_shape CHECK (geoservice.is_sound(geom))'
        WHEN 'MultiPolygon' THEN 'CONSTRAINT own_shape CHECK (geoservice.is_sound(geom))'
        WHEN 'Geometry' THEN 'CONSTRAINT own_line_or_area CHECK (geoservice.is_sound(geom) AND geometrytype(geom) IN'
                             ' (''LINESTRING'', ''MULTILINESTRING'', ''POLYGON'', ''MULTIPOLYGON''))' END;
    columns text;
BEGIN
    LOCK TABLE layer IN SHARE ROW EXCLUSIVE MODE;  -- whoever makes one of the same name at this moment is told so
    IF is_own_name(name) IS NOT TRUE THEN
        RAISE EXCEPTION 'A layer can not be called %.', coalesce(quote_literal(name), 'nothing')
            USING ERRCODE = 'invalid_name', HINT = 'Write 1 to 40 small letters, digits and underscores, a letter first, and not _history at the end.';
    ELSIF EXISTS (SELECT FROM layer AS l WHERE l.id = create_layer.name) THEN
        RAISE EXCEPTION 'There is a layer % already.', name
            USING ERRCODE = 'duplicate_object', HINT = 'Import into it, or give the new one another name.';
    ELSIF to_regclass(format('geoservice.%I', 'own_' || name)) IS NOT NULL
       OR to_regclass(format('geoservice.%I', 'own_' || name || '_history')) IS NOT NULL THEN
        RAISE EXCEPTION 'There is a table own_% already, which is no layer.', name
            USING ERRCODE = 'duplicate_object', HINT = 'Give the layer another name.';
    ELSIF rule IS NULL THEN
        RAISE EXCEPTION 'Layer % is of no geometry that a layer has.', name
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is Point, MultiLineString, MultiPolygon or Geometry.';
    END IF;
    SELECT string_agg(own_column(c.described) || ', ', '' ORDER BY c.place) INTO columns
      FROM jsonb_array_elements(described -> 'columns') WITH ORDINALITY AS c (described, place);
    EXECUTE format('CREATE TABLE geoservice.%I (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
                   ' jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,'
                   ' code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)), %s'
                   ' geom geometry(%s, 4326) NOT NULL %s, grid_code text COLLATE "C", UNIQUE (jurisdiction_id, code))',
                   'own_' || name, columns, shape, rule);
    INSERT INTO layer (id, table_name, assignment, tiled, min_zoom, cell_level, counted, description, since_change)
    VALUES (name, 'own_' || name, 'place', create_layer.tiled, create_layer.min_zoom, create_layer.cell_level, create_layer.counted,
            described, coalesce((SELECT max(c.id) FROM change AS c), 0));
    PERFORM attach_layer(name);
END $$;

-- Drop an own layer with its features, their history and their tiles. That it was dropped is a change, which can not be undone.
CREATE FUNCTION geoservice.drop_layer(name text, door text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    dropped layer%ROWTYPE;
    counted record;
BEGIN
    SELECT * INTO dropped FROM layer AS l WHERE l.id = drop_layer.name FOR UPDATE;
    IF dropped.id IS NULL THEN
        RAISE EXCEPTION 'There is no layer %.', name USING ERRCODE = 'undefined_object';
    ELSIF dropped.description IS NULL THEN
        RAISE EXCEPTION 'Layer % is built in: it can not be dropped.', name
            USING ERRCODE = 'insufficient_privilege', HINT = 'Remove its features, if that is what is meant.';
    END IF;
    PERFORM begin_change('edit', door, 'layer ' || name || ' dropped');
    IF to_regclass(format('geoservice.%I', dropped.table_name)) IS NOT NULL THEN  -- else there is the description alone
        EXECUTE format('LOCK TABLE geoservice.%I IN ACCESS EXCLUSIVE MODE', dropped.table_name);
        FOR counted IN EXECUTE format('SELECT jurisdiction_id AS j, count(*) AS n FROM geoservice.%I GROUP BY 1', dropped.table_name) LOOP
            PERFORM count_change(name, counted.j, 0, 0, counted.n);
        END LOOP;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS geoservice.%I, geoservice.%I', dropped.table_name, short_name(dropped.table_name || '_history'));
    PERFORM pg_advisory_xact_lock(tile_lock(), hashtext(name) # j.id) FROM (SELECT i.id FROM jurisdiction AS i ORDER BY i.id) AS j;
    DELETE FROM tile_change AS t WHERE t.layer = name;
    DELETE FROM tile_cell AS t WHERE t.layer = name;
    DELETE FROM tile_version AS t WHERE t.layer = name;
    DELETE FROM tile_set AS t WHERE t.layer = name;
    DELETE FROM layer AS l WHERE l.id = name;
END $$;
