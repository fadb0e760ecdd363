-- Cameras and what they see.

CREATE TABLE geoservice.camera (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    kind text NOT NULL DEFAULT 'fixed' CHECK (geoservice.is_code(kind)),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    -- What a camera sees is not always known.
    bearing_deg double precision CHECK (bearing_deg >= 0 AND bearing_deg < 360),
    fov_deg double precision CHECK (fov_deg > 0 AND fov_deg <= 360),
    range_m double precision CHECK (range_m > 0 AND range_m <= 2000),
    status text NOT NULL DEFAULT 'online' CHECK (status IN ('online', 'offline', 'maintenance')),
    sector geometry(Polygon, 4326) CHECK (geoservice.is_sound(sector)),  -- the trigger's, from the four above; null without them
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_camera_sector ON geoservice.camera USING gist (sector);
INSERT INTO geoservice.layer (id, table_name, assignment, tiled, cell_level, counted)
VALUES ('cameras', 'camera', 'place', '{code,kind,status,bearing_deg}', 17, '{status}');
SELECT geoservice.attach_layer('cameras');

-- The sector that a camera sees, as a polygon. bearing_deg clockwise from north; 5 degrees a step along the arc.
CREATE FUNCTION geoservice.view_sector(
    camera geometry, bearing_deg double precision, fov_deg double precision, range_m double precision
) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    lon_m CONSTANT double precision := lon_degree_m(st_y(camera));
    lat_m CONSTANT double precision := lat_degree_m(st_y(camera));
    steps CONSTANT integer := greatest(2, ceil(fov_deg / 5)::integer);
    arc geometry[];
BEGIN
    SELECT array_agg(st_setsrid(st_makepoint(
               st_x(camera) + range_m * sind(bearing_deg - fov_deg / 2 + fov_deg * i / steps) / lon_m,
               st_y(camera) + range_m * cosd(bearing_deg - fov_deg / 2 + fov_deg * i / steps) / lat_m), 4326)
               ORDER BY i)
      INTO arc
      FROM generate_series(0, steps) AS i;
    IF fov_deg = 360 THEN
        RETURN st_makepolygon(st_makeline(arc[1:steps] || arc[1]));
    END IF;
    RETURN st_makepolygon(st_makeline(camera || arc || camera));
END $$;

-- The sector is drawn from place, bearing, width and range, whatever was sent.
CREATE FUNCTION geoservice.draw_sector() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM require_position(new.geom, 'Camera ' || new.code);
    new.geom := on_one_side(new.geom);
    IF NOT (new.bearing_deg >= 0 AND new.bearing_deg < 360 AND new.fov_deg > 0 AND new.fov_deg <= 360
        AND new.range_m > 0 AND new.range_m <= 2000) THEN
        RAISE EXCEPTION 'Camera % looks % degrees from north, % degrees wide, % m far.',
            new.code, new.bearing_deg, new.fov_deg, new.range_m
            USING ERRCODE = 'check_violation',
                  HINT = 'bearing_deg is 0 to below 360, fov_deg above 0 to 360, range_m above 0 to 2000.';
    END IF;
    -- What sees all around looks nowhere in particular.
    new.sector := view_sector(new.geom, CASE WHEN new.fov_deg = 360 THEN coalesce(new.bearing_deg, 0) ELSE new.bearing_deg END,
                              new.fov_deg, new.range_m);
    IF NOT is_on_earth(new.sector) THEN
        RAISE EXCEPTION 'What camera % sees reaches across the meridian of 180 degrees, or over a pole.', new.code
            USING ERRCODE = 'check_violation', HINT = 'Leave out how far it sees (range_m): its place is stored without a sector.';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER draw_sector BEFORE INSERT OR UPDATE OF geom, bearing_deg, fov_deg, range_m, sector ON geoservice.camera
    FOR EACH ROW EXECUTE FUNCTION geoservice.draw_sector();

-- What they see is a layer of its own, of the same table.
INSERT INTO geoservice.layer (id, table_name, geom_column, tiled, min_zoom)
VALUES ('camera_sectors', 'camera', 'sector', '{code,status}', 14);
SELECT geoservice.attach_tiles('camera_sectors');
