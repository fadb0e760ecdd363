-- One clock: what is due is done by one process that always runs. It waits until the next thing is due, and is woken
-- when something comes that is due sooner.

-- What is done again and again, and when it was done last. Whoever does it holds the row meanwhile.
CREATE TABLE geoservice.scheduled_job (
    job text PRIMARY KEY,
    done_at timestamptz                                               -- null: never
);

-- When there is something to do next: an edition comes into force, an incident is late, one lapses, a right ends. Null: nothing is foreseen.
CREATE FUNCTION geoservice.next_due(OUT editions timestamptz, OUT overdue timestamptz, OUT lapses timestamptz, OUT ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT
        CASE WHEN EXISTS (SELECT FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id
                           WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0)) THEN now()
             ELSE (SELECT min(lower(p.valid)) FROM edition_period AS p
                    WHERE p.known @> 'infinity'::timestamptz AND lower(p.valid) > now()) END,
        (SELECT min(i.expected_at) FROM incident AS i
          WHERE i.overdue_at IS NULL AND clock_runs(i.status)),
        (SELECT min(i.status_since) FROM incident AS i WHERE i.status = 'resolved') + lapses_after(),
        (SELECT min(e.ended_at) FROM ends_of_rights() AS e)
$$;

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
