-- Whose rows a transaction sees. It works as one of the group roles that row policies are for (row_policies.sql) and says in
-- settings what they ask. A login of a person is seen by its own grant. Nothing that is set here can be trusted against whoever
-- writes SQL as the service: it is a wall against mistakes, the second behind the guards of the doors.

-- The jurisdictions, by id, that it was said to see; empty when none was.
CREATE FUNCTION geoservice.scope_jurisdictions() RETURNS integer[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('geoservice.jurisdictions', true), ''), '{}')::integer[];

-- The jurisdiction that whoever asks is an officer of, by id.
CREATE FUNCTION geoservice.scope_post() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoservice.post', true), '')::integer;

-- The officer who asks, by code.
CREATE FUNCTION geoservice.scope_staff() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoservice.officer', true), '');

-- The grids that the officer is posted to today, as the days of the jurisdiction go.
CREATE FUNCTION geoservice.scope_grids() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT p.grid_code FROM posting AS p JOIN jurisdiction AS j ON j.id = p.jurisdiction_id
         WHERE p.jurisdiction_id = scope_post() AND p.staff_code = scope_staff()
           AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date);
END $$;

-- The incident whose reporter's token was shown, and what it is a duplicate of in the end.
CREATE FUNCTION geoservice.followed() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    token CONSTANT text := nullif(current_setting('geoservice.reporter', true), '');
BEGIN
    IF token IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        WITH RECURSIVE way AS (
            SELECT i.id, i.duplicate_of FROM incident AS i WHERE i.reporter_sha256 = decode(token, 'hex')
            UNION SELECT i.id, i.duplicate_of FROM way JOIN incident AS i ON i.id = way.duplicate_of)
        SELECT way.id FROM way);
END $$;

-- Whether whoever asks is told more of a jurisdiction than others are: of 'households' single ones and small counts, of 'sensitive'
-- reports where and when they were made, of 'drafts' of boundaries that there are any, of the 'audit' who did what, of 'webhooks' where to
-- it is sent. What is told, is said for all jurisdictions that he was said to see ('drafts'), or for one of them ('drafts:3'): grants differ by
-- place. Logins of people, who can set what they like, can not work as these roles.
CREATE FUNCTION geoservice.is_told(what text, jurisdiction integer) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('role') IN ('geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_several')
    AND (coalesce(what = ANY (string_to_array(current_setting('geoservice.told', true), ' ')), false)
         AND (cardinality(geoservice.scope_jurisdictions()) = 0 OR coalesce(jurisdiction = ANY (geoservice.scope_jurisdictions()), false))
         OR coalesce(what || ':' || jurisdiction = ANY (string_to_array(current_setting('geoservice.told', true), ' ')), false));

-- The jurisdictions of which he is told something, for policies that ask it of every row.
CREATE FUNCTION geoservice.told_jurisdictions(what text) RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    told CONSTANT text[] := string_to_array(current_setting('geoservice.told', true), ' ');
BEGIN
    RETURN CASE WHEN what = ANY (told) THEN scope_jurisdictions() ELSE '{}' END
        || ARRAY(SELECT split_part(t.told, ':', 2)::integer FROM unnest(told) AS t (told) WHERE starts_with(t.told, what || ':'));
END $$;

-- Whether he is told it as an officer: of his own grids, and of what he was named for.
CREATE FUNCTION geoservice.is_told_own(what text, jurisdiction integer) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('role') IN ('geoservice_everywhere', 'geoservice_officer', 'geoservice_several')
    AND coalesce('own_' || what = ANY (string_to_array(current_setting('geoservice.told', true), ' ')), false)
    AND coalesce(jurisdiction = geoservice.scope_post(), false);

-- The jurisdictions that show visitors what is not about people.
CREATE FUNCTION geoservice.open_jurisdictions() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j WHERE j.visitors = 'open');
END $$;

-- The jurisdictions that show them nothing.
CREATE FUNCTION geoservice.closed_jurisdictions() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j WHERE j.visitors = 'closed');
END $$;

-- The grants of people's logins to the database: as what each works, where, and until when. What a login may at all, its group role says:
-- whoever edits somewhere is a member of geoservice_analyst, and reads elsewhere as one of geoservice_reader does.
CREATE TABLE geoservice.login_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL,
    role text NOT NULL DEFAULT 'analyst' CHECK (role IN ('reader', 'analyst')),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,  -- null: everywhere
    valid_to timestamptz,                     -- null: without an end
    granted_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_login_grant_once ON geoservice.login_grant (login, role, (coalesce(jurisdiction_id, 0)));

