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
INSERT INTO geoservice.layer (id, table_name, assignment, tiled, cell_level, counted)
VALUES ('organisations', 'organisation', 'place', '{code,name,name_en,kind}', 17, '{kind}');
SELECT geoservice.attach_layer('organisations');
