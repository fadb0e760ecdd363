-- The keys of programs. What a key is for, its grants say (grants.sql). When it gets another secret the one before may be good for a
-- while.

CREATE TABLE geoservice.api_key (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    label text NOT NULL CHECK (geoservice.is_name(label)),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT geoservice.actor() CHECK (geoservice.is_name(created_by)),
    expires_at timestamptz,
    revoked_at timestamptz,
    networks cidr[] NOT NULL DEFAULT '{}',    -- where alone it is good; none: wherever it is shown
    previous_sha256 bytea CHECK (octet_length(previous_sha256) = 32),
    previous_until timestamptz,
    CONSTRAINT api_key_previous_ends CHECK ((previous_sha256 IS NULL) = (previous_until IS NULL))
);

-- When a key was last used, to some minutes. Apart from the key: that it was used changes nothing of what is announced, held or audited.
CREATE TABLE geoservice.key_use (
    key_id text PRIMARY KEY REFERENCES geoservice.api_key,
    used_at timestamptz NOT NULL DEFAULT now()
);
