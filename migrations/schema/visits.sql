-- What grid officers did, and where: codes, a building or a point, a minute. No words, nobody's name, and no track: one visit is
-- one line, and whoever wrote it can not write it anew.
CREATE TABLE geoservice.visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    building_code text COLLATE "C" CHECK (geoservice.is_code(building_code)),  -- by code: a visit outlives its building
    geom geometry(Point, 4326) CHECK (geoservice.is_position(geom)),
    grid_code text COLLATE "C" NOT NULL,      -- of that minute
    staff_code text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('patrol', 'registration', 'hazard_check', 'dispute', 'request', 'service')),
    outcome text NOT NULL CHECK (outcome IN ('done', 'nobody_there', 'follow_up', 'handed_on')),
    at timestamptz NOT NULL CHECK (extract(epoch FROM at) % 60 = 0),
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT visit_at_a_building_or_a_point CHECK ((building_code IS NULL) <> (geom IS NULL))
);
CREATE INDEX ix_visit_jurisdiction_id_at ON geoservice.visit (jurisdiction_id, at);

-- A visit is of the minute, and of the grid that owned its place then.
CREATE FUNCTION geoservice.place_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place geometry := on_one_side(new.geom);
BEGIN
    new.geom := place;
    IF new.at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'A visit that is still to come can not be noted.' USING ERRCODE = 'check_violation',
            HINT = 'Give the instant at which it was, with its zone.';
    END IF;
    IF new.building_code IS NOT NULL THEN
        SELECT place_of(b.geom) INTO place FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'There is no such building in the jurisdiction.' USING ERRCODE = 'foreign_key_violation',
                HINT = 'Name another, or give the place.';
        END IF;
    END IF;
    new.at := date_trunc('minute', new.at);
    new.grid_code := CASE WHEN place IS NOT NULL THEN (owner_of(place, new.at, 0, new.jurisdiction_id)).grid_code END;
    IF new.grid_code IS NULL THEN
        RAISE EXCEPTION 'No grid owned the place at that minute.' USING ERRCODE = 'check_violation',
            HINT = 'Look at the place, and at the instant.';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER place_visit BEFORE INSERT ON geoservice.visit
    FOR EACH ROW EXECUTE FUNCTION geoservice.place_visit();
CREATE TRIGGER append_only BEFORE UPDATE ON geoservice.visit
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
