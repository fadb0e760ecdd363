DROP TABLE geoservice.api_key, geoservice.service, geoservice.posting, geoservice.staff;
