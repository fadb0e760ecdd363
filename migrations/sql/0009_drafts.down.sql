DROP TRIGGER announce ON geoservice.edition;
CREATE TRIGGER announce AFTER UPDATE ON geoservice.edition
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
DROP VIEW geoservice.draft_grid;
DROP TRIGGER refuse_overlap ON geoservice.grid;
DROP TRIGGER refuse_overlap_of_new ON geoservice.grid;
DROP FUNCTION geoservice.refuse_overlap();
DROP FUNCTION geoservice.shape_before(bigint, text);
DROP FUNCTION geoservice.overlap_tolerance_m();
DROP TRIGGER log_delete ON geoservice.grid;
DROP TRIGGER log_update ON geoservice.grid;
DROP TRIGGER log_insert ON geoservice.grid;
DROP FUNCTION geoservice.log_grid_change();
DROP FUNCTION geoservice.told(geoservice.grid);
DROP FUNCTION geoservice.begin_step(bigint, text);
DROP TRIGGER set_base ON geoservice.edition;
DROP FUNCTION geoservice.set_base();
DROP FUNCTION geoservice.latest_edition(integer);
CREATE OR REPLACE FUNCTION geoservice.guard_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    edition_status text;
BEGIN
    IF tg_op <> 'INSERT' THEN
        SELECT status INTO edition_status FROM geoservice.edition WHERE id = old.edition_id FOR SHARE;
        IF edition_status <> 'draft' THEN
            RAISE EXCEPTION 'Grid % belongs to an edition that is %; only a draft can be edited.', old.code, edition_status
                USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it and edit that.';
        END IF;
    END IF;
    IF tg_op = 'DELETE' THEN
        RETURN old;
    END IF;
    SELECT status INTO edition_status FROM geoservice.edition WHERE id = new.edition_id FOR SHARE;
    IF edition_status <> 'draft' THEN
        RAISE EXCEPTION 'Grid % can not enter an edition that is %; only a draft can be edited.', new.code, edition_status
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it and edit that.';
    END IF;
    PERFORM geoservice.require_sound(new.geom, 'Grid ' || new.code);
    RETURN new;
END $$;
ALTER TABLE geoservice.grid ALTER COLUMN id SET GENERATED ALWAYS;
DROP TABLE geoservice.draft_change;
DROP TABLE geoservice.draft_step;
ALTER TABLE geoservice.edition DROP COLUMN revision, DROP COLUMN base_id;
