-- What a service asks for beside words and a place, and what a report answered; and reports by when they changed.

ALTER TABLE geoservice.service
    ADD CONSTRAINT service_attributes_are_a_list CHECK (jsonb_typeof(attributes) = 'array');
ALTER TABLE geoservice.incident
    -- By the codes of the service's attributes; several values of one as a list.
    ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT incident_attributes_are_an_object
        CHECK (jsonb_typeof(attributes) = 'object' AND octet_length(attributes::text) <= 20000),
    ADD CONSTRAINT incident_attributes_without_personal_numbers
        CHECK (attributes = '{}' OR NOT geoservice.holds_personal_number(attributes::text));
CREATE INDEX ix_incident_updated_at ON geoservice.incident (updated_at);
