-- Knowledge is settled when no publication has an instant of knowledge and has not committed: what was known until then can be
-- told, and stays so.

-- The lock of what is known of a jurisdiction's grids. Who publishes holds it alone from before its instant of knowledge until
-- it commits; who asks what was known waits for it, and holds nothing.
CREATE FUNCTION geoservice.knowledge_lock() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1802399575;

-- Wait until what was known at an instant is settled: until publications that began before now are in, or are not. One that
-- begins later has a later instant of knowledge. The answer must be asked for by a later statement of the same READ COMMITTED
-- transaction, with a snapshot that is not older than this. It costs a lock for each publication under way, not for each
-- jurisdiction there is, and lets go of it: whoever asks and then goes home keeps nobody from publishing.
CREATE FUNCTION geoservice.settle_knowledge(known_at timestamptz, only_in integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    -- A standby knows what it has followed; who publishes elsewhere holds no lock here.
    latest CONSTANT timestamptz := CASE WHEN pg_is_in_recovery()
        THEN coalesce(pg_last_xact_replay_timestamp(), '-infinity') ELSE clock_timestamp() END;
    publishing integer;
BEGIN
    IF known_at > latest THEN
        RAISE EXCEPTION 'What was known at % is not known here yet.', known_at
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('Here it is %s. Ask for an instant that has been, or leave known_at out.', latest);
    END IF;
    FOR publishing IN
        SELECT l.objid::bigint FROM pg_locks AS l
         WHERE l.locktype = 'advisory' AND l.classid::bigint = knowledge_lock() AND l.objsubid = 2
           AND l.mode = 'ExclusiveLock' AND l.granted
           AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
           AND (only_in IS NULL OR l.objid::bigint = only_in)
    LOOP
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(knowledge_lock(), publishing);
            RAISE EXCEPTION 'given back' USING ERRCODE = 'GS000';
        EXCEPTION WHEN SQLSTATE 'GS000' THEN
            NULL;
        END;
    END LOOP;
END $$;

-- Since when what is known of a jurisdiction's grids is known; null before its first publication. Whoever asks again with this
-- as the instant of knowledge is told the same: of one jurisdiction no other publication has an instant at or before it.
CREATE FUNCTION geoservice.known_since(jurisdiction integer) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT max(lower(p.known)) FROM geoservice.edition_period AS p WHERE p.jurisdiction_id = jurisdiction);

-- Publication lays the edition out, whoever wrote the row.
CREATE OR REPLACE FUNCTION geoservice.keep_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(knowledge_lock(), new.jurisdiction_id);
    -- One publication after the other, of other jurisdictions too, as ANALYZE would have it anyhow: where jurisdictions overlap,
    -- none may become known later with an earlier instant.
    LOCK TABLE geoservice.territory IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM lay_out(new.id, new.valid_from, clock_timestamp());  -- after whoever was told what is known until here
    ANALYZE geoservice.territory;  -- the planner must not meet a table it believes empty
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION geoservice.knowledge_lock(), geoservice.settle_knowledge(timestamptz, integer),
    geoservice.known_since(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.knowledge_lock(), geoservice.settle_knowledge(timestamptz, integer),
    geoservice.known_since(integer)
    TO geoservice_app, geoservice_analyst, geoservice_reader;
