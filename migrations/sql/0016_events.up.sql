-- Other systems hear of every event, once and in order; and a report that is sent twice is stored once.

-- A row of the outbox tells of a line of a history, or carries a payload of its own. Its number is given after the commit, so
-- that whoever has read up to one is never overtaken by another that was committed later.
ALTER TABLE geoservice.outbox
    ALTER COLUMN payload DROP NOT NULL,
    ADD COLUMN incident_event_id bigint,  -- of a table that only grows: a foreign key would cost, and guard nothing
    ADD COLUMN number bigint,
    ADD CONSTRAINT outbox_tells_one_thing CHECK ((payload IS NULL) = (incident_event_id IS NOT NULL));
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

CREATE FUNCTION geoservice.tell_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, jurisdiction_id, incident_event_id)
    SELECT 'incident', l.jurisdiction_id, l.id FROM lines AS l ORDER BY l.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_events AFTER INSERT ON geoservice.incident_event
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION geoservice.tell_events();

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
    DELETE FROM report_key AS k WHERE k.at < now() - interval '7 days';
    RETURN gone;
END $$;

-- How incidents were handled in a period is counted from their histories.
CREATE INDEX ix_incident_event_jurisdiction_id_at ON geoservice.incident_event (jurisdiction_id, at);

-- Reports that came with a key of their sender's, so that one that is sent again is answered, not stored again.
CREATE TABLE geoservice.report_key (
    key_sha256 bytea PRIMARY KEY CHECK (octet_length(key_sha256) = 32),          -- of the sender and the key
    request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),     -- of what came with it
    incident_id uuid NOT NULL REFERENCES geoservice.incident ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    -- The token that was given out: it opens with the key, which only its sender knows.
    sealed_token bytea NOT NULL CHECK (octet_length(sealed_token) = 32),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_report_key_at ON geoservice.report_key (at);
CREATE INDEX ix_report_key_incident_id ON geoservice.report_key (incident_id);

REVOKE EXECUTE ON FUNCTION geoservice.tell_events(), geoservice.number_outbox(integer, boolean),
    geoservice.forget_told(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION geoservice.number_outbox(integer, boolean), geoservice.forget_told(integer) TO geoservice_app;
GRANT SELECT, INSERT ON geoservice.report_key TO geoservice_app;
GRANT SELECT ON geoservice.outbox_head TO geoservice_app;
