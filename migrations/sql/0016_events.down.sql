DROP INDEX geoservice.ix_incident_event_jurisdiction_id_at;
DROP TABLE geoservice.report_key;
DROP FUNCTION geoservice.forget_told(integer);
DROP FUNCTION geoservice.number_outbox(integer, boolean);
DROP TRIGGER tell_events ON geoservice.incident_event;
DROP FUNCTION geoservice.tell_events();
DROP TABLE geoservice.outbox_head;
DELETE FROM geoservice.outbox WHERE incident_event_id IS NOT NULL;
DROP INDEX geoservice.ix_outbox_at;
ALTER TABLE geoservice.outbox
    DROP COLUMN number, DROP COLUMN incident_event_id;
ALTER TABLE geoservice.outbox
    ALTER COLUMN payload SET NOT NULL;
