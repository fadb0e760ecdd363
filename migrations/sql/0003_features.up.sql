-- What stands in a jurisdiction: the base map, buildings, households, cameras, organisations. Their routing triggers
-- come with the rule of ownership (0005). grid_code is always the trigger's: what a writer puts there is overwritten.

CREATE TABLE geoservice.basemap_feature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    kind text NOT NULL CHECK (kind IN ('street', 'water', 'green', 'block')),
    name text CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    geom geometry(Geometry, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    CONSTRAINT basemap_feature_line_or_area
        CHECK (geometrytype(geom) IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON'))
);
CREATE INDEX ix_basemap_feature_geom ON geoservice.basemap_feature USING gist (geom);
CREATE INDEX ix_basemap_feature_jurisdiction_id ON geoservice.basemap_feature (jurisdiction_id);

-- Say what is wrong before the CHECKs only say that something is.
CREATE FUNCTION geoservice.guard_basemap_feature() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF geometrytype(new.geom) NOT IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON') THEN
        RAISE EXCEPTION 'A feature of the base map is a line or an area, not a %.', geometrytype(new.geom)
            USING ERRCODE = 'check_violation', HINT = 'Curves can be made lines with ST_CurveToLine.';
    END IF;
    PERFORM require_sound(new.geom, 'The ' || new.kind || ' ' || coalesce(new.name, 'without a name'));
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF geom ON geoservice.basemap_feature
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_basemap_feature();

CREATE TABLE geoservice.building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text CHECK (geoservice.is_name(name)),
    kind text NOT NULL DEFAULT 'other' CHECK (geoservice.is_code(kind)),
    floors smallint CHECK (floors BETWEEN 1 AND 200),
    address text CHECK (geoservice.is_name(address)),
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_building_geom ON geoservice.building USING gist (geom);
CREATE INDEX ix_building_grid_code ON geoservice.building (jurisdiction_id, grid_code);

-- Counts of residents at a place, by band; the id is random and says nothing. There is no column for a name, and none
-- may be added.
CREATE TABLE geoservice.household (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    building_code text COLLATE "C",
    unit text CHECK (geoservice.is_code(unit)),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    age_0_13 smallint NOT NULL DEFAULT 0 CHECK (age_0_13 BETWEEN 0 AND 50),
    age_14_17 smallint NOT NULL DEFAULT 0 CHECK (age_14_17 BETWEEN 0 AND 50),
    age_18_59 smallint NOT NULL DEFAULT 0 CHECK (age_18_59 BETWEEN 0 AND 50),
    age_60_79 smallint NOT NULL DEFAULT 0 CHECK (age_60_79 BETWEEN 0 AND 50),
    age_80_plus smallint NOT NULL DEFAULT 0 CHECK (age_80_plus BETWEEN 0 AND 50),
    residents smallint NOT NULL GENERATED ALWAYS AS (age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus) STORED,
    floating smallint NOT NULL DEFAULT 0 CHECK (floating >= 0),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (jurisdiction_id, building_code) REFERENCES geoservice.building (jurisdiction_id, code),
    CONSTRAINT household_floating_are_residents
        CHECK (floating <= age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus)
);
CREATE INDEX ix_household_geom ON geoservice.household USING gist (geom);
CREATE INDEX ix_household_grid_code ON geoservice.household (jurisdiction_id, grid_code);
CREATE INDEX ix_household_building ON geoservice.household (jurisdiction_id, building_code);

CREATE TABLE geoservice.camera (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    kind text NOT NULL DEFAULT 'fixed' CHECK (geoservice.is_code(kind)),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    bearing_deg double precision NOT NULL CHECK (bearing_deg >= 0 AND bearing_deg < 360),
    fov_deg double precision NOT NULL CHECK (fov_deg > 0 AND fov_deg <= 360),
    range_m double precision NOT NULL CHECK (range_m > 0 AND range_m <= 2000),
    status text NOT NULL DEFAULT 'online' CHECK (status IN ('online', 'offline', 'maintenance')),
    sector geometry(Polygon, 4326) NOT NULL CHECK (geoservice.is_sound(sector)),  -- the trigger's, from the four above
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_camera_geom ON geoservice.camera USING gist (geom);
CREATE INDEX ix_camera_sector ON geoservice.camera USING gist (sector);
CREATE INDEX ix_camera_grid_code ON geoservice.camera (jurisdiction_id, grid_code);

CREATE TABLE geoservice.organisation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    kind text NOT NULL CHECK (kind IN ('party_branch', 'partner', 'service_point', 'other')),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_organisation_geom ON geoservice.organisation USING gist (geom);
CREATE INDEX ix_organisation_grid_code ON geoservice.organisation (jurisdiction_id, grid_code);
