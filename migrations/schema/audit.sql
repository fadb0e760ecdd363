-- Who did what. An entry is written in the transaction that does it, and never changed. Entries that are final are sealed, in one order,
-- into a chain of hashes: whoever changes, removes, adds or reorders some afterwards breaks it, and whoever makes it anew as a whole, or
-- cuts its end off, differs from the anchors that were told elsewhere. Entries hold no words, tokens, keys or passwords, and no address
-- of anybody: what was touched is told by ids, codes, names of columns, and counts.

CREATE TABLE geoservice.audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    era integer NOT NULL,                     -- of the numbers of transactions: a cluster that was restored into counts anew
    tx bigint NOT NULL DEFAULT geoservice.this_transaction(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who text NOT NULL CHECK (char_length(who) BETWEEN 1 AND 200),
    role text CHECK (role ~ '^[a-z]{1,40}$'),  -- null: whoever owns the database, or the service itself
    jurisdiction_id integer,                  -- whose matter it was; null: nobody's, or everybody's
    what text NOT NULL CHECK (what ~ '^[a-z][a-z_]{1,39}$'),
    purpose text CHECK (purpose ~ '^[a-z][a-z0-9_]{0,39}$'),  -- the permission that the door asked for, the command, sql
    touched jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(touched) = 'object' AND octet_length(touched::text) <= 4000),
    request uuid                              -- as answers with an error and the log of the service name it
);
CREATE INDEX ix_audit_entry_era_tx_id ON geoservice.audit_entry (era, tx, id);
CREATE INDEX ix_audit_entry_jurisdiction_id_id ON geoservice.audit_entry (jurisdiction_id, id);
CREATE INDEX ix_audit_entry_at ON geoservice.audit_entry (at);
-- Who touched an incident: those that name one, and the few that list several.
CREATE INDEX ix_audit_entry_incident ON geoservice.audit_entry ((touched ->> 'incident')) WHERE touched ->> 'incident' IS NOT NULL;
CREATE INDEX ix_audit_entry_incidents ON geoservice.audit_entry (id)
    WHERE what IN ('erasure_added', 'incident_added', 'incident_changed', 'incident_removed');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.audit_entry
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- The chain. An entry that was removed leaves its seal: no foreign key.
CREATE TABLE geoservice.audit_seal (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    entry_id bigint NOT NULL UNIQUE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.audit_seal
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- How far it goes: the last seal, and where the entry that it seals stands in the order.
CREATE TABLE geoservice.audit_head (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    seq bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    sealed_era integer NOT NULL DEFAULT 0,
    sealed_tx bigint NOT NULL DEFAULT 0,
    sealed_id bigint NOT NULL DEFAULT 0,
    era integer NOT NULL DEFAULT 1,           -- of entries that are written now
    cluster text NOT NULL                     -- PostgreSQL's number of the cluster that counts them
);
INSERT INTO geoservice.audit_head (cluster) SELECT c.system_identifier::text FROM pg_control_system() AS c;

-- The one text of an entry: what is hashed, exported and verified. Its keys are in the order that jsonb has.
CREATE FUNCTION geoservice.audit_line(entry geoservice.audit_entry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object(
    'id', entry.id, 'era', entry.era, 'tx', entry.tx, 'at_us', (extract(epoch FROM entry.at) * 1000000)::bigint,
    'who', entry.who, 'role', entry.role, 'jurisdiction_id', entry.jurisdiction_id, 'what', entry.what, 'purpose', entry.purpose,
    'touched', entry.touched, 'request', entry.request)::text;

-- Whether the service acts and says for whom; not somebody who works straight in the tables, the owner among them.
CREATE FUNCTION geoservice.by_service() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN geoservice.is_service() AND coalesce(current_setting('geoservice.actor', true), '') <> '';

-- Write an entry: the one way there is.
CREATE FUNCTION geoservice.note_audit(
    what text, jurisdiction integer DEFAULT NULL, touched jsonb DEFAULT '{}', role text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_entry (era, who, role, jurisdiction_id, what, purpose, touched, request)
    SELECT h.era, actor(),
           CASE WHEN by_service() THEN coalesce(note_audit.role, nullif(current_setting('geoservice.role', true), ''))
                WHEN is_service() THEN NULL
                WHEN pg_has_role(session_user, 'geoservice_analyst', 'MEMBER') THEN 'analyst' ELSE 'reader' END,
           note_audit.jurisdiction, note_audit.what,
           CASE WHEN by_service() THEN nullif(current_setting('geoservice.purpose', true), '') ELSE 'sql' END,
           note_audit.touched,
           CASE WHEN by_service() THEN nullif(current_setting('geoservice.request', true), '')::uuid END
      FROM audit_head AS h;
END $$;

-- Seal entries that are final: whatever was begun before them has ended, so none can come that stands before them. Returns how many.
CREATE FUNCTION geoservice.seal_audit(most integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    head audit_head%ROWTYPE;
    entry audit_entry%ROWTYPE;
    sealed integer := 0;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    FOR entry IN
        SELECT e.* FROM audit_entry AS e
         WHERE (e.era, e.tx, e.id) > (head.sealed_era, head.sealed_tx, head.sealed_id)
           AND (e.era < head.era OR e.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
         ORDER BY e.era, e.tx, e.id LIMIT most
    LOOP
        sealed := sealed + 1;
        head.seq := head.seq + 1;
        head.hash := sha256(head.hash || convert_to(audit_line(entry), 'UTF8'));
        INSERT INTO audit_seal (seq, entry_id, hash) VALUES (head.seq, entry.id, head.hash);
    END LOOP;
    IF sealed > 0 THEN
        UPDATE audit_head SET seq = head.seq, hash = head.hash,
            sealed_era = entry.era, sealed_tx = entry.tx, sealed_id = entry.id;
    END IF;
    RETURN sealed;
END $$;

-- Begin an era when the database was restored into another cluster, where transactions are counted from elsewhere. Of the one before all is
-- final. Returns the present one.
CREATE FUNCTION geoservice.begin_audit_era() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    here CONSTANT text := (SELECT c.system_identifier::text FROM pg_control_system() AS c);
BEGIN
    UPDATE audit_head AS h SET era = h.era + 1, cluster = here WHERE h.cluster <> here;
    RETURN (SELECT h.era FROM audit_head AS h);
END $$;

-- An entry for each jurisdiction of which a statement wrote rows, however many. Arguments: the columns that a row is known by in both tables
-- of an UPDATE; what is told of it, and its jurisdiction, as SQL about r; and the columns that do not count.
CREATE FUNCTION geoservice.audit_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    verb CONSTANT text := CASE tg_op WHEN 'INSERT' THEN 'added' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END;
    rows CONSTANT text := CASE tg_op
        WHEN 'INSERT' THEN 'after AS r, (SELECT '''' AS names) AS c'
        WHEN 'DELETE' THEN 'before AS r, (SELECT '''' AS names) AS c'
        -- Of what somebody wrote, the names of columns alone; each row is told as jsonb once (OFFSET 0), and not for each of its columns.
        ELSE format('after AS r JOIN before AS o USING (%s), LATERAL (SELECT to_jsonb(r) AS new, to_jsonb(o) AS old OFFSET 0) AS v,'
                    ' LATERAL (SELECT string_agg(d.name, '','') AS names FROM jsonb_each(v.new) AS d (name, value)'
                    ' WHERE d.value IS DISTINCT FROM v.old -> d.name AND d.name <> ALL (%L::text[])) AS c',
                    tg_argv[0], tg_argv[3]) END;
    counted record;
BEGIN
    FOR counted IN EXECUTE format('SELECT %s AS j, count(*) AS n, array_agg(DISTINCT (%s)::text) AS told, string_agg(c.names, '','') AS names'
                                  ' FROM %s WHERE c.names IS NOT NULL GROUP BY 1', tg_argv[2], tg_argv[1], rows) LOOP
        PERFORM note_audit(tg_table_name || '_' || verb, counted.j, jsonb_strip_nulls(jsonb_build_object(
            'count', counted.n, 'ids', counted.told[1:20],
            'columns', CASE tg_op WHEN 'UPDATE' THEN ARRAY(SELECT DISTINCT unnest(string_to_array(counted.names, ',')) ORDER BY 1) END)));
    END LOOP;
    RETURN NULL;
END $$;

-- Have whatever is written to a table leave entries. Arguments as of audit_rows; of what the service itself writes there may be a record elsewhere.
CREATE FUNCTION geoservice.attach_audit(
    home regclass, known_by text, told text, jurisdiction text DEFAULT 'r.jurisdiction_id', uncounted text[] DEFAULT '{}',
    service boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    operation text;
    tables text;
BEGIN
    FOR operation, tables IN VALUES ('INSERT', 'NEW TABLE AS after'), ('UPDATE', 'OLD TABLE AS before NEW TABLE AS after'),
                                    ('DELETE', 'OLD TABLE AS before') LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT %s'
                       ' EXECUTE FUNCTION geoservice.audit_rows(%L, %L, %L, %L)', 'audit_' || lower(operation), operation, home, tables,
                       CASE WHEN service THEN '' ELSE 'WHEN (NOT geoservice.by_service())' END, known_by, told, jurisdiction, uncounted);
    END LOOP;
END $$;

-- Administration, by whatever door.
SELECT geoservice.attach_audit('geoservice.api_key', 'id', 'r.id', 'home_of_holder(NULL, r.id)');
SELECT geoservice.attach_audit('geoservice.access_grant', 'id', 'coalesce(r.login, r.key_id) || '' '' || r.role');
-- That somebody signed in has an entry of its own.
SELECT geoservice.attach_audit('geoservice.account', 'login', 'r.login', 'home_of_holder(r.login, NULL)', uncounted => ARRAY['signed_in_at']);
-- Of which step the last code was is in what it was shown for.
SELECT geoservice.attach_audit('geoservice.second_factor', 'login', 'r.login', 'home_of_holder(r.login, NULL)', ARRAY['last_step']);
SELECT geoservice.attach_audit('geoservice.account_link', 'issuer, subject', 'r.login', 'home_of_holder(r.login, NULL)');
SELECT geoservice.attach_audit('geoservice.login_grant', 'id', 'r.login');
SELECT geoservice.attach_audit('geoservice.jurisdiction', 'id', 'r.code', 'r.id');
SELECT geoservice.attach_audit('geoservice.staff', 'id', 'r.code');
SELECT geoservice.attach_audit('geoservice.posting', 'id', 'r.staff_code');
SELECT geoservice.attach_audit('geoservice.service', 'id', 'r.code');
SELECT geoservice.attach_audit('geoservice.working_hours', 'jurisdiction_id, weekday, opens', 'r.weekday');
SELECT geoservice.attach_audit('geoservice.calendar_day', 'jurisdiction_id, day', 'r.day');
SELECT geoservice.attach_audit('geoservice.layer', 'id', 'r.id', 'NULL::integer');
-- How far a webhook has come is no administration.
SELECT geoservice.attach_audit('geoservice.webhook', 'id', 'r.id', uncounted => ARRAY['sent_up_to']);
-- What the service does with an incident is in its history; who writes straight in the table is here.
SELECT geoservice.attach_audit('geoservice.incident', 'id', 'r.id', service => false);
-- Words that were erased, and what went by its time.
SELECT geoservice.attach_audit('geoservice.erasure', 'id', 'r.incident_id');
SELECT geoservice.attach_audit('geoservice.retention_run', 'id', 'r.kind');

-- Drafts, and what becomes of them.
CREATE FUNCTION geoservice.audit_edition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM note_audit(CASE tg_op WHEN 'INSERT' THEN 'draft_added' WHEN 'DELETE' THEN 'draft_removed' ELSE 'edition_' || new.status END,
                       coalesce(new.jurisdiction_id, old.jurisdiction_id),
                       jsonb_build_object('edition', coalesce(new.id, old.id)));
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR DELETE ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.audit_edition();
CREATE TRIGGER audit_status AFTER UPDATE OF status ON geoservice.edition FOR EACH ROW
    WHEN (new.status <> old.status AND new.status IN ('published', 'withdrawn')) EXECUTE FUNCTION geoservice.audit_edition();

-- What was done to a draft, once a transaction; the grids are in the step.
CREATE FUNCTION geoservice.audit_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM note_audit('draft_changed', e.jurisdiction_id, jsonb_build_object('edition', e.id, 'step', new.number, 'verb', new.verb,
                       'grids', (SELECT count(*) FROM draft_change AS c WHERE c.step_id = new.id)))
       FROM edition AS e WHERE e.id = new.edition_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit AFTER INSERT ON geoservice.draft_step DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION geoservice.audit_step();

-- What was done to a layer, once a transaction, by whatever door; what the rows were is in the change.
CREATE FUNCTION geoservice.audit_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM note_audit('layer_written', n.jurisdiction_id, jsonb_build_object('change', n.change_id, 'layer', n.layer,
                       'added', n.added, 'changed', n.changed, 'removed', n.removed))
       FROM change_count AS n WHERE (n.change_id, n.layer, n.jurisdiction_id) = (new.change_id, new.layer, new.jurisdiction_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit AFTER INSERT ON geoservice.change_count DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION geoservice.audit_change();
