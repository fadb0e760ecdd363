-- Incidents and their append-only history.

CREATE TABLE geoservice.incident (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- What was reported
    service_code text COLLATE "C" NOT NULL,
    source text NOT NULL DEFAULT 'system' CHECK (source IN ('resident', 'patrol', 'camera', 'hotline', 'system')),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 4000),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    -- As sent, in declared_crs; the trigger's when the sender gave only geom. The bounds keep NaN and infinity out.
    received_x double precision NOT NULL CHECK (received_x BETWEEN -1e9 AND 1e9),
    received_y double precision NOT NULL CHECK (received_y BETWEEN -1e9 AND 1e9),
    declared_crs text NOT NULL DEFAULT 'wgs84'
        CHECK (declared_crs IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09') OR declared_crs ~ '^epsg:[1-9][0-9]{3,5}$'),
    accuracy_m double precision CHECK (accuracy_m BETWEEN 0 AND 1000),
    building_code text COLLATE "C",
    reported_at timestamptz NOT NULL DEFAULT now() CHECK (isfinite(reported_at)),
    -- Where it went: always the trigger's
    jurisdiction_id integer,
    edition_id bigint,
    grid_code text COLLATE "C",
    method text NOT NULL CHECK (method IN ('covers', 'nearest', 'building', 'manual', 'none')),
    distance_to_border_m double precision,
    near_border boolean NOT NULL,
    candidates jsonb,
    officer_code text COLLATE "C",
    -- A person may overrule the rule, with a reason
    overrule_grid_code text COLLATE "C",
    overrule_reason text CHECK (char_length(overrule_reason) BETWEEN 1 AND 500),
    -- What became of it
    status text NOT NULL DEFAULT 'reported' CHECK (status IN
        ('reported', 'dispatched', 'accepted', 'resolved', 'closed', 'returned', 'duplicate', 'cancelled')),
    closed_at timestamptz,
    rating smallint CHECK (rating BETWEEN 1 AND 5),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    FOREIGN KEY (jurisdiction_id, service_code) REFERENCES geoservice.service (jurisdiction_id, code),
    CONSTRAINT incident_overruled_with_a_reason CHECK ((overrule_grid_code IS NULL) = (overrule_reason IS NULL)),
    CONSTRAINT incident_closed_has_a_time CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT incident_rated_when_closed CHECK (rating IS NULL OR status = 'closed'),
    CONSTRAINT incident_without_personal_numbers CHECK (NOT geoservice.holds_personal_number(description)
        AND NOT geoservice.holds_personal_number(overrule_reason)),
    CONSTRAINT incident_owned_or_queued CHECK ((grid_code IS NULL) = (method = 'none'))
);
CREATE INDEX ix_incident_geom ON geoservice.incident USING gist (geom);
CREATE INDEX ix_incident_grid_code ON geoservice.incident (jurisdiction_id, grid_code, status);
CREATE INDEX ix_incident_reported_at ON geoservice.incident (reported_at);

-- No foreign key to incident: a history outlives what it tells of when retention removes that.
CREATE TABLE geoservice.incident_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    rule text NOT NULL,                       -- id of the rule that allowed or caused it
    from_status text,
    to_status text NOT NULL,
    from_grid_code text COLLATE "C",
    to_grid_code text COLLATE "C",
    method text,
    edition_id bigint,
    reason text
);
CREATE INDEX ix_incident_event_incident_id ON geoservice.incident_event (incident_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.incident_event
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.incident_event
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();
