-- The keys of programs. A key of an officer names the member of staff who holds it, by code.

CREATE TABLE geoservice.api_key (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    role text NOT NULL CHECK (role IN
        ('reader', 'reporter', 'officer', 'dispatcher', 'analyst', 'auditor', 'admin')),
    label text NOT NULL CHECK (geoservice.is_name(label)),
    jurisdiction_id integer,
    staff_code text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT api_key_staff_of_a_jurisdiction CHECK ((jurisdiction_id IS NULL) = (staff_code IS NULL))
);
