-- What accounts and keys may: their grants, each a role in a jurisdiction or, without one, in all, for a time or without an end. Who holds
-- several may, where he acts, what any of those allows that are in force there.

-- A grant of an officer names the member of staff, by code. What was given is not written anew: it is taken back, and given otherwise.
-- Whoever shows a key is found out before anything else is known of him, so everybody who serves reads the grants of keys; those of
-- accounts are for whoever asks for everything (row_policies.sql).
CREATE TABLE geoservice.access_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text COLLATE "C" REFERENCES geoservice.account ON DELETE CASCADE,
    key_id text COLLATE "C" REFERENCES geoservice.api_key ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN
        ('reader', 'reporter', 'officer', 'dispatcher', 'analyst', 'publisher', 'steward', 'auditor', 'admin')),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,
    staff_code text COLLATE "C",
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to timestamptz,                     -- null: without an end
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL DEFAULT geoservice.actor() CHECK (geoservice.is_name(granted_by)),
    revoked_at timestamptz,                   -- taken back before its end
    revoked_by text CHECK (geoservice.is_name(revoked_by)),
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT grant_of_an_account_or_a_key CHECK (num_nonnulls(login, key_id) = 1),
    CONSTRAINT grant_ends_after_it_begins CHECK (valid_to > valid_from),
    CONSTRAINT grant_staff_of_a_jurisdiction CHECK (staff_code IS NULL OR jurisdiction_id IS NOT NULL),
    CONSTRAINT grant_officer_is_somebody CHECK (role <> 'officer' OR staff_code IS NOT NULL),
    CONSTRAINT grant_revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    -- One role in one place once at a time.
    CONSTRAINT grant_once EXCLUDE USING gist
        (coalesce(login, 'key ' || key_id) WITH =, role WITH =, coalesce(jurisdiction_id, 0) WITH =,
         tstzrange(valid_from, valid_to) WITH &&) WHERE (revoked_at IS NULL),
    -- Who is an officer is one member of staff, and the map follows his grids: elsewhere he is somebody else.
    CONSTRAINT grant_one_officer EXCLUDE USING gist
        (coalesce(login, 'key ' || key_id) WITH =, jurisdiction_id WITH <>, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (revoked_at IS NULL AND role = 'officer')
);
CREATE INDEX ix_access_grant_login ON geoservice.access_grant (login);
CREATE INDEX ix_access_grant_key_id ON geoservice.access_grant (key_id);

-- Whether a grant is in force now.
CREATE FUNCTION geoservice.is_in_force(given geoservice.access_grant) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (given).revoked_at IS NULL AND (given).valid_from <= now() AND coalesce((given).valid_to > now(), true);

-- Whose matter an account or a key is: the one jurisdiction of all its grants; null where they are of several, or of all.
CREATE FUNCTION geoservice.home_of_holder(of_login text, of_key text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE WHEN count(*) = count(g.jurisdiction_id) AND count(DISTINCT g.jurisdiction_id) = 1 THEN min(g.jurisdiction_id) END
              FROM access_grant AS g WHERE (g.login = of_login OR g.key_id = of_key) AND g.revoked_at IS NULL);
END $$;

-- Whoever may something else from now on, because somebody gave or took it, signs in anew. What ends by its time needs none to do so: rights
-- are read with each request.
CREATE FUNCTION geoservice.end_sessions_of_holder() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now()
     WHERE login = coalesce(NEW.login, OLD.login) AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER INSERT OR UPDATE OR DELETE ON geoservice.access_grant
    FOR EACH ROW EXECUTE FUNCTION geoservice.end_sessions_of_holder();

-- Whether a grant lets its holder administer everywhere, without an end.
CREATE FUNCTION geoservice.administers(given geoservice.access_grant) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (given).role = 'admin' AND (given).jurisdiction_id IS NULL AND geoservice.is_in_force(given) AND (given).valid_to IS NULL;

-- The last account that administers everywhere, without an end, keeps that, and is neither disabled nor given an end: else nobody is left
-- who could give it again.
CREATE FUNCTION geoservice.keep_an_administrator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF tg_table_name = 'account' AND NOT EXISTS (SELECT FROM access_grant AS g WHERE g.login = OLD.login AND administers(g)) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('geoservice.administrators'));  -- two do not take the last two from each other
    IF NOT EXISTS (SELECT FROM access_grant AS g JOIN account AS a USING (login)
                    WHERE administers(g) AND a.disabled_at IS NULL AND a.expires_at IS NULL) THEN
        RAISE EXCEPTION 'The account % is the last that administers every jurisdiction: give that to another one first.', OLD.login
            USING ERRCODE = 'GS414';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_an_administrator AFTER UPDATE OF revoked_at ON geoservice.access_grant
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.jurisdiction_id IS NULL AND OLD.login IS NOT NULL AND OLD.revoked_at IS NULL
                       AND OLD.valid_to IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION geoservice.keep_an_administrator();
CREATE TRIGGER keep_an_administrator AFTER UPDATE OF disabled_at, expires_at ON geoservice.account
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND OLD.expires_at IS NULL
                       AND (NEW.disabled_at IS NOT NULL OR NEW.expires_at IS NOT NULL))
    EXECUTE FUNCTION geoservice.keep_an_administrator();

