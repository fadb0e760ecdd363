DROP TRIGGER announce_due ON geoservice.webhook;
DROP TRIGGER announce_due_change ON geoservice.incident;
DROP TRIGGER announce_due_report ON geoservice.incident;
DROP FUNCTION geoservice.announce_due();
DROP FUNCTION geoservice.next_due();
CREATE OR REPLACE FUNCTION geoservice.lapse_due(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    WITH due AS (
        SELECT i.id FROM incident AS i
         WHERE i.status = 'resolved' AND i.status_since < now() - interval '7 days'
         ORDER BY i.status_since LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incident AS i SET status = 'closed', step_rule = 'lapsed', step_reason = NULL FROM due WHERE i.id = due.id;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;
DROP FUNCTION geoservice.lapses_after();
DROP TABLE geoservice.scheduled_job;
