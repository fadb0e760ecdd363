CREATE OR REPLACE FUNCTION geoservice.keep_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lay_out(new.id, new.valid_from, clock_timestamp());
    ANALYZE geoservice.territory;  -- the planner must not meet a table it believes empty
    RETURN NULL;
END $$;
DROP FUNCTION geoservice.known_since(integer);
DROP FUNCTION geoservice.settle_knowledge(timestamptz, integer);
DROP FUNCTION geoservice.knowledge_lock();
