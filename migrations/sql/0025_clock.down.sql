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
CREATE OR REPLACE FUNCTION geoservice.fingerprints(OUT editions text, OUT postings text, OUT keys text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT
        (SELECT md5(string_agg(concat_ws('|', j.id, j.code, j.time_zone, j.snap_tolerance_m, j.accuracy_m,
                    (SELECT string_agg(concat_ws(' ', e.id, extract(epoch FROM e.valid_from),
                            coalesce(extract(epoch FROM e.valid_to)::text, '-')), ',' ORDER BY e.id)
                       FROM geoservice.edition AS e
                      WHERE e.jurisdiction_id = j.id AND e.status IN ('published', 'superseded'))), ';' ORDER BY j.id))
           FROM geoservice.jurisdiction AS j),
        (SELECT md5(string_agg(concat_ws('|', p.id, p.jurisdiction_id, p.grid_code, p.role, p.valid_from,
                    coalesce(p.valid_to::text, '-'), s.code, s.call_sign), ';' ORDER BY p.id))
           FROM geoservice.posting AS p
           JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code),
        (SELECT md5(string_agg(concat_ws('|', k.id, encode(k.secret_sha256, 'hex'), k.role,
                    coalesce(k.expires_at::text, '-'), coalesce(k.revoked_at::text, '-')), ';' ORDER BY k.id))
           FROM geoservice.api_key AS k);
END;
