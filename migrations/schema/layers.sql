-- Layers: which tables hold features, and by which rule a grid owns them. What people read of a layer (titles, columns, looks) is
-- in the catalogue of the code, of own layers in their description; all else here is what the database itself must know.
CREATE TABLE geoservice.layer (
    id text COLLATE "C" PRIMARY KEY CHECK (geoservice.is_code(id)),
    table_name text COLLATE "C" NOT NULL,
    key_column text COLLATE "C" NOT NULL DEFAULT 'code',  -- names a feature within its jurisdiction
    geom_column text COLLATE "C" NOT NULL DEFAULT 'geom',
    -- place: the grid that owns its place. building: its building's grid; without one, that of its place. routing: an incident's,
    -- by the rules of routing. null: no grid owns it.
    assignment text CHECK (assignment IN ('place', 'building', 'routing')),
    personal boolean NOT NULL DEFAULT false,  -- rows about people: counts, which only the service reads
    -- How it is cut into tiles: which columns they tell (null: any may be told but grid_code and recorded_at); from which zoom on
    -- features are single; below it they are counted by cells, which at the last zoom before are tiles of this level (null: there is
    -- nothing below); and the columns by whose values they are counted.
    tiled text[],
    min_zoom smallint NOT NULL DEFAULT 14 CHECK (min_zoom BETWEEN 0 AND 16),
    cell_level smallint CHECK (cell_level BETWEEN min_zoom AND 24),
    counted text[] NOT NULL DEFAULT '{}',
    redrawn_whole boolean NOT NULL DEFAULT false,  -- few large features: a change of one gives all tiles another version, which is one row
    -- Of an own layer, what the catalogue of the code says of all others (layers/own_layers/description.py); null: it is in the code.
    description jsonb,
    since_change bigint NOT NULL DEFAULT 0,   -- changes up to this one touched another layer that was called so before
    CONSTRAINT layer_own_table CHECK (description IS NULL OR table_name = 'own_' || id)
);

-- Where a feature is, for the rule of ownership: a point itself, of anything else a point on it.
CREATE FUNCTION geoservice.place_of(geom geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN geometrytype(geom) = 'POINT' THEN geom ELSE st_pointonsurface(geom) END;

-- Give a feature the grid that owns its place now: what a writer puts into grid_code is overwritten. Argument: the type of its
-- geometry. By the edition of this moment, not of the moment when the writer's transaction began: a publication may have been in
-- between. The lock comes first: no publication is between the look-up and the writer's commit.
CREATE FUNCTION geoservice.assign_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(new.jurisdiction_id);
    IF tg_argv[0] = 'Point' THEN
        PERFORM require_position(new.geom, initcap(regexp_replace(tg_table_name, '^own_', '')) || ' ' || new.code);
        new.geom := on_one_side(new.geom);
    ELSE
        PERFORM require_sound(new.geom, initcap(regexp_replace(tg_table_name, '^own_', '')) || ' ' || new.code);
    END IF;
    new.grid_code := (owner_of(place_of(new.geom), clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    RETURN new;
END $$;

-- The same for what stands in a building when it names one, like a household, and at its point when it does not.
CREATE FUNCTION geoservice.assign_grid_of_building() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(new.jurisdiction_id);
    PERFORM require_position(new.geom, initcap(tg_table_name) || ' ' || new.id);
    new.geom := on_one_side(new.geom);
    IF new.building_code IS NULL THEN
        new.grid_code := (owner_of(new.geom, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    ELSE
        SELECT b.grid_code INTO new.grid_code FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
    END IF;
    RETURN new;
END $$;

-- What stands in a building goes where it goes. Argument: the table of what does.
CREATE FUNCTION geoservice.follow_building() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    EXECUTE format('UPDATE geoservice.%I SET grid_code = $1 WHERE jurisdiction_id = $2 AND building_code = $3', tg_argv[0])
      USING new.grid_code, new.jurisdiction_id, new.code;
    RETURN NULL;
END $$;

-- Make a table the home of a layer that is described in table layer: what finds its features by place and by grid, what gives
-- them their grid, what keeps their history, and who may read and write them. The table has id, jurisdiction_id, geom in EPSG:4326, its key and, when a grid
-- owns its features, grid_code. May be called again.
CREATE FUNCTION geoservice.attach_layer(layer text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
    home regclass;
    geometry_type text;
BEGIN
    SELECT * INTO STRICT described FROM layer AS l WHERE l.id = attach_layer.layer;
    home := format('geoservice.%I', described.table_name)::regclass;
    SELECT postgis_typmod_type(a.atttypmod) INTO STRICT geometry_type
      FROM pg_attribute AS a WHERE a.attrelid = home AND a.attname = 'geom';
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s USING gist (geom)', short_name('ix_' || described.table_name || '_geom'), home);
    IF described.assignment IS NOT NULL THEN
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (jurisdiction_id, grid_code)',
                       short_name('ix_' || described.table_name || '_grid_code'), home);
    END IF;
    IF described.assignment = 'place' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id ON %s'
                       ' FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid(%L)', home, geometry_type);
    ELSIF described.assignment = 'building' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER assign_grid'
                       ' BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id, building_code ON %s'
                       ' FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid_of_building()', home);
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON geoservice.building'
                       ' FOR EACH ROW WHEN (new.grid_code IS DISTINCT FROM old.grid_code)'
                       ' EXECUTE FUNCTION geoservice.follow_building(%L)',
                       'move_' || described.table_name, described.table_name);
    END IF;
    PERFORM attach_history(layer);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO geoservice_app', home);
    IF NOT described.personal THEN
        EXECUTE format('GRANT SELECT ON %s TO geoservice_reader, geoservice_analyst', home);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO geoservice_analyst', home);
        PERFORM show_logins(format('geoservice.%I', short_name(described.table_name || '_history'))::regclass, 'jurisdiction_id',
                            singly => layer <> 'basemap');
        PERFORM attach_tiles(layer);
    END IF;
END $$;

-- Layers that are read and never assigned by a trigger of theirs: no attachment.
INSERT INTO geoservice.layer (id, table_name, key_column, assignment, personal) VALUES ('grids', 'territory', 'code', NULL, false);
