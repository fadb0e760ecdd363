-- The accounts of people, who sign in with a password and perhaps a code beside it; their sessions; and how often signing in failed. Only
-- whoever asks for everything sees rows (row_policies.sql): who somebody is, is found out before anything else is known of him.

-- A login name is of a post, not of a person: no name, and no number of anybody. What an account is for, its grants say (grants.sql).
CREATE TABLE geoservice.account (
    login text COLLATE "C" PRIMARY KEY
        CHECK (login ~ '^[a-z0-9][a-z0-9._-]{0,39}$' AND NOT geoservice.holds_personal_number(login)),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    must_change boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL CHECK (geoservice.is_name(created_by)),
    expires_at timestamptz,
    disabled_at timestamptz,
    signed_in_at timestamptz                  -- last
);

-- That somebody is signed in. It names the account alone: what its grants allow is read with it, each time. Nothing of where he sits or what
-- he uses is kept.
CREATE TABLE geoservice.session (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    by_provider boolean NOT NULL DEFAULT false,  -- an identity provider said who it is, in place of a password
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT session_ends_after_it_begins CHECK (expires_at > created_at)
);
CREATE INDEX ix_session_login ON geoservice.session (login);
CREATE INDEX ix_session_expires_at ON geoservice.session (expires_at);

-- Whoever is disabled signs in anew.
CREATE FUNCTION geoservice.end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now() WHERE login = NEW.login AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER UPDATE OF disabled_at ON geoservice.account
    FOR EACH ROW WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION geoservice.end_sessions();

-- Failures to sign in, by what they have in common: a name that was tried, or the network that tries came from; as hashes. Kept
-- here, so that a restart gives nobody new tries.
CREATE TABLE geoservice.sign_in_attempt (
    subject bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failed_at timestamptz NOT NULL DEFAULT now(),
    wait_until timestamptz
);
CREATE INDEX ix_sign_in_attempt_failed_at ON geoservice.sign_in_attempt (failed_at);

-- The second factor of an account: what its codes are made of (RFC 6238). Until one of them was shown it asks nobody. The secret has to be
-- known here to reckon with; logins of people may not read this table.
CREATE TABLE geoservice.second_factor (
    login text COLLATE "C" PRIMARY KEY REFERENCES geoservice.account,
    secret bytea NOT NULL CHECK (octet_length(secret) = 20),
    made_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_step bigint                          -- of the code that was accepted last: none of it or before is accepted any more
);

-- What stands in for a code when the phone is gone: each once, as hashes.
CREATE TABLE geoservice.recovery_code (
    login text COLLATE "C" REFERENCES geoservice.second_factor ON DELETE CASCADE,
    code_sha256 bytea CHECK (octet_length(code_sha256) = 32),
    PRIMARY KEY (login, code_sha256)
);

-- That a password was right, or that a provider said who it is, and a code is still to come: no session, and good for nothing else. It
-- holds the hash of the password, so that it is void when that is changed meanwhile.
CREATE TABLE geoservice.pending_sign_in (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    verified text NOT NULL,                   -- hash of the password of then
    by_provider boolean NOT NULL,             -- as of the session that will be
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_pending_sign_in_login ON geoservice.pending_sign_in (login);
CREATE INDEX ix_pending_sign_in_expires_at ON geoservice.pending_sign_in (expires_at);

-- As whom an identity provider (OpenID Connect) knows whose account it is: by the pair of issuer and subject, never by mail or name. An
-- administrator links them; nobody is made by signing in.
CREATE TABLE geoservice.account_link (
    issuer text COLLATE "C" CHECK (issuer ~ '^https?://[!-~]{1,250}$'),
    subject text COLLATE "C" CHECK (subject ~ '^[ -~]{1,255}$'),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX ix_account_link_login ON geoservice.account_link (login);

-- What began a sign-in by a provider that succeeded, as a hash: it is good for no second one.
CREATE TABLE geoservice.provider_sign_in (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_provider_sign_in_used_at ON geoservice.provider_sign_in (used_at);

-- Whoever came by a link that there is not any more signs in anew.
CREATE FUNCTION geoservice.end_linked_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now() WHERE login = OLD.login AND by_provider AND revoked_at IS NULL;
    DELETE FROM geoservice.pending_sign_in WHERE login = OLD.login AND by_provider;
    RETURN NULL;
END $$;
CREATE TRIGGER end_linked_sessions AFTER DELETE ON geoservice.account_link
    FOR EACH ROW EXECUTE FUNCTION geoservice.end_linked_sessions();
