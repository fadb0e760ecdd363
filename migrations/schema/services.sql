-- The services offered: what may be reported, and how long it may take.

CREATE TABLE geoservice.service (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    description text,
    category text,                            -- Open311 calls it group
    keywords text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '[]',   -- what it asks for beside words and a place
    limit_working_hours double precision CHECK (limit_working_hours > 0),
    sensitive boolean NOT NULL DEFAULT false, -- a dispute at home, say: its reports are told to those alone who handle them
    retired boolean NOT NULL DEFAULT false,   -- nothing new is reported of it; what was is handled to its end
    UNIQUE (jurisdiction_id, code),
    CONSTRAINT service_attributes_are_a_list CHECK (jsonb_typeof(attributes) = 'array')
);

-- The limit of a service, in seconds of work; null without one.
CREATE FUNCTION geoservice.limit_s(jurisdiction integer, service text) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.limit_working_hours * 3600 FROM geoservice.service AS s
     WHERE s.jurisdiction_id = jurisdiction AND s.code = service;
END;
