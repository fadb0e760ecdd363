-- How long what people wrote is kept, and how it goes: by its time, or because somebody asked. What stays are place, time, service and
-- every step: all that is counted.

-- That, when and why the words of a report were erased, and by whom; never which. The list of those that somebody asked for is kept
-- beside the backups as well, so that a restore erases them again.
CREATE TABLE geoservice.erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,                -- no foreign key: it is noted of what is gone as well
    jurisdiction_id integer,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL DEFAULT geoservice.actor(),
    -- Words of its own would be words again.
    because text NOT NULL CHECK (because IN ('retention', 'reporter', 'request', 'third-person', 'mistake', 'authority', 'restore'))
);
CREATE INDEX ix_erasure_incident_id ON geoservice.erasure (incident_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.erasure
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.erasure
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- What a run of retention took away, a row a kind and piece.
CREATE TABLE geoservice.retention_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL DEFAULT geoservice.actor(),
    jurisdiction_id integer,                  -- null: of no jurisdiction, or of all
    kind text NOT NULL CHECK (kind IN ('words', 'deliveries', 'report_keys', 'sessions')),
    removed integer NOT NULL CHECK (removed > 0),
    oldest timestamptz NOT NULL
);
CREATE INDEX ix_retention_run_at ON geoservice.retention_run (at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.retention_run
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();

-- Until when what is kept for a time is past it. What belongs to no jurisdiction, or to all, is kept as briefly as in any.
CREATE FUNCTION geoservice.kept_since(kind text, jurisdiction integer) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT now() - make_interval(days => min(
               CASE kind WHEN 'words' THEN j.words_days WHEN 'deliveries' THEN j.deliveries_days
                         WHEN 'report_keys' THEN j.report_keys_days WHEN 'sessions' THEN j.sessions_days END))
      FROM jurisdiction AS j WHERE kept_since.jurisdiction IS NULL OR j.id = kept_since.jurisdiction
$$;

-- The same, for every jurisdiction and for none.
CREATE VIEW geoservice.retention_limit AS
SELECT k.kind, j.id AS jurisdiction_id, geoservice.kept_since(k.kind, j.id) AS until
  FROM unnest(ARRAY['words', 'deliveries', 'report_keys', 'sessions']) AS k (kind)
 CROSS JOIN (SELECT id FROM geoservice.jurisdiction UNION ALL SELECT NULL::integer) AS j;

-- Words that are kept: the first instant from which their time counts is `since`; null while nothing is over.
CREATE VIEW geoservice.kept_item AS
SELECT 'words' AS kind, i.jurisdiction_id, i.id::text AS id, CASE WHEN NOT geoservice.is_open(i.status) THEN i.status_since END AS since
  FROM geoservice.incident AS i WHERE i.words_gone_at IS NULL
UNION ALL
SELECT 'deliveries', w.jurisdiction_id, d.id::text, CASE WHEN d.status <> 'waiting' THEN d.at END
  FROM geoservice.delivery AS d JOIN geoservice.webhook AS w ON w.id = d.webhook_id
UNION ALL
SELECT 'report_keys', i.jurisdiction_id, encode(k.key_sha256, 'hex'), k.at
  FROM geoservice.report_key AS k JOIN geoservice.incident AS i ON i.id = k.incident_id
UNION ALL
SELECT 'sessions', geoservice.home_of_holder(s.login, NULL), encode(s.secret_sha256, 'hex'), CASE WHEN least(s.revoked_at, s.expires_at) < now() THEN least(s.revoked_at, s.expires_at) END
  FROM geoservice.session AS s;

-- What a run would take away now: by jurisdiction and kind, of how many, the oldest, and until when it was over. until: null, kept.
CREATE FUNCTION geoservice.retention_due()
RETURNS TABLE (jurisdiction text, kind text, due bigint, kept bigint, oldest timestamptz, until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT j.code, l.kind, count(i.id) FILTER (WHERE i.since < l.until), count(i.id), min(i.since) FILTER (WHERE i.since < l.until), l.until
      FROM retention_limit AS l
      LEFT JOIN jurisdiction AS j ON j.id = l.jurisdiction_id
      LEFT JOIN kept_item AS i ON i.kind = l.kind AND i.jurisdiction_id IS NOT DISTINCT FROM l.jurisdiction_id
     GROUP BY j.code, l.kind, l.until ORDER BY j.code NULLS LAST, l.kind
$$;

-- What a run would take away of one kind in a jurisdiction if it were kept for so many days.
CREATE FUNCTION geoservice.retention_due_after(of_kind text, jurisdiction integer, days integer)
RETURNS TABLE (due bigint, kept bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT count(i.id) FILTER (WHERE i.since < now() - make_interval(days => days)), count(i.id),
           min(i.since) FILTER (WHERE i.since < now() - make_interval(days => days))
      FROM kept_item AS i WHERE i.kind = of_kind AND i.jurisdiction_id = jurisdiction
$$;

-- Take the words of reports away wherever they are kept, and tell everybody who heard of them: the report and what came with its last
-- step, its history, and what would show by trial what was sent. Returns of how many. Whoever may not write a jurisdiction erases none
-- of it, but the reporter his own.
CREATE FUNCTION geoservice.erase_words(ids uuid[], because text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    meant uuid[];
BEGIN
    meant := ARRAY(
        SELECT i.id FROM incident AS i
         WHERE i.id = ANY (ids) AND (may_write(i.jurisdiction_id) OR i.id = ANY (followed()) OR because IN ('retention', 'restore'))
         ORDER BY i.id FOR UPDATE);
    UPDATE incident AS i
       SET description = '', attributes = '{}', step_reason = NULL,
           overrule_reason = CASE WHEN i.overrule_grid_code IS NOT NULL THEN 'erased' END,
           words_gone_at = now(), updated_at = now(), version = i.version + 1, upkeep = i.upkeep + 1
     WHERE i.id = ANY (meant);
    UPDATE incident_event AS e SET reason = NULL WHERE e.incident_id = ANY (meant) AND e.reason IS NOT NULL;
    UPDATE report_key AS k SET request_sha256 = sha256(gen_random_uuid()::text::bytea) WHERE k.incident_id = ANY (meant);
    INSERT INTO incident_event (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, officer_code,
                                jurisdiction_id, service_code, original_status)
    SELECT i.id, actor(), 'words erased', i.status, i.status, i.grid_code, i.grid_code, i.officer_code, i.jurisdiction_id,
           i.service_code, i.original_status
      FROM incident AS i WHERE i.id = ANY (meant) ORDER BY i.id;
    INSERT INTO erasure (incident_id, jurisdiction_id, because)
    SELECT i.id, i.jurisdiction_id, erase_words.because FROM incident AS i WHERE i.id = ANY (meant) ORDER BY i.id;
    RETURN cardinality(meant);
END $$;

-- Take away a piece of what is past its time, at most so many of each kind; returns the most that went of one: less than `most`, and
-- there is no more. It waits for nobody: what somebody works on at this moment stays until the next time.
CREATE FUNCTION geoservice.run_retention(most integer DEFAULT 200) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    of record;
    gone integer := 0;
    found integer;
    oldest timestamptz;
    ids uuid[];
BEGIN
    FOR of IN SELECT l.kind, l.jurisdiction_id, l.until FROM retention_limit AS l WHERE l.until IS NOT NULL ORDER BY l.kind, l.jurisdiction_id LOOP
        IF of.kind = 'words' THEN
            SELECT array_agg(d.id), count(*), min(d.status_since) INTO ids, found, oldest FROM (
                SELECT i.id, i.status_since FROM incident AS i
                 WHERE i.jurisdiction_id IS NOT DISTINCT FROM of.jurisdiction_id AND i.words_gone_at IS NULL AND NOT is_open(i.status)
                   AND i.status_since < of.until
                 ORDER BY i.status_since LIMIT most FOR UPDATE SKIP LOCKED) AS d;
            IF found > 0 THEN
                PERFORM erase_words(ids, 'retention');
            END IF;
        ELSIF of.kind = 'deliveries' THEN
            WITH gone AS (DELETE FROM delivery AS d WHERE d.id IN (
                SELECT p.id FROM delivery AS p JOIN webhook AS w ON w.id = p.webhook_id
                 WHERE w.jurisdiction_id IS NOT DISTINCT FROM of.jurisdiction_id AND p.status <> 'waiting' AND p.at < of.until
                 ORDER BY p.at LIMIT most FOR UPDATE OF p SKIP LOCKED) RETURNING d.at)
            SELECT count(*), min(g.at) INTO found, oldest FROM gone AS g;
        ELSIF of.kind = 'report_keys' THEN
            WITH gone AS (DELETE FROM report_key AS k WHERE k.key_sha256 IN (
                SELECT p.key_sha256 FROM report_key AS p JOIN incident AS i ON i.id = p.incident_id
                 WHERE i.jurisdiction_id IS NOT DISTINCT FROM of.jurisdiction_id AND p.at < of.until
                 ORDER BY p.at LIMIT most FOR UPDATE OF p SKIP LOCKED) RETURNING k.at)
            SELECT count(*), min(g.at) INTO found, oldest FROM gone AS g;
        ELSE
            WITH gone AS (DELETE FROM session AS s WHERE s.secret_sha256 IN (
                SELECT p.secret_sha256 FROM session AS p JOIN account AS a ON a.login = p.login
                 WHERE home_of_holder(a.login, NULL) IS NOT DISTINCT FROM of.jurisdiction_id AND least(p.revoked_at, p.expires_at) < of.until
                 LIMIT most FOR UPDATE OF p SKIP LOCKED) RETURNING least(s.revoked_at, s.expires_at) AS at)
            SELECT count(*), min(g.at) INTO found, oldest FROM gone AS g;
        END IF;
        IF found > 0 THEN
            INSERT INTO retention_run (jurisdiction_id, kind, removed, oldest) VALUES (of.jurisdiction_id, of.kind, found, oldest);
        END IF;
        gone := greatest(gone, found);
    END LOOP;
    RETURN gone;
END $$;
