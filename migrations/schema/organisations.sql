-- Organisations.

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
CREATE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id ON geoservice.organisation
    FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid();
