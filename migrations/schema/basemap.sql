-- The base map: streets, water, green, blocks.

CREATE TABLE geoservice.basemap_feature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text CHECK (geoservice.is_code(code)),  -- as where it comes from
    kind text NOT NULL CHECK (kind IN ('street', 'water', 'green', 'block')),
    name text CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    geom geometry(Geometry, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    CONSTRAINT basemap_feature_line_or_area
        CHECK (geometrytype(geom) IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON')),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
INSERT INTO geoservice.layer (id, table_name, tiled, min_zoom) VALUES ('basemap', 'basemap_feature', '{kind,name,name_en}', 11);
SELECT geoservice.attach_layer('basemap');

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
