-- Norms: what a jurisdiction wants of its grids, so many households in each, and codes of one form. The gate remarks on others.

-- True when the whole of a code is of a form, which is a regular expression of PostgreSQL. The collation is fixed, so that
-- letters and digits are the same ones in every database.
CREATE FUNCTION geoservice.has_form(code text, pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN code COLLATE "C" ~ ('^(?:' || pattern || ')$');

ALTER TABLE geoservice.jurisdiction
    ADD COLUMN households_min integer NOT NULL DEFAULT 300 CHECK (households_min >= 0),
    ADD COLUMN households_max integer NOT NULL DEFAULT 500,
    ADD COLUMN grid_code_pattern text CHECK (char_length(grid_code_pattern) BETWEEN 1 AND 200),  -- null: any code
    ADD CONSTRAINT jurisdiction_households_min_to_max CHECK (households_max >= households_min);

-- Say what is wrong before the CHECKs only say that something is; a pattern that can not be read would stop every gate.
CREATE FUNCTION geoservice.guard_norms() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reason text;
BEGIN
    IF new.households_min < 0 OR new.households_max < new.households_min THEN
        RAISE EXCEPTION 'A grid can not be wanted to have % to % households.', new.households_min, new.households_max
            USING ERRCODE = 'check_violation', HINT = 'Give a fewest of 0 or more, and a most that is not below it.';
    END IF;
    IF char_length(new.grid_code_pattern) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'A code pattern has 1 to 200 characters, not %.', char_length(new.grid_code_pattern)
            USING ERRCODE = 'check_violation', HINT = 'Write a shorter one, or none when any code will do.';
    END IF;
    BEGIN
        PERFORM '' ~ new.grid_code_pattern;  -- by itself, or it could leave the brackets that has_form puts around it
        PERFORM has_form('', new.grid_code_pattern);
    EXCEPTION WHEN invalid_regular_expression THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        RAISE EXCEPTION 'The code pattern % can not be read: %.', new.grid_code_pattern, reason
            USING ERRCODE = 'check_violation', HINT = 'Write it as in 5405\d{11}: a regular expression of PostgreSQL.';
    END;
    RETURN new;
END $$;
CREATE TRIGGER guard_norms BEFORE INSERT OR UPDATE OF households_min, households_max, grid_code_pattern
    ON geoservice.jurisdiction FOR EACH ROW EXECUTE FUNCTION geoservice.guard_norms();
REVOKE EXECUTE ON FUNCTION geoservice.guard_norms() FROM PUBLIC;

ALTER TABLE geoservice.finding
    DROP CONSTRAINT finding_unit_check,
    ADD CONSTRAINT finding_unit_check CHECK (unit IN ('m2', 'm', 'grids', 'features', 'vertices', 'households', 'parts'));