-- The jurisdictions that the present login edits.
CREATE FUNCTION geoservice.login_jurisdictions() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j WHERE EXISTS (
        SELECT FROM login_grant AS g
         WHERE g.login = session_user AND g.role = 'analyst' AND coalesce(g.valid_to > now(), true)
           AND coalesce(g.jurisdiction_id, j.id) = j.id));
END $$;

-- The jurisdictions of which the present login is told what is not about people: its own, and what others show to visitors.
-- singly: features one by one, which an open one alone shows. editing: what analysts alone are told, where the login is one.
CREATE FUNCTION geoservice.seen_jurisdictions(singly boolean, editing boolean DEFAULT false) RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j
                  WHERE is_service() OR EXISTS (
                            SELECT FROM login_grant AS g
                             WHERE g.login = session_user AND coalesce(g.valid_to > now(), true)
                               AND coalesce(g.jurisdiction_id, j.id) = j.id AND (g.role = 'analyst' OR NOT editing))
                     OR j.visitors = 'open' OR (NOT singly AND j.visitors = 'grids'));
END $$;

-- Whether what a view tells is for whoever asks: to the service guards and row policies see, a login is told of some jurisdictions.
CREATE FUNCTION geoservice.is_seen(jurisdiction integer, seen integer[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('role') IN ('geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_several', 'geoservice_visitor')
    OR coalesce(jurisdiction = ANY (seen), false);

-- Whether whoever writes may write what is a jurisdiction's. The owner of the schema, and whoever may become it, may.
CREATE FUNCTION geoservice.may_write(jurisdiction integer) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE current_setting('role')
    WHEN 'geoservice_everywhere' THEN true
    WHEN 'geoservice_within' THEN jurisdiction = ANY (geoservice.scope_jurisdictions())
    WHEN 'geoservice_officer' THEN jurisdiction = geoservice.scope_post()
    WHEN 'geoservice_several' THEN jurisdiction = ANY (geoservice.scope_jurisdictions()) OR jurisdiction = geoservice.scope_post()
    WHEN 'geoservice_visitor' THEN false
    ELSE geoservice.is_service() OR jurisdiction = ANY (geoservice.login_jurisdictions())
END;

-- Have a table without people show logins of people their jurisdictions, and what others show visitors. The service sees all of it: guards
-- say what of it is told.
CREATE FUNCTION geoservice.show_logins(home regclass, of_jurisdiction name, singly boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    seen CONSTANT text := format('%I = ANY ((SELECT geoservice.seen_jurisdictions(%L))::integer[])', of_jurisdiction, singly);
BEGIN
    PERFORM set_row_policy(home, 'geoservice_app', 'true', 'true');
    PERFORM set_row_policy(home, 'geoservice_reader', seen);
    PERFORM set_row_policy(home, 'geoservice_analyst', seen);
END $$;

-- Have a table show each role the rows that a condition names, and let it write those that another one does (null: none). As the
-- parts of a condition that ask for settings or postings stand in sub-selects, they are asked once a statement, not once a row.
CREATE FUNCTION geoservice.set_row_policy(home regclass, of_role text, reads text, writes text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    command text;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', home);
    FOREACH command IN ARRAY ARRAY['select', 'insert', 'update', 'delete'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON %s', of_role || '_' || command, home);
    END LOOP;
    IF reads IS NOT NULL THEN
        EXECUTE format('CREATE POLICY %I ON %s FOR SELECT TO %I USING (%s)', of_role || '_select', home, of_role, reads);
    END IF;
    IF writes IS NOT NULL THEN
        EXECUTE format('CREATE POLICY %I ON %s FOR INSERT TO %I WITH CHECK (%s)', of_role || '_insert', home, of_role, writes);
        EXECUTE format('CREATE POLICY %I ON %s FOR UPDATE TO %I USING (%s)', of_role || '_update', home, of_role, writes);
        EXECUTE format('CREATE POLICY %I ON %s FOR DELETE TO %I USING (%s)', of_role || '_delete', home, of_role, writes);
    END IF;
END $$;
