-- Counts of residents at a place, by band: of one household, or of several together, such as those of a building. Id and code are
-- random unless an import numbers them, and say nothing of anybody. There is no column for a name, and none may be added.
CREATE TABLE geoservice.household (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text CHECK (geoservice.is_code(code)),
    building_code text COLLATE "C",
    unit text CHECK (geoservice.is_code(unit)),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    households integer NOT NULL DEFAULT 1 CHECK (households BETWEEN 1 AND 10000),  -- how many this row counts
    age_0_13 integer NOT NULL DEFAULT 0 CHECK (age_0_13 BETWEEN 0 AND 10000),
    age_14_17 integer NOT NULL DEFAULT 0 CHECK (age_14_17 BETWEEN 0 AND 10000),
    age_18_59 integer NOT NULL DEFAULT 0 CHECK (age_18_59 BETWEEN 0 AND 10000),
    age_60_79 integer NOT NULL DEFAULT 0 CHECK (age_60_79 BETWEEN 0 AND 10000),
    age_80_plus integer NOT NULL DEFAULT 0 CHECK (age_80_plus BETWEEN 0 AND 10000),
    residents integer NOT NULL GENERATED ALWAYS AS (age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus) STORED,
    floating integer NOT NULL DEFAULT 0 CHECK (floating >= 0),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code),
    -- Put off by undo_change alone: buildings and who lives in them go back together.
    FOREIGN KEY (jurisdiction_id, building_code) REFERENCES geoservice.building (jurisdiction_id, code) DEFERRABLE,
    -- Whoever imports may take an identity number for the key; a random one looks like a number of a person now and then.
    CONSTRAINT household_without_personal_number CHECK (NOT geoservice.holds_personal_number(unit)
        AND (geoservice.has_form(code, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') OR NOT geoservice.holds_personal_number(code))),
    CONSTRAINT household_floating_are_residents
        CHECK (floating <= age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus)
);
CREATE INDEX ix_household_building ON geoservice.household (jurisdiction_id, building_code);
INSERT INTO geoservice.layer (id, table_name, key_column, assignment, personal)
VALUES ('households', 'household', 'building_code', 'building', true);
SELECT geoservice.attach_layer('households');
