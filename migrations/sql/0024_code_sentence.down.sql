REVOKE EXECUTE ON FUNCTION geoservice.changed_grids(bigint, bigint) FROM geoservice_app;
DROP TRIGGER guard_naming ON geoservice.grid;
DROP FUNCTION geoservice.guard_grid_naming();
