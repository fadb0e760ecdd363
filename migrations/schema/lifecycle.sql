-- From report to rating: the steps that an incident may take, kept here too, so that no door takes another.

-- geoservice/domain/lifecycle/table.py holds the same table, and who may take which step.
CREATE TABLE geoservice.lifecycle (
    rule text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    needs_reason boolean NOT NULL DEFAULT false,
    -- Of several rules for one pair, the one that is meant when a writer names none.
    usual boolean NOT NULL DEFAULT true,
    PRIMARY KEY (rule, from_status)
);
CREATE UNIQUE INDEX lifecycle_one_usual_rule ON geoservice.lifecycle (from_status, to_status) WHERE usual;
INSERT INTO geoservice.lifecycle (rule, from_status, to_status, needs_reason, usual) VALUES
    ('dispatched', 'reported', 'dispatched', false, true),
    ('dispatched', 'returned', 'dispatched', false, true),
    ('accepted', 'dispatched', 'accepted', false, true),
    ('returned', 'dispatched', 'returned', true, true),
    ('returned', 'accepted', 'returned', true, true),
    ('reassigned', 'dispatched', 'dispatched', true, true),
    ('reassigned', 'accepted', 'dispatched', true, true),
    ('resolved', 'accepted', 'resolved', false, true),
    ('verified', 'resolved', 'closed', false, true),
    ('rated', 'resolved', 'closed', false, false),
    ('rated', 'closed', 'closed', false, true),
    ('rated', 'duplicate', 'duplicate', false, true),
    ('lapsed', 'resolved', 'closed', false, false),
    ('reopened', 'resolved', 'dispatched', true, true),
    ('reopened', 'closed', 'dispatched', true, true),
    ('reopened', 'duplicate', 'dispatched', true, true),
    ('merged', 'reported', 'duplicate', false, true),
    ('merged', 'dispatched', 'duplicate', false, true),
    ('merged', 'accepted', 'duplicate', false, true),
    ('merged', 'returned', 'duplicate', false, true),
    ('cancelled', 'reported', 'cancelled', true, true),
    ('cancelled', 'dispatched', 'cancelled', true, true),
    ('cancelled', 'returned', 'cancelled', true, true);

-- What an UPDATE of an incident means, and whether it may be. Before `route`, by name.
CREATE FUNCTION geoservice.guard_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step lifecycle;
    steps_by_status boolean := new.status <> old.status
        OR (new.assigned_officer_code IS DISTINCT FROM old.assigned_officer_code AND new.status = 'dispatched')
        OR (new.rating IS DISTINCT FROM old.rating AND new.status IN ('closed', 'duplicate'));
BEGIN
    IF new.upkeep <> old.upkeep THEN
        RETURN new;
    END IF;
    IF new.step_reason IS NOT NULL THEN
        new.words_gone_at := NULL;  -- there are words again
    END IF;
    IF steps_by_status THEN
        SELECT l.* INTO step FROM lifecycle AS l
         WHERE l.from_status = old.status AND l.to_status = new.status
         ORDER BY (l.rule = 'rated') = (new.rating IS DISTINCT FROM old.rating) DESC, l.rule = new.step_rule DESC,
                  l.usual DESC
         LIMIT 1;
        IF step.rule IS NULL THEN
            RAISE EXCEPTION 'An incident that is % can not become %.', old.status, new.status
                USING ERRCODE = 'GS411', HINT = 'It may become ' || coalesce((
                    SELECT string_agg(DISTINCT l.to_status, ', ' ORDER BY l.to_status) FROM lifecycle AS l
                     WHERE l.from_status = old.status), 'nothing else') || '.';
        ELSIF step.needs_reason AND new.step_reason IS NULL THEN
            RAISE EXCEPTION 'To be %, an incident needs a reason.', step.rule
                USING ERRCODE = 'not_null_violation', HINT = 'Write it into step_reason.';
        END IF;
        PERFORM require_step(step.rule, old, new);
        new.step_rule := step.rule;
        new.status_since := CASE WHEN new.status = old.status THEN old.status_since ELSE clock_timestamp() END;
        new.waiting_since := NULL;
        new.closed_at := CASE WHEN new.status = 'closed' THEN coalesce(old.closed_at, new.closed_at, now()) END;
        new.rating := CASE WHEN new.status = 'closed' OR step.rule = 'rated' THEN new.rating END;
        new.duplicate_of := CASE WHEN step.rule = 'merged' THEN new.duplicate_of
                                 WHEN new.status = 'duplicate' THEN old.duplicate_of END;
        new.original_status := status_of_original(new.duplicate_of);
        IF step.rule = 'reopened' THEN
            new.assigned_officer_code := NULL;  -- whoever is posted now
        END IF;
    ELSE
        new.status_since := old.status_since;
        new.duplicate_of := old.duplicate_of;
        new.original_status := status_of_original(new.duplicate_of);
        IF new.status = 'duplicate' AND new.original_status NOT IN ('resolved', 'closed') THEN
            new.rating := NULL;  -- it is in hand again, and will be rated anew
        END IF;
        new.step_rule := CASE
            WHEN new.original_status IS DISTINCT FROM old.original_status THEN 'followed'
            WHEN new.overdue_at IS DISTINCT FROM old.overdue_at THEN 'overdue'
            WHEN new.waiting_since IS DISTINCT FROM old.waiting_since
                THEN CASE WHEN new.waiting_since IS NULL THEN 'answered' ELSE 'asked' END
            WHEN new.set_out_at IS DISTINCT FROM old.set_out_at AND new.set_out_at IS NOT NULL THEN 'set out'
            WHEN new.routed_at > old.routed_at THEN 'moved by edition'
            WHEN (new.overrule_grid_code, new.overrule_reason) IS DISTINCT FROM (old.overrule_grid_code, old.overrule_reason)
                THEN CASE WHEN new.step_rule = 'side chosen' THEN 'side chosen' ELSE 'overruled' END
            WHEN (new.geom, new.building_code, new.accuracy_m) IS DISTINCT FROM (old.geom, old.building_code, old.accuracy_m)
                THEN 'moved'
            ELSE 'corrected' END;
        IF new.step_rule IN ('moved by edition', 'overdue', 'corrected', 'followed') THEN
            new.step_reason := NULL;
        ELSIF new.step_rule = 'overruled' THEN
            new.step_reason := new.overrule_reason;
        END IF;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard_step BEFORE UPDATE ON geoservice.incident
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_step();

