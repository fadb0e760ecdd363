-- Rights that ended by their time: of each an entry of the audit is written, once, by the clock; late, with the true time of the end, where
-- nobody looked then.

-- Of what the entry is written. What was given another end has another one to be told.
CREATE TABLE geoservice.ended_right (
    kind text COLLATE "C",                    -- table of what ended
    id text COLLATE "C",                      -- its key there
    ended_at timestamptz,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, id, ended_at)
);

-- The ends, come or to come, of which none is: of grants, accounts, keys, and grants of logins of the database. What was taken back before,
-- or whose key or account was over before, ended otherwise.
CREATE FUNCTION geoservice.ends_of_rights() RETURNS TABLE (kind text, id text, told text, ended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT e.* FROM (
        SELECT 'access_grant', g.id::text, coalesce(g.login, g.key_id) || ' ' || g.role, g.valid_to
          FROM access_grant AS g LEFT JOIN account AS a ON a.login = g.login LEFT JOIN api_key AS k ON k.id = g.key_id
         WHERE g.revoked_at IS NULL AND coalesce(least(a.expires_at, k.expires_at, k.revoked_at) > g.valid_to, true)
        UNION ALL SELECT 'account', a.login, a.login, a.expires_at FROM account AS a
        UNION ALL SELECT 'api_key', k.id, k.id, k.expires_at FROM api_key AS k WHERE k.revoked_at IS NULL
        UNION ALL SELECT 'login_grant', l.id::text, l.login, l.valid_to FROM login_grant AS l) AS e (kind, id, told, ended_at)
     WHERE isfinite(e.ended_at)
       AND NOT EXISTS (SELECT FROM ended_right AS n WHERE n.kind = e.kind AND n.id = e.id AND n.ended_at = e.ended_at)
$$;

-- Write the entries of what ended; returns how many. Of two that do it at once the second finds it done.
CREATE FUNCTION geoservice.note_ended_rights(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    ended record;
    noted integer := 0;
BEGIN
    FOR ended IN SELECT * FROM ends_of_rights() AS e WHERE e.ended_at <= now() ORDER BY e.ended_at, e.kind, e.id LIMIT most LOOP
        INSERT INTO ended_right (kind, id, ended_at) VALUES (ended.kind, ended.id, ended.ended_at) ON CONFLICT DO NOTHING;
        IF found THEN
            noted := noted + 1;
            PERFORM note_audit(ended.kind || '_ended', CASE ended.kind
                WHEN 'access_grant' THEN (SELECT g.jurisdiction_id FROM access_grant AS g WHERE g.id = ended.id::bigint)
                WHEN 'login_grant' THEN (SELECT l.jurisdiction_id FROM login_grant AS l WHERE l.id = ended.id::bigint)
                WHEN 'account' THEN home_of_holder(ended.id, NULL) ELSE home_of_holder(NULL, ended.id) END,
                jsonb_build_object('count', 1, 'ids', jsonb_build_array(ended.told),
                                   'ended_at', to_char(ended.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
        END IF;
    END LOOP;
    RETURN noted;
END $$;
