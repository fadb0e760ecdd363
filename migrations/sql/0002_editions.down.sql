DROP FUNCTION geoservice.edition_hash(bigint);
DROP FUNCTION geoservice.require_publishable(geoservice.edition);
DROP TABLE geoservice.territory, geoservice.finding, geoservice.grid_lineage, geoservice.grid, geoservice.edition,
    geoservice.jurisdiction;
DROP FUNCTION geoservice.guard_jurisdiction();
DROP FUNCTION geoservice.keep_territory_defaults();
DROP FUNCTION geoservice.keep_territory();
DROP FUNCTION geoservice.guard_edition();
DROP FUNCTION geoservice.guard_grid();
