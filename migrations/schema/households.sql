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

-- A household lives where its building is; without a building, where its point is.
CREATE FUNCTION geoservice.assign_household() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(new.jurisdiction_id);
    PERFORM require_position(new.geom, 'Household ' || new.id);
    IF new.building_code IS NULL THEN
        new.grid_code := (owner_of(new.geom, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    ELSE
        SELECT b.grid_code INTO new.grid_code FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id, building_code
    ON geoservice.household FOR EACH ROW EXECUTE FUNCTION geoservice.assign_household();

-- The households of a building that goes to another grid go along.
CREATE FUNCTION geoservice.move_households() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE household AS h SET grid_code = new.grid_code
     WHERE h.jurisdiction_id = new.jurisdiction_id AND h.building_code = new.code;
    RETURN NULL;
END $$;
CREATE TRIGGER move_households AFTER UPDATE ON geoservice.building
    FOR EACH ROW WHEN (new.grid_code IS DISTINCT FROM old.grid_code) EXECUTE FUNCTION geoservice.move_households();
