-- Say what is wrong with the code or the name of a grid before the CHECKs only say that something is, with the whole row: whoever
-- draws in a GIS reads what the database says.
CREATE FUNCTION geoservice.guard_grid_naming() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF NOT is_code(new.code) THEN
        RAISE EXCEPTION '"%" can not be the code of a grid.', left(new.code, 80)
            USING ERRCODE = 'check_violation',
                  HINT = 'A code has 1 to 64 characters, no blank in front or behind, and none that can not be seen.';
    END IF;
    RAISE EXCEPTION 'Grid % can not be called "%".', new.code, left(CASE WHEN is_name(new.name) THEN new.name_en ELSE new.name END, 80)
        USING ERRCODE = 'check_violation', HINT = 'A name has 1 to 200 characters, and none that can not be seen.';
END $$;
CREATE TRIGGER guard_naming BEFORE INSERT OR UPDATE OF code, name, name_en ON geoservice.grid FOR EACH ROW
    WHEN (NOT (geoservice.is_code(new.code) AND geoservice.is_name(new.name) AND coalesce(geoservice.is_name(new.name_en), true)))
    EXECUTE FUNCTION geoservice.guard_grid_naming();
REVOKE EXECUTE ON FUNCTION geoservice.guard_grid_naming() FROM PUBLIC;

-- The gate asks which codes wander.
GRANT EXECUTE ON FUNCTION geoservice.changed_grids(bigint, bigint) TO geoservice_app;
