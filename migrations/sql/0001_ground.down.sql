-- Roles stay: other databases of the cluster may use them. Extensions stay: other schemas may use them.
DROP FUNCTION geoservice.refuse_change();
DROP FUNCTION geoservice.actor();
DROP FUNCTION geoservice.require_position(geometry, text);
DROP FUNCTION geoservice.require_sound(geometry, text);
DROP FUNCTION geoservice.is_sound(geometry);
DROP FUNCTION geoservice.is_position(geometry);
DROP FUNCTION geoservice.holds_personal_number(text);
DROP FUNCTION geoservice.is_name(text);
DROP FUNCTION geoservice.is_code(text);
DROP SCHEMA geoservice;
