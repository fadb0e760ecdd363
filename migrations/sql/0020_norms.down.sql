DELETE FROM geoservice.finding WHERE unit IN ('households', 'parts');
ALTER TABLE geoservice.finding
    DROP CONSTRAINT finding_unit_check,
    ADD CONSTRAINT finding_unit_check CHECK (unit IN ('m2', 'm', 'grids', 'features', 'vertices'));
DROP TRIGGER guard_norms ON geoservice.jurisdiction;
DROP FUNCTION geoservice.guard_norms();
ALTER TABLE geoservice.jurisdiction
    DROP COLUMN households_min, DROP COLUMN households_max, DROP COLUMN grid_code_pattern;
DROP FUNCTION geoservice.has_form(text, text);
