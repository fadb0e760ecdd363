ALTER TABLE geoservice.territory
    DROP CONSTRAINT territory_one_of_a_code,
    ADD CONSTRAINT territory_one_of_a_code EXCLUDE USING gist
        (jurisdiction_id WITH =, code WITH =, tstzrange(lower(valid), upper(valid)) WITH &&,
         tstzrange(lower(known), upper(known)) WITH &&);
