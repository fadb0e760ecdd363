-- What stands in a jurisdiction has a grid_code, which is always the trigger's: what a writer puts there is overwritten.

-- Give a building, camera or organisation the grid that owns it now. A building is where its point on surface is.
-- By the edition of this moment, not of the moment when the writer's transaction began: a publication may have been in
-- between. The lock comes first: no publication is between the look-up and the writer's commit.
CREATE FUNCTION geoservice.assign_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place geometry;
BEGIN
    PERFORM lock_jurisdiction_shared(new.jurisdiction_id);
    IF tg_table_name = 'building' THEN
        PERFORM require_sound(new.geom, 'Building ' || new.code);
        place := st_pointonsurface(new.geom);
    ELSE
        PERFORM require_position(new.geom, initcap(tg_table_name) || ' ' || new.code);
        place := new.geom;
    END IF;
    new.grid_code := (owner_of(place, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    RETURN new;
END $$;
