-- What was shown before publishing, to be compared with what is so then.

CREATE TABLE geoservice.preview (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    revision integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    fingerprint text NOT NULL,
    moves jsonb NOT NULL
);
CREATE INDEX ix_preview_edition_id ON geoservice.preview (edition_id);
