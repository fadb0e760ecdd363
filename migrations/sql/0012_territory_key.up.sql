-- The hash of a code stands in front in the index that keeps spells of one code apart: GiST is slow at telling texts
-- from each other, and 10,000 grids were laid out in 0.2 s instead of 0.5 s. The code itself decides, as before.
ALTER TABLE geoservice.territory
    DROP CONSTRAINT territory_one_of_a_code,
    ADD CONSTRAINT territory_one_of_a_code EXCLUDE USING gist
        (hashtextextended(code, jurisdiction_id) WITH =, jurisdiction_id WITH =, code WITH =,
         tstzrange(lower(valid), upper(valid)) WITH &&, tstzrange(lower(known), upper(known)) WITH &&);
