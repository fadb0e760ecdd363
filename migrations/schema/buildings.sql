-- Buildings.

CREATE TABLE geoservice.building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text CHECK (geoservice.is_name(name)),
    kind text NOT NULL DEFAULT 'other' CHECK (geoservice.is_code(kind)),
    floors smallint CHECK (floors BETWEEN 1 AND 200),
    address text CHECK (geoservice.is_name(address)),
    in_use boolean NOT NULL DEFAULT true,     -- false: closed, empty, to be torn down
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
INSERT INTO geoservice.layer (id, table_name, assignment, tiled, cell_level, counted)
VALUES ('buildings', 'building', 'place', '{code,kind,floors}', 18, '{kind}');
SELECT geoservice.attach_layer('buildings');
