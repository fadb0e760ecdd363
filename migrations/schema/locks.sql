-- Who waits for whom. Publishing and writing take turns, the one who waits longest first; and what was known can be told once
-- no publication has an instant of knowledge and has not committed.
--
-- Nothing that somebody may do who only reads makes a writer wait. Turns are taken by advisory locks, which PostgreSQL lets everybody
-- take who may connect: one reader could keep every report out. So nobody takes one by himself: they are taken here, with the
-- owner's rights, by functions that only those may run who may write. And some commands wait for a table, with all writers behind
-- them, before they are refused: making a trigger, a rule, or a foreign key to it.

-- Refuse triggers and rules to whoever only reads, before the table is waited for. Who is in no group of ours does not find our tables.
CREATE FUNCTION geoservice.refuse_to_readers() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role(session_user, 'geoservice_reader', 'MEMBER')
       AND NOT pg_has_role(session_user, 'geoservice_analyst', 'MEMBER') AND NOT pg_has_role(session_user, 'geoservice_app', 'MEMBER')
    THEN
        RAISE EXCEPTION 'permission denied: whoever only reads may make no trigger and no rule'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Close the ways, in this database: a superuser must ask, for the functions of locks are the superuser's, and so are triggers of
-- commands. From then on nobody may take such a lock but the owner of the schema, with whose rights the functions below run; and
-- temporary tables, from which a foreign key may lead to ours, are for those who may write.
CREATE FUNCTION geoservice.close_locks() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner text := (SELECT n.nspowner::regrole FROM pg_namespace AS n WHERE n.nspname = 'geoservice');
    taken regprocedure;
BEGIN
    FOR taken IN
        SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', taken);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', taken, owner);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, geoservice_reader', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO geoservice_analyst, geoservice_app, %s', current_database(), owner);
    DROP EVENT TRIGGER IF EXISTS geoservice_readers;
    CREATE EVENT TRIGGER geoservice_readers ON ddl_command_start WHEN TAG IN ('CREATE TRIGGER', 'CREATE RULE')
        EXECUTE FUNCTION geoservice.refuse_to_readers();
END $$;

-- The lock of what is known of a jurisdiction's grids. Who publishes holds it alone from before its instant of knowledge until
-- it commits; who asks what was known waits for it, and holds nothing.
CREATE FUNCTION geoservice.publish_lock() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1802399575;

-- A writer of features or reports takes part in a jurisdiction until he commits: whoever publishes there waits for him, or he
-- for whoever publishes. Writers do not wait for each other. A view of the database that is older than the last publication
-- (REPEATABLE READ) can not say which grid owns a place: it is refused, to be tried again.
CREATE FUNCTION geoservice.lock_jurisdiction_shared(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(publish_lock(), jurisdiction);
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM jurisdiction AS j WHERE j.id = lock_jurisdiction_shared.jurisdiction FOR SHARE;  -- raises when it was published since
    END IF;
END $$;

-- Wait until nobody writes in a jurisdiction, then keep it until the commit. A lock of its own and not one of the row: locks of
-- rows are given to whoever fits in, and writers who follow each other closely would never let a publication in; and a foreign
-- key takes the row's lock after that of a feature or a report, where publishing takes them the other way round.
CREATE FUNCTION geoservice.lock_jurisdiction_exclusive(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(publish_lock(), jurisdiction);
    -- A new version of the row, by which older views are told apart.
    UPDATE jurisdiction AS j SET recorded_at = j.recorded_at WHERE j.id = lock_jurisdiction_exclusive.jurisdiction;
END $$;

-- Wait until what was known at an instant is settled: until publications that began before now are in, or are not. One that
-- begins later has a later instant of knowledge. The answer must be asked for by a later statement of the same READ COMMITTED
-- transaction, with a snapshot that is not older than this. It costs a lock for each publication under way, not for each
-- jurisdiction there is, and lets go of it: whoever asks and then goes home keeps nobody from publishing. So readers may run it.
CREATE FUNCTION geoservice.wait_for_publications(known_at timestamptz, only_in integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
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
         WHERE l.locktype = 'advisory' AND l.classid::bigint = publish_lock() AND l.objsubid = 2
           AND l.mode = 'ExclusiveLock' AND l.granted
           AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
           AND (only_in IS NULL OR l.objid::bigint = only_in)
    LOOP
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(publish_lock(), publishing);
            RAISE EXCEPTION 'given back' USING ERRCODE = 'GS000';
        EXCEPTION WHEN SQLSTATE 'GS000' THEN
            NULL;
        END;
    END LOOP;
END $$;
