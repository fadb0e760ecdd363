-- Other systems hear of every event, once and in order.

-- What other systems are to hear of, in the transaction that did it. A row tells of a line of a history, or carries a payload of
-- its own. Its number is given after the commit, so that whoever has read up to one is never overtaken by another that was
-- committed later.
CREATE TABLE geoservice.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic text NOT NULL CHECK (geoservice.is_code(topic)),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,
    incident_event_id bigint,  -- of a table that only grows: a foreign key would cost, and guard nothing
    payload jsonb,
    CONSTRAINT outbox_tells_one_thing CHECK ((payload IS NULL) = (incident_event_id IS NOT NULL))
);
CREATE UNIQUE INDEX outbox_tells_it_once ON geoservice.outbox (incident_event_id) WHERE incident_event_id IS NOT NULL;
CREATE UNIQUE INDEX outbox_one_of_a_number ON geoservice.outbox (number) WHERE number IS NOT NULL;
CREATE INDEX ix_outbox_id_without_number ON geoservice.outbox (id) WHERE number IS NULL;
CREATE INDEX ix_outbox_at ON geoservice.outbox (at);

-- The last number that was given.
CREATE TABLE geoservice.outbox_head (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    number bigint NOT NULL
);
INSERT INTO geoservice.outbox_head (number) VALUES (0);

-- What is written into a history is told.
CREATE FUNCTION geoservice.tell_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, jurisdiction_id, incident_event_id)
    SELECT 'incident', l.jurisdiction_id, l.id FROM lines AS l ORDER BY l.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_events AFTER INSERT ON geoservice.incident_event
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION geoservice.tell_events();

-- That a layer was changed is told once a change: which layer, and nothing of what is in it. Of layers of people it is not told.
CREATE FUNCTION geoservice.tell_layer_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, jurisdiction_id, payload)
    SELECT 'layer.changed', new.jurisdiction_id, jsonb_build_object('layer', l.id, 'change', new.change_id)
      FROM layer AS l WHERE l.id = new.layer AND NOT l.personal;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_layer_change AFTER INSERT ON geoservice.change_count
    FOR EACH ROW EXECUTE FUNCTION geoservice.tell_layer_change();

-- Give numbers to what was committed since, in the order in which it was written: two steps of one incident wait for each
-- other, so theirs is kept. Returns the last number given; null when somebody else gives them at this moment, unless it
-- waits for that: whoever must know that all that was committed has its number, waits, and has no end to `most`.
CREATE FUNCTION geoservice.number_outbox(most integer DEFAULT 5000, waits boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    head bigint;
    given integer;
BEGIN
    IF waits THEN
        SELECT h.number INTO head FROM outbox_head AS h FOR UPDATE;
    ELSE
        SELECT h.number INTO head FROM outbox_head AS h FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    WITH due AS (
        SELECT d.id, row_number() OVER (ORDER BY d.id) AS n
          FROM (SELECT o.id FROM outbox AS o WHERE o.number IS NULL ORDER BY o.id LIMIT most) AS d
    )
    UPDATE outbox AS o SET number = head + due.n FROM due WHERE o.id = due.id;
    GET DIAGNOSTICS given = ROW_COUNT;
    IF given > 0 THEN
        UPDATE outbox_head SET number = head + given;
    END IF;
    RETURN head + given;
END $$;

-- What everybody who wanted to has heard of long ago; the histories stay. Returns how many rows went.
CREATE FUNCTION geoservice.forget_told(most integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    DELETE FROM outbox AS o WHERE o.id IN (
        SELECT d.id FROM outbox AS d WHERE d.at < now() - interval '30 days' AND d.number IS NOT NULL
         ORDER BY d.at LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
