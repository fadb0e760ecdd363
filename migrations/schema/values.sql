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

-- True for an instant that every program can tell: from 1900 to 2200, as at every other door. Of one before our era, or after the
-- year 9999, not even the list can be told in which it stands.
CREATE FUNCTION geoservice.is_instant(told timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN told BETWEEN timestamptz '1900-01-01 00:00:00+00' AND timestamptz '2200-01-01 00:00:00+00';

-- True when the whole of a code is of a form, which is a regular expression of PostgreSQL. The collation is fixed, so that
-- letters and digits are the same ones in every database.
CREATE FUNCTION geoservice.has_form(code text, pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN code COLLATE "C" ~ ('^(?:' || pattern || ')$');

-- What is looked for in words, as a regular expression: the texts of geoservice/domain/privacy.py, where each is explained.
CREATE FUNCTION geoservice.personal_numbers() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(replace(
        -- a mobile number, in groups of three digits and more
        '⊢(\+?0{0,2}86␣?)?(?![0-9]+\.[0-9]+(?!\.?[0-9]))1[3-9]([0-9]␣?[0-9]{4}␣?[0-9]{4}|[0-9]{2}␣?[0-9]{4}'
        || '␣?[0-9]{3}|[0-9]{2}␣?[0-9]{3}␣?[0-9]{4}|[0-9]␣?[0-9]{3}␣?[0-9]{5}|[0-9]{3}␣?[0-9]{6})(?![0-9])'
        -- digit by digit
        || '|(?<![0-9])1␣[3-9](␣[0-9]){9}(?![0-9])'
        -- in Chinese
        || '|[一幺壹][ -]?[三四五六七八九叁肆伍陆柒捌玖]([ -]?[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]){9}(?![〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖])'
        -- an identity number
        || '|(?<![0-9])(?=[0-9]{3}|([0-9]␣){17}[0-9x])[1-9](␣?[0-9]){5}␣?(1␣?[89]|2␣?0)(␣?[0-9]){2}␣?(0␣?[1-9]'
        || '|1␣?[0-2])␣?(0␣?[1-9]|[12]␣?[0-9]|3␣?[01])(␣?[0-9]){3}␣?[0-9x](?![0-9])'
        -- a telephone after its area code
        || '|⊢0[1-9][0-9]{1,2}␣?[2-8][0-9]{2,3}␣?[0-9]{4}(?![0-9])'
        -- an e-mail address
        || '|[0-9a-z_]@[0-9a-z-]+\.[a-z]{2}'
        -- a number plate
        || '|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-hj-np-z][ .·•-]?(?=[a-z]*[0-9])[0-9a-z]{4,5}[0-9a-z学警挂港澳]'
        || '(?![0-9a-z])'
        -- a messenger's id after its name
        || '|(微信|扣扣|(?<![a-z])(weixin|wechat|qq|[wv]x))((号码?|id)␣?(?=[0-9a-z_-]{5})[0-9a-z]|␣?(?=[0-9a-z_]{5})'
        || '[a-z_]{0,40}[0-9])',
    '⊢', '((?<![0-9a-z])|(?<=tel)|(?<=phone)|(?<=mobile)|(?<=call)|(?<=[wv]x))(?<![0-9][0-9]\.)'),
    '␣', '([\t-\r -/:-@\[-`{-~\u0080-\u00bf\u2000-\u206f\u2212\u3000-\u303f\u30fb]{1,4})');

-- Words in one spelling: NFKC, small letters, and nothing that nobody sees.
CREATE FUNCTION geoservice.plain_words(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(lower(normalize(words, NFKC) COLLATE "C"),
    '[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff]', '', 'g');

-- True when a text carries what looks like a number or an address by which a person is reached or known. The README says what is
-- looked for and what is not; geoservice.domain.privacy says the same to callers of the interface. Every report's words are asked,
-- of three columns: those without ten digits near each other, an @, a plate's beginning or a messenger's name hold none, which is
-- quickly seen.
CREATE FUNCTION geoservice.holds_personal_number(words text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN char_length(words) >= 6
   AND geoservice.plain_words(words) ~
       replace('[D]([^D]{0,4}[D]){9}|@|[一幺壹][ -]?[三四五六七八九叁肆伍陆柒捌玖]|微信|扣扣|wei?x|wec|qq|[wv]x'
               '|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z]',
               'D', '0-9٠-٩۰-۹०-९༠-༩⓿❶-❾➀-➈➊-➒⓵-⓽')
   AND regexp_replace(
           translate(geoservice.plain_words(words),
                     '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९༠༡༢༣༤༥༦༧༨༩⓿❶❷❸❹❺❻❼❽❾➀➁➂➃➄➅➆➇➈➊➋➌➍➎➏➐➑➒⓵⓶⓷⓸⓹⓺⓻⓼⓽',
                     '01234567890123456789012345678901234567890123456789123456789123456789123456789'),
           'https?://[!-~]+|([订工运]单号?|单号|order|ticket)( no\.?| number| id)?[ :#.-]{0,3}[0-9-]+', ' ', 'g')
       ~ geoservice.personal_numbers();

-- True for text that says something: a letter or a digit of any script is in it, not only blanks, signs and what nobody sees.
-- geoservice.domain.words says the same.
CREATE FUNCTION geoservice.has_words(words text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN words ~ '[^\u0001-/:-@\[-`{-\u00bf\u00d7\u00f7\u02b0-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u302a-\u3030\u30fb\u3164\ue000-\uf8ff\ufe00-\ufe6f\ufeff-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffa0\uffe0-\uffff\U0001F000-\U0001FAFF\U000E0000-\U0010FFFF]';

-- True for text that says why something was done: what can be shown as a name, with words in it, and no number of a person.
CREATE FUNCTION geoservice.is_reason(reason text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN geoservice.is_name(reason) AND geoservice.has_words(reason) AND NOT geoservice.holds_personal_number(reason);

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
