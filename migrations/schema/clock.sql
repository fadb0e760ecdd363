-- One clock: what is due is done by one process that always runs. It waits until the next thing is due, and is woken
-- when something comes that is due sooner.

-- What is done again and again, and when it was done last. Whoever does it holds the row meanwhile.
CREATE TABLE geoservice.scheduled_job (
    job text PRIMARY KEY,
    done_at timestamptz                                               -- null: never
);

-- When there is something to do next: an edition comes into force, an incident is late, one lapses. Null: nothing is foreseen.
CREATE FUNCTION geoservice.next_due(OUT editions timestamptz, OUT overdue timestamptz, OUT lapses timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT
        CASE WHEN EXISTS (SELECT FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id
                           WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0)) THEN now()
             ELSE (SELECT min(lower(p.valid)) FROM edition_period AS p
                    WHERE p.known @> 'infinity'::timestamptz AND lower(p.valid) > now()) END,
        (SELECT min(i.expected_at) FROM incident AS i
          WHERE i.overdue_at IS NULL AND i.status IN ('reported', 'dispatched', 'accepted')),
        (SELECT min(i.status_since) FROM incident AS i WHERE i.status = 'resolved') + lapses_after()
$$;

-- Asked once a second by every web worker: in this language the plan is kept, which is more than half of what it costs.
CREATE OR REPLACE FUNCTION geoservice.fingerprints(OUT editions text, OUT postings text, OUT keys text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT q.editions, q.postings, q.keys INTO editions, postings, keys FROM (
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
           FROM geoservice.api_key AS k)
    ) AS q (editions, postings, keys);
END $$;

-- Wakes the clock, and nobody else. A notification takes a lock at commit that is one for the whole cluster, so of reports
-- only those are announced that are due before the clock looks again by itself.
CREATE FUNCTION geoservice.announce_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('geoservice_due', tg_table_name);
    RETURN NULL;
END $$;
CREATE TRIGGER announce_due_report AFTER INSERT ON geoservice.incident FOR EACH ROW
    WHEN (new.overdue_at IS NULL AND new.expected_at < now() + interval '1 minute')
    EXECUTE FUNCTION geoservice.announce_due();
CREATE TRIGGER announce_due_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN (new.overdue_at IS NULL AND new.expected_at IS DISTINCT FROM old.expected_at
        AND new.expected_at < now() + interval '1 minute')
    EXECUTE FUNCTION geoservice.announce_due();
CREATE TRIGGER announce_due AFTER INSERT OR DELETE OR UPDATE OF disabled_at ON geoservice.webhook FOR EACH STATEMENT
    EXECUTE FUNCTION geoservice.announce_due();
