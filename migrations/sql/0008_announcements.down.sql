DROP TRIGGER announce ON geoservice.api_key;
DROP TRIGGER announce ON geoservice.posting;
DROP TRIGGER announce ON geoservice.staff;
DROP TRIGGER announce ON geoservice.jurisdiction;
DROP TRIGGER announce ON geoservice.edition;
DROP FUNCTION geoservice.announce_change();
DROP FUNCTION geoservice.fingerprints();
