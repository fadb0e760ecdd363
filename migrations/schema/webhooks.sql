-- Webhooks, and the ledger of what was sent to each: every event that a webhook is meant to hear of, one row.

CREATE TABLE geoservice.webhook (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,       -- null: events of all of them
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    topics jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(topics) = 'object'),
    label text NOT NULL DEFAULT '' CHECK (char_length(label) <= 200),
    -- Not hashes: messages are signed with them. Nobody but the service reads this table.
    secret text NOT NULL CHECK (secret LIKE 'whsec\_%'),
    previous_secret text CHECK (previous_secret LIKE 'whsec\_%'),
    previous_secret_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    disabled_at timestamptz,
    disabled_reason text CHECK (char_length(disabled_reason) BETWEEN 1 AND 200 AND geoservice.has_words(disabled_reason)),
    sent_up_to bigint NOT NULL CHECK (sent_up_to >= 0),               -- number of the last event that was fanned out
    CONSTRAINT webhook_previous_secret_ends CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
    CONSTRAINT webhook_disabled_for_a_reason CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CONSTRAINT webhook_without_personal_numbers
        CHECK (NOT geoservice.holds_personal_number(label) AND NOT geoservice.holds_personal_number(disabled_reason))
);
CREATE INDEX ix_webhook_jurisdiction_id ON geoservice.webhook (jurisdiction_id);

CREATE TABLE geoservice.delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id bigint NOT NULL REFERENCES geoservice.webhook ON DELETE CASCADE,
    number bigint NOT NULL CHECK (number > 0),                        -- of the event
    -- Not made of the number: in a restored database a number may be another event's, and a receiver would drop it.
    message_id text NOT NULL DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    type text NOT NULL,
    incident_id uuid,
    -- Within a lane, deliveries of one webhook go one after the other.
    lane text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(incident_id::text, type)) STORED,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,                                        -- somebody attempts it, and has until then
    hurried boolean NOT NULL DEFAULT false,                           -- was made due once before its time
    last_status smallint,
    last_reason text CHECK (char_length(last_reason) <= 200),
    at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    UNIQUE (webhook_id, number),
    CONSTRAINT delivery_delivered_at_an_instant CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT delivery_claimed_while_it_waits CHECK (claimed_until IS NULL OR status = 'waiting')
);
CREATE INDEX ix_delivery_due ON geoservice.delivery (webhook_id, due_at, number) WHERE status = 'waiting';
CREATE INDEX ix_delivery_lane ON geoservice.delivery (webhook_id, lane, number) WHERE status = 'waiting';
CREATE INDEX ix_delivery_webhook_id_status_number ON geoservice.delivery (webhook_id, status, number);
CREATE INDEX ix_delivery_at ON geoservice.delivery (at) WHERE status <> 'waiting';
