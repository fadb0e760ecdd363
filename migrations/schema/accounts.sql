-- The accounts of people, who sign in with a password; their sessions; and how often signing in failed. Of accounts and sessions only
-- whoever asks for everything sees rows (row_policies.sql): who somebody is, is found out before anything else is known of him.

-- A login name is of a post, not of a person: no name, and no number of anybody. An account is for one jurisdiction or, without one,
-- for all; one of an officer names the member of staff, by code.
CREATE TABLE geoservice.account (
    login text COLLATE "C" PRIMARY KEY
        CHECK (login ~ '^[a-z0-9][a-z0-9._-]{0,39}$' AND NOT geoservice.holds_personal_number(login)),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    must_change boolean NOT NULL,
    role text NOT NULL CHECK (role IN
        ('reader', 'reporter', 'officer', 'dispatcher', 'analyst', 'publisher', 'steward', 'auditor', 'admin')),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,
    staff_code text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL CHECK (geoservice.is_name(created_by)),
    expires_at timestamptz,
    disabled_at timestamptz,
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT account_staff_of_a_jurisdiction CHECK (staff_code IS NULL OR jurisdiction_id IS NOT NULL),
    CONSTRAINT account_officer_is_somebody CHECK (role <> 'officer' OR staff_code IS NOT NULL)
);

-- That somebody is signed in. It names the account alone: role and place are read with it, each time. Nothing of where he sits or what
-- he uses is kept.
CREATE TABLE geoservice.session (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT session_ends_after_it_begins CHECK (expires_at > created_at)
);
CREATE INDEX ix_session_login ON geoservice.session (login);
CREATE INDEX ix_session_expires_at ON geoservice.session (expires_at);

-- Whoever is disabled, or is something else from now on, signs in anew.
CREATE FUNCTION geoservice.end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now() WHERE login = NEW.login AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER UPDATE OF role, jurisdiction_id, staff_code, disabled_at ON geoservice.account
    FOR EACH ROW WHEN ((OLD.role, OLD.jurisdiction_id, OLD.staff_code, OLD.disabled_at)
                       IS DISTINCT FROM (NEW.role, NEW.jurisdiction_id, NEW.staff_code, NEW.disabled_at))
    EXECUTE FUNCTION geoservice.end_sessions();

-- Failures to sign in, by what they have in common: a name that was tried, or the network that tries came from; as hashes. Kept
-- here, so that a restart gives nobody new tries.
CREATE TABLE geoservice.sign_in_attempt (
    subject bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failed_at timestamptz NOT NULL DEFAULT now(),
    wait_until timestamptz
);
CREATE INDEX ix_sign_in_attempt_failed_at ON geoservice.sign_in_attempt (failed_at);
