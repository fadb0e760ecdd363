-- Staff by code and call sign, and their postings.

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

-- In which order those who are posted to a grid come: the grid officer, a deputy, the police officer.
CREATE FUNCTION geoservice.posting_rank(role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(ARRAY['grid_officer', 'deputy', 'police_officer'], role);

-- Who is posted to a grid on a day: the grid officer, else a deputy. The planner takes it into the query that asks.
CREATE FUNCTION geoservice.posted_on(jurisdiction integer, grid text, day date, OUT staff_code text) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.staff_code
      FROM geoservice.posting AS p
     WHERE p.jurisdiction_id = jurisdiction
       AND p.grid_code = grid
       AND p.role IN ('grid_officer', 'deputy')
       AND daterange(p.valid_from, p.valid_to) @> day
     ORDER BY geoservice.posting_rank(p.role), p.staff_code
     LIMIT 1;
END;

-- The same of the day of an instant; null: nobody. Asked for whoever reports, too, who sees no posting. In PL/pgSQL, which keeps its
-- plan: as a function of SQL it was read and planned anew for every report, which took a third of all its time.
CREATE FUNCTION geoservice.officer_posted(jurisdiction integer, grid text, instant timestamptz, OUT staff_code text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    day CONSTANT date := (instant AT TIME ZONE (SELECT j.time_zone FROM jurisdiction AS j WHERE j.id = jurisdiction))::date;
BEGIN
    SELECT p.staff_code INTO officer_posted.staff_code FROM posted_on(jurisdiction, grid, day) AS p;
END $$;
