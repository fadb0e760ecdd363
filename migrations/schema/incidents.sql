-- Incidents, what their statuses mean, and the keys that keep a report from being stored twice.

-- Whether somebody still has to do something about an incident of a status.
CREATE FUNCTION geoservice.is_open(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status NOT IN ('closed', 'duplicate', 'cancelled');

-- Whether the clock of an incident of a status runs, unless it waits for its reporter: not once it is resolved, and not while it
-- is returned.
CREATE FUNCTION geoservice.clock_runs(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('reported', 'dispatched', 'accepted');

-- How urgent an incident is that somebody still has to do something about: the smaller, the more. What is late comes first, then
-- what has a limit, by when that is; then the rest, what waits longest first. Above 2e11: nobody has to do anything any more, and
-- the newest comes first. Seconds from a fixed instant, since how an instant is told depends on who asks.
CREATE FUNCTION geoservice.urgency_of(status text, overdue_at timestamptz, expected_at timestamptz, reported_at timestamptz)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN NOT isfinite(reported_at) THEN 0  -- the table takes none such, and says so
    WHEN NOT geoservice.is_open(status) THEN 3e11 - extract(epoch FROM reported_at - timestamptz '2000-01-01 00:00:00+00')
    WHEN overdue_at IS NOT NULL AND status <> 'resolved'
        THEN extract(epoch FROM coalesce(expected_at, overdue_at) - timestamptz '2000-01-01 00:00:00+00') - 1e11
    WHEN expected_at IS NOT NULL AND status <> 'resolved'
        THEN extract(epoch FROM expected_at - timestamptz '2000-01-01 00:00:00+00')
    ELSE extract(epoch FROM reported_at - timestamptz '2000-01-01 00:00:00+00') + 1e11 END;

CREATE TABLE geoservice.incident (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- What was reported
    service_code text COLLATE "C" NOT NULL,
    source text NOT NULL DEFAULT 'system' CHECK (source IN ('resident', 'patrol', 'camera', 'hotline', 'system')),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 4000),
    -- By the codes of the service's attributes; several values of one as a list.
    attributes jsonb NOT NULL DEFAULT '{}',
    -- Whoever writes 0, 0 in SQL means it; at the other doors it is a device's unknown place, and refused.
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    -- As sent, in declared_crs; the trigger's when the sender gave only geom. The bounds keep NaN and infinity out.
    received_x double precision NOT NULL CHECK (received_x BETWEEN -1e9 AND 1e9),
    received_y double precision NOT NULL CHECK (received_y BETWEEN -1e9 AND 1e9),
    declared_crs text NOT NULL DEFAULT 'wgs84'
        CHECK (declared_crs IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09') OR declared_crs ~ '^epsg:[1-9][0-9]{3,5}$'),
    accuracy_m double precision CHECK (accuracy_m BETWEEN 0 AND 1000),
    building_code text COLLATE "C",
    reported_at timestamptz NOT NULL DEFAULT now() CHECK (geoservice.is_instant(reported_at)),
    -- Of the token that the reporter holds. It names nobody.
    reporter_sha256 bytea CHECK (octet_length(reporter_sha256) = 32),
    -- Where it went: always the trigger's
    jurisdiction_id integer,
    edition_id bigint,
    grid_code text COLLATE "C",
    method text NOT NULL CHECK (method IN ('covers', 'nearest', 'building', 'manual', 'none')),
    distance_to_border_m double precision,
    near_border boolean NOT NULL,
    candidates jsonb,
    officer_code text COLLATE "C",
    -- The instant whose edition and postings it was routed by: when it was reported, or when a later edition moved it.
    routed_at timestamptz NOT NULL CHECK (isfinite(routed_at)),
    -- A person may overrule the rule, with a reason
    overrule_grid_code text COLLATE "C",
    overrule_reason text CHECK (char_length(overrule_reason) BETWEEN 1 AND 500),
    -- Somebody was named for it by a person; else whoever is posted to the grid has it.
    assigned_officer_code text COLLATE "C",
    -- What became of it
    status text NOT NULL DEFAULT 'reported' CHECK (status IN
        ('reported', 'dispatched', 'accepted', 'resolved', 'closed', 'returned', 'duplicate', 'cancelled')),
    status_since timestamptz NOT NULL DEFAULT now(),
    -- What was done last: a rule's id, and the words that came with it.
    step_rule text NOT NULL DEFAULT 'reported',
    step_reason text CHECK (char_length(step_reason) BETWEEN 1 AND 500),
    -- A question to the reporter is open since then.
    waiting_since timestamptz,
    -- The officer who accepted it is on the way since then; null again with another status or officer.
    set_out_at timestamptz,
    -- By when it should be resolved; null without a limit, and while the clock stands.
    expected_at timestamptz,
    -- What is left of the limit when the clock stands, seconds of work; below zero when it is late.
    work_left_s double precision,
    -- When it was found late; once for each time it is opened.
    overdue_at timestamptz,
    -- Found late, and somebody still has to see to it.
    late boolean NOT NULL GENERATED ALWAYS AS
        (overdue_at IS NOT NULL AND geoservice.is_open(status) AND status <> 'resolved') STORED,
    -- The order of lists: see urgency_of.
    urgency double precision NOT NULL GENERATED ALWAYS AS
        (geoservice.urgency_of(status, overdue_at, expected_at, reported_at)) STORED,
    duplicate_of uuid REFERENCES geoservice.incident,
    -- Of a duplicate: how far the incident has come that it ends at; always the trigger's.
    original_status text,
    closed_at timestamptz,
    rating smallint CHECK (rating BETWEEN 1 AND 5),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    -- As its service is: where and when it was reported is told to those alone who handle it. Always the trigger's.
    sensitive boolean NOT NULL DEFAULT false,
    -- When what people wrote in it and in its history was erased; null: it was not.
    words_gone_at timestamptz,
    -- Counts what functions of ours put right that is no step: nobody else may write it (rights.sql).
    upkeep integer NOT NULL DEFAULT 0 CHECK (upkeep >= 0),
    -- Tiles are told to everybody and kept outside of the database: what is sensitive is nowhere on them.
    geom_3857 geometry(Geometry, 3857) GENERATED ALWAYS AS
        (CASE WHEN sensitive THEN public.st_geomfromtext('POINT EMPTY', 3857) ELSE geoservice.web_mercator(geom) END) STORED,
    FOREIGN KEY (jurisdiction_id, service_code) REFERENCES geoservice.service (jurisdiction_id, code),
    CONSTRAINT incident_assigned_to_staff FOREIGN KEY (jurisdiction_id, assigned_officer_code)
        REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT incident_attributes_are_an_object
        CHECK (jsonb_typeof(attributes) = 'object' AND octet_length(attributes::text) <= 20000),
    CONSTRAINT incident_owned_or_queued CHECK ((grid_code IS NULL) = (method = 'none')),
    CONSTRAINT incident_set_out_when_accepted CHECK (set_out_at IS NULL OR status = 'accepted'),
    CONSTRAINT incident_overruled_with_a_reason CHECK ((overrule_grid_code IS NULL) = (overrule_reason IS NULL)),
    CONSTRAINT incident_closed_has_a_time CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT incident_rated_when_closed CHECK (rating IS NULL OR status IN ('closed', 'duplicate')),
    CONSTRAINT incident_reasons_say_something
        CHECK (geoservice.has_words(step_reason) AND geoservice.has_words(overrule_reason)),
    CONSTRAINT incident_duplicate_of_another
        CHECK (duplicate_of IS NULL OR (status = 'duplicate' AND duplicate_of <> id)),
    CONSTRAINT incident_without_personal_numbers CHECK (NOT geoservice.holds_personal_number(description)
        AND NOT geoservice.holds_personal_number(overrule_reason)),
    CONSTRAINT incident_step_without_personal_numbers CHECK (NOT geoservice.holds_personal_number(step_reason)),
    CONSTRAINT incident_attributes_without_personal_numbers
        CHECK (attributes = '{}' OR NOT geoservice.holds_personal_number(replace(attributes::text, '\n', ' ')))
);
-- Boxes are asked of one jurisdiction: with it in the index neither condition is left to look at rows for.
CREATE INDEX ix_incident_geom ON geoservice.incident USING gist (jurisdiction_id, geom);
CREATE INDEX ix_incident_grid_code ON geoservice.incident (jurisdiction_id, grid_code, status);
-- Lists by urgency, and how many there are of each kind, which is counted without looking at the rows.
CREATE INDEX ix_incident_urgency ON geoservice.incident (jurisdiction_id, urgency, id)
    INCLUDE (status, overdue_at, near_border, late, grid_code, officer_code, service_code, source, sensitive);
CREATE INDEX ix_incident_reported_at ON geoservice.incident (reported_at);
-- What may be about the same matter.
CREATE INDEX ix_incident_alike ON geoservice.incident (jurisdiction_id, service_code, reported_at) WHERE geoservice.is_open(status);
CREATE INDEX ix_incident_closed_at ON geoservice.incident (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX ix_incident_updated_at ON geoservice.incident (updated_at);
CREATE INDEX ix_incident_status_since ON geoservice.incident (status_since) WHERE status = 'resolved';
CREATE INDEX ix_incident_expected_at ON geoservice.incident (expected_at)
    WHERE overdue_at IS NULL AND geoservice.clock_runs(status);
CREATE INDEX ix_incident_overrule_grid_code ON geoservice.incident (jurisdiction_id, overrule_grid_code)
    WHERE overrule_grid_code IS NOT NULL;
CREATE INDEX ix_incident_words ON geoservice.incident (jurisdiction_id, status_since)
    WHERE words_gone_at IS NULL AND NOT geoservice.is_open(status);
CREATE INDEX ix_incident_duplicate_of ON geoservice.incident (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE UNIQUE INDEX ix_incident_reporter_sha256 ON geoservice.incident (reporter_sha256) WHERE reporter_sha256 IS NOT NULL;

INSERT INTO geoservice.layer (id, table_name, key_column, assignment, tiled, cell_level, counted)
VALUES ('incidents', 'incident', 'id', 'routing', '{status,service_code,source,late}', 17, '{status,late}');
SELECT geoservice.attach_tiles('incidents');

-- A report is as sensitive as its service, and none comes in of one that is retired.
CREATE FUNCTION geoservice.take_after_service() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    meant record;
BEGIN
    SELECT s.sensitive, s.retired INTO meant
      FROM service AS s WHERE s.jurisdiction_id = new.jurisdiction_id AND s.code = new.service_code;
    IF tg_op = 'INSERT' AND meant.retired THEN
        RAISE EXCEPTION 'The service % is retired.', new.service_code
            USING ERRCODE = 'check_violation', HINT = 'Take another one, or have this one brought back.';
    END IF;
    new.sensitive := coalesce(meant.sensitive, false);
    RETURN new;
END $$;
-- After `route`, by name: that finds the jurisdiction.
CREATE TRIGGER sensitive_as_its_service BEFORE INSERT ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep >= 0) EXECUTE FUNCTION geoservice.take_after_service();
CREATE TRIGGER sensitive_as_its_new_service BEFORE UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.service_code, new.jurisdiction_id, new.sensitive) IS DISTINCT FROM (old.service_code, old.jurisdiction_id, old.sensitive))
    EXECUTE FUNCTION geoservice.take_after_service();

-- What was reported of a service before it was said to be sensitive, or no longer to be, goes along.
CREATE FUNCTION geoservice.mark_reports_sensitive() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE incident AS i SET sensitive = new.sensitive, upkeep = i.upkeep + 1
     WHERE i.jurisdiction_id = new.jurisdiction_id AND i.service_code = new.code AND i.sensitive <> new.sensitive;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_reports AFTER UPDATE ON geoservice.service FOR EACH ROW
    WHEN (new.sensitive <> old.sensitive) EXECUTE FUNCTION geoservice.mark_reports_sensitive();

-- The same of a row, for lists of features.
CREATE FUNCTION geoservice.urgency(i geoservice.incident) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN i.urgency;

-- Reports and steps that came with a key of their sender's, so that one that is sent again is answered, not done again.
CREATE TABLE geoservice.report_key (
    key_sha256 bytea PRIMARY KEY CHECK (octet_length(key_sha256) = 32),          -- of the sender and the key
    request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),     -- of what came with it
    incident_id uuid NOT NULL REFERENCES geoservice.incident ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    -- The token that was given out: it opens with the key, which only its sender knows. Null: it was a step, which gives out none.
    sealed_token bytea CHECK (octet_length(sealed_token) = 32),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_report_key_at ON geoservice.report_key (at);
CREATE INDEX ix_report_key_incident_id ON geoservice.report_key (incident_id);