-- The incident that one ends at which was merged into another, that one perhaps into a third; itself when it is no duplicate.
CREATE FUNCTION geoservice.original_of(incident uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH RECURSIVE way AS (
        SELECT i.id, i.duplicate_of FROM geoservice.incident AS i WHERE i.id = original_of.incident
        UNION SELECT i.id, i.duplicate_of FROM way JOIN geoservice.incident AS i ON i.id = way.duplicate_of
    )
    SELECT way.id FROM way WHERE way.duplicate_of IS NULL
$$;

-- How far the incident has come that a duplicate of another ends at. Null: it is none.
CREATE FUNCTION geoservice.status_of_original(merged_into uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT coalesce(i.original_status, i.status) FROM incident AS i WHERE i.id = merged_into
$$;

-- Duplicates follow their original, whatever becomes of it: each has a line of its own, so that whoever follows one hears.
CREATE FUNCTION geoservice.follow_original() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    -- Most have none, and an update of no row would still have its statement's triggers run.
    IF EXISTS (SELECT FROM incident AS i WHERE i.duplicate_of = new.id) THEN
        UPDATE incident AS i SET step_rule = 'followed' WHERE i.duplicate_of = new.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_original AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.status, new.original_status) IS DISTINCT FROM (old.status, old.original_status))
    EXECUTE FUNCTION geoservice.follow_original();

-- What only some steps ask for.
CREATE FUNCTION geoservice.require_step(rule text, old geoservice.incident, new geoservice.incident) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF rule IN ('reopened', 'rated') AND old.closed_at < now() - lapses_after() THEN
        RAISE EXCEPTION 'The incident was closed more than 7 days ago.'
            USING ERRCODE = 'GS411', HINT = 'Report the matter anew.';
    ELSIF rule = 'rated' AND (old.rating IS NOT NULL OR new.rating IS NULL) THEN
        RAISE EXCEPTION 'The incident was rated already.' USING ERRCODE = 'GS411', HINT = 'One rating counts.';
    ELSIF rule = 'rated' AND old.status = 'duplicate' AND NOT EXISTS (
        SELECT FROM incident AS i WHERE i.id = original_of(old.id)
           AND (i.status = 'resolved' OR (i.status = 'closed' AND i.closed_at >= now() - lapses_after()))) THEN
        RAISE EXCEPTION 'The incident that it was merged into is not resolved, or was closed more than 7 days ago.'
            USING ERRCODE = 'GS411', HINT = 'It can be rated for 7 days from when that is resolved.';
    ELSIF rule = 'merged' AND new.duplicate_of = old.id THEN
        RAISE EXCEPTION 'An incident can not be merged into itself.'
            USING ERRCODE = 'check_violation', HINT = 'Give the id of the incident that stays, another one.';
    ELSIF rule = 'merged' THEN
        -- Held until this is committed: else two that are merged into each other at once would both be gone.
        PERFORM FROM incident AS i WHERE i.id = new.duplicate_of AND i.jurisdiction_id = old.jurisdiction_id
            AND i.status NOT IN ('duplicate', 'cancelled') FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The incident that stays must be one of the same jurisdiction, neither a duplicate nor cancelled.'
                USING ERRCODE = 'check_violation', HINT = 'Give the id of the incident that all others are merged into.';
        END IF;
    ELSIF rule IN ('dispatched', 'reassigned') AND new.assigned_officer_code IS NULL THEN
        RAISE EXCEPTION 'Nobody is named for the incident.'
            USING ERRCODE = 'not_null_violation', HINT = 'Write the code of a member of staff into assigned_officer_code.';
    END IF;
END $$;

-- Where an incident went decides who has it: an officer who is named has it dispatched to him, and where nobody is, it waits
-- in the queue. What is done already stays done.
CREATE FUNCTION geoservice.status_by_officer(status text, officer_before text, officer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN status IN ('dispatched', 'accepted') AND officer IS NULL THEN 'reported'
    WHEN status = 'reported' AND officer IS NOT NULL THEN 'dispatched'
    WHEN status = 'accepted' AND officer IS DISTINCT FROM officer_before THEN 'dispatched'
    ELSE status END;

-- What was resolved so long ago, and nobody rated or verified since, is closed; what was closed so long ago stays closed.
CREATE FUNCTION geoservice.lapses_after() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '7 days';

-- Close what was resolved long ago and what nobody rated or verified since. Whoever asks first does it.
CREATE FUNCTION geoservice.lapse_due(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    WITH due AS (
        SELECT i.id FROM incident AS i
         WHERE i.status = 'resolved' AND i.status_since < now() - lapses_after()
         ORDER BY i.status_since LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incident AS i SET status = 'closed', step_rule = 'lapsed', step_reason = NULL FROM due WHERE i.id = due.id;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;