-- Until when somebody, as histories name him, may give others in a jurisdiction (null: in all) what he may there: as long as he administers it
-- himself, from now on without a break. 'infinity': without an end; '-infinity': not at all; null: no grants of his are known, as of
-- whoever runs commands. Of a key of a member of staff who is no officer histories name the member.
CREATE FUNCTION geoservice.gives_until(named text, place integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    own CONSTANT text := person_of(named);
BEGIN
    IF strpos(named, ':') = 0 OR starts_with(named, 'cli:') THEN
        RETURN NULL;
    END IF;
    RETURN (
        WITH held AS (
            SELECT g.* FROM access_grant AS g WHERE g.login = own OR g.key_id = own
            UNION ALL SELECT g.* FROM access_grant AS g
                       WHERE g.key_id IS NOT NULL AND g.staff_code = own
                         AND NOT EXISTS (SELECT FROM access_grant AS o WHERE o.login = own OR o.key_id = own)),
        holder AS (
            SELECT range_agg(tstzrange(h.valid_from, h.valid_to)) AS spells, min(coalesce(a.expires_at, k.expires_at)) AS ends
              FROM held AS h LEFT JOIN account AS a ON a.login = h.login LEFT JOIN api_key AS k ON k.id = h.key_id
             WHERE h.role = 'admin' AND h.revoked_at IS NULL AND (h.jurisdiction_id IS NULL OR h.jurisdiction_id = place)
             GROUP BY h.login, h.key_id)
        SELECT CASE WHEN EXISTS (SELECT FROM held) THEN
                   coalesce((SELECT max(coalesce(least(upper(s.spell), o.ends), 'infinity'))
                               FROM holder AS o, unnest(o.spells) AS s (spell) WHERE s.spell @> now()), '-infinity') END);
END $$;

-- Refuse what outlasts that. ends: of what is given, null: never; newly: it is given now, and may be given otherwise.
CREATE FUNCTION geoservice.require_within_own(named text, place integer, ends timestamptz, newly boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    until CONSTANT timestamptz := gives_until(named, place);
    told CONSTANT text := to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
BEGIN
    IF coalesce(ends, 'infinity') > until THEN
        RAISE EXCEPTION '%', CASE
            WHEN NOT isfinite(until) THEN 'Nobody gives what he may not himself in that place.'
            WHEN newly THEN format('Nobody gives what outlasts his own right, which ends %s there: give it until then at the latest.', told)
            ELSE format('What it may outlasts your own right, which ends %s there: somebody who has that longer does this.', told) END
            USING ERRCODE = 'GS415';
    END IF;
END $$;

-- A grant: given by who is named in it, or given again by who acts. It is worth nothing any more when its account or key is over.
CREATE FUNCTION geoservice.keep_within_own() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM require_within_own(
        CASE tg_op WHEN 'INSERT' THEN NEW.granted_by ELSE actor() END, NEW.jurisdiction_id,
        least(NEW.valid_to, (SELECT a.expires_at FROM account AS a WHERE a.login = NEW.login),
              (SELECT k.expires_at FROM api_key AS k WHERE k.id = NEW.key_id)), tg_op = 'INSERT');
    RETURN NULL;
END $$;
CREATE TRIGGER keep_within_own AFTER INSERT ON geoservice.access_grant
    FOR EACH ROW EXECUTE FUNCTION geoservice.keep_within_own();
CREATE TRIGGER keep_within_own_again AFTER UPDATE OF revoked_at ON geoservice.access_grant
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL) EXECUTE FUNCTION geoservice.keep_within_own();

-- All that an account or a key may, or, by the argument, what it may in a role: when it can be used again, or for longer, or somebody else
-- gives it a secret with which to administer. Before it is written, since whoever acts may be what is written.
CREATE FUNCTION geoservice.keep_holder_within_own() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    holder CONSTANT jsonb := to_jsonb(NEW);
BEGIN
    PERFORM require_within_own(actor(), g.jurisdiction_id, least(g.valid_to, NEW.expires_at), false)
       FROM access_grant AS g
      WHERE (g.login = holder ->> 'login' OR g.key_id = holder ->> 'id') AND g.revoked_at IS NULL AND coalesce(g.valid_to > now(), true)
        AND (tg_nargs = 0 OR g.role = tg_argv[0]);
    RETURN NEW;
END $$;
CREATE TRIGGER keep_within_own BEFORE UPDATE OF disabled_at, expires_at ON geoservice.account
    FOR EACH ROW WHEN ((OLD.disabled_at IS NOT NULL AND NEW.disabled_at IS NULL)
                       OR coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity'))
    EXECUTE FUNCTION geoservice.keep_holder_within_own();
CREATE TRIGGER keep_within_own_password BEFORE UPDATE OF password_hash ON geoservice.account
    FOR EACH ROW WHEN (NEW.must_change) EXECUTE FUNCTION geoservice.keep_holder_within_own('admin');
CREATE TRIGGER keep_within_own BEFORE UPDATE OF expires_at ON geoservice.api_key
    FOR EACH ROW WHEN (coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity'))
    EXECUTE FUNCTION geoservice.keep_holder_within_own();
CREATE TRIGGER keep_within_own_secret BEFORE UPDATE OF secret_sha256 ON geoservice.api_key
    FOR EACH ROW EXECUTE FUNCTION geoservice.keep_holder_within_own('admin');
