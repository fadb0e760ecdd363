-- What a value may be: codes, names, words, positions and shapes. CHECKs ask is_..., triggers require_..., which says in a
-- sentence what is wrong.

-- True for text that can name a thing: 1 to 64 characters, NFC, nothing invisible, no space at its ends.
CREATE FUNCTION geoservice.is_code(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN char_length(code) BETWEEN 1 AND 64
   AND code IS NFC NORMALIZED
   AND code !~ '[[:cntrl:]\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\U000E0000-\U000E007F]'
   AND code !~ '^[\s\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]|[\s\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]$';

-- True for text that can be shown as a name: 1 to 200 characters without control or direction-changing characters.
CREATE FUNCTION geoservice.is_name(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN char_length(name) BETWEEN 1 AND 200
   AND name !~ '[[:cntrl:]\u061C\u180E\u2028-\u202E\u2060-\u206F\uFEFF\U000E0000-\U000E007F]';

-- True when the whole of a code is of a form, which is a regular expression of PostgreSQL. The collation is fixed, so that
-- letters and digits are the same ones in every database.
CREATE FUNCTION geoservice.has_form(code text, pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN code COLLATE "C" ~ ('^(?:' || pattern || ')$');

-- True when a text carries what looks like a mainland mobile number (11 digits, also after +86) or an identity number
-- (18 characters), written together or with spaces, dots and dashes between, in plain or full-width digits.
-- The service stores neither; geoservice.domain.privacy says the same to callers of the interface. Shorter words hold none
-- and are not searched: every report's words are asked, of three columns.
CREATE FUNCTION geoservice.holds_personal_number(words text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN char_length(words) >= 11
   AND regexp_replace(translate(words, '０１２３４５６７８９Ｘｘ＋－', '0123456789Xx+-'),
                      '(?<=[0-9])[-. \u00A0\u2010-\u2014\u3000]+(?=[0-9Xx])', '', 'g')
       ~ '(^|[^0-9])((\+?0{0,2}86)?1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9Xx])($|[^0-9])';

-- True for text that says why something was done: what can be shown as a name, with something to be seen in it, and no number of
-- a person.
CREATE FUNCTION geoservice.is_reason(reason text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN geoservice.is_name(reason) AND reason ~ '[^[:space:]\u00AD\u200B-\u200F\u3000]'
   AND NOT geoservice.holds_personal_number(reason);

-- True for a point on the earth. NaN sorts above every number in PostgreSQL, so BETWEEN refuses it, as it does infinity.
CREATE FUNCTION geoservice.is_position(geom geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NOT st_isempty(geom)
   AND st_x(geom) BETWEEN -180 AND 180
   AND st_y(geom) BETWEEN -90 AND 90;

-- More vertices than this are refused: whether a million of them are valid takes long to find out.
CREATE FUNCTION geoservice.max_vertices() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 100000;

-- True when the whole of a shape is on the earth; NaN and infinity are not.
CREATE FUNCTION geoservice.is_on_earth(geom geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN st_xmin(geom) BETWEEN -180 AND 180 AND st_xmax(geom) BETWEEN -180 AND 180
   AND st_ymin(geom) BETWEEN -90 AND 90 AND st_ymax(geom) BETWEEN -90 AND 90;

-- True for an area or a line that may be stored: not too many vertices (asked first), not empty, on the earth, valid. CASE, because AND promises no order.
CREATE FUNCTION geoservice.is_sound(geom geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN st_npoints(geom) > geoservice.max_vertices() THEN false
    WHEN st_npoints(geom) = 0 THEN false      -- st_isempty takes a polygon with an empty ring for a full one
    WHEN NOT geoservice.is_on_earth(geom) THEN false
    ELSE st_isvalid(geom)
END;

-- Refuse a geometry with a sentence that says what is wrong with it and where; the CHECKs only know yes and no.
-- what: how people call the row, e.g. 'grid 540502001'. Returns nothing; raises check_violation (23514).
CREATE FUNCTION geoservice.require_sound(geom geometry, what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF geom IS NULL THEN
        RAISE EXCEPTION '% has no geometry.', what
            USING ERRCODE = 'not_null_violation', HINT = 'Draw it, or leave the row out.';
    ELSIF st_npoints(geom) > max_vertices() THEN
        RAISE EXCEPTION '% has % vertices; % is the most.', what, st_npoints(geom), max_vertices()
            USING ERRCODE = 'check_violation', HINT = 'Simplify it, or split it into several.';
    ELSIF st_npoints(geom) = 0 THEN
        RAISE EXCEPTION '% has an empty geometry.', what
            USING ERRCODE = 'check_violation', HINT = 'Draw it, or leave the row out.';
    ELSIF NOT is_on_earth(geom) THEN
        RAISE EXCEPTION '% has coordinates that are not longitude and latitude: x % to %, y % to %.',
            what, st_xmin(geom), st_xmax(geom), st_ymin(geom), st_ymax(geom)
            USING ERRCODE = 'check_violation',
                  HINT = 'Transform it to EPSG:4326 first, for instance with ST_Transform or ogr2ogr -t_srs.';
    ELSIF NOT st_isvalid(geom) THEN
        RAISE EXCEPTION '% is not a valid geometry: %.', what, st_isvalidreason(geom)
            USING ERRCODE = 'check_violation', HINT = 'Mend it at the place named; nothing is repaired silently.';
    END IF;
END $$;

-- The same for a point.
CREATE FUNCTION geoservice.require_position(geom geometry, what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF geom IS NULL THEN
        RAISE EXCEPTION '% has no position.', what
            USING ERRCODE = 'not_null_violation', HINT = 'Give its longitude and latitude.';
    ELSIF NOT geoservice.is_position(geom) THEN
        RAISE EXCEPTION '% has a position that is not on the earth: %.', what, st_astext(geom)
            USING ERRCODE = 'check_violation',
                  HINT = 'Longitude lies between -180 and 180, latitude between -90 and 90, in this order.';
    END IF;
END $$;
