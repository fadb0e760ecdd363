-- Staff by code and call sign, their postings, the services offered, and the keys of programs.

CREATE TABLE geoservice.staff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    call_sign text NOT NULL CHECK (geoservice.is_name(call_sign)),   -- 网格员一号; never a person's name
    role text NOT NULL CHECK (role IN ('grid_officer', 'police_officer', 'dispatcher')),
    UNIQUE (jurisdiction_id, code)
);

CREATE TABLE geoservice.posting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL,
    staff_code text COLLATE "C" NOT NULL,
    grid_code text COLLATE "C" NOT NULL,       -- by code: a posting outlives the edition it was made in
    role text NOT NULL CHECK (role IN ('grid_officer', 'deputy', 'police_officer')),
    valid_from date NOT NULL,
    valid_to date,
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CHECK (valid_to > valid_from),
    -- One grid officer per grid and day.
    CONSTRAINT posting_one_grid_officer EXCLUDE USING gist
        (jurisdiction_id WITH =, grid_code WITH =, daterange(valid_from, valid_to) WITH &&)
        WHERE (role = 'grid_officer')
);
CREATE INDEX ix_posting_grid_code ON geoservice.posting (jurisdiction_id, grid_code);

CREATE TABLE geoservice.service (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    description text,
    category text,                            -- Open311 calls it group
    keywords text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '[]',
    limit_working_hours double precision CHECK (limit_working_hours > 0),
    UNIQUE (jurisdiction_id, code)
);

CREATE TABLE geoservice.api_key (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    role text NOT NULL CHECK (role IN
        ('reader', 'reporter', 'officer', 'dispatcher', 'analyst', 'auditor', 'admin')),
    label text NOT NULL CHECK (geoservice.is_name(label)),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
);
