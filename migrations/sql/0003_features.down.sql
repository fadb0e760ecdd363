DROP TABLE geoservice.organisation, geoservice.camera, geoservice.household, geoservice.building,
    geoservice.basemap_feature;
DROP FUNCTION geoservice.guard_basemap_feature();
