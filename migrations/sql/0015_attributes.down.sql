ALTER TABLE geoservice.incident DROP COLUMN attributes;
DROP INDEX geoservice.ix_incident_updated_at;
ALTER TABLE geoservice.service DROP CONSTRAINT service_attributes_are_a_list;
