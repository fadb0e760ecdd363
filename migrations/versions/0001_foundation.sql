-- The group roles and who is a member of whom. Roles belong to the cluster: no dump of a database holds them, so this file is run
-- before a schema is made and before a backup is restored. It is safe to repeat, and names nothing of the schema.

-- Group roles that the service hands out. None of them owns a table, so none can disable a trigger.
-- Roles belong to the cluster, not to this database: another database may have made them already.
DO $$
DECLARE
    group_role text;
BEGIN
    FOREACH group_role IN ARRAY ARRAY['geoservice_app', 'geoservice_analyst', 'geoservice_reader',
        'geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_several', 'geoservice_visitor'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = group_role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', group_role);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of this cluster made it a moment ago
        END;
        -- The service logs in as the owner and then works as geoservice_app: the owner must be a member.
        IF NOT pg_has_role(current_user, group_role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO %I', group_role, current_user);
        END IF;
    END LOOP;
    -- Whoever works as one of the scopes (scopes.sql) may what the service may, with fewer rows.
    FOREACH group_role IN ARRAY ARRAY['geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_visitor'] LOOP
        IF NOT pg_has_role(group_role, 'geoservice_app', 'MEMBER') THEN
            EXECUTE format('GRANT geoservice_app TO %I', group_role);
        END IF;
    END LOOP;
    -- Whose grants make him an officer in one jurisdiction and something else, there or elsewhere, sees what each of both policies shows.
    FOREACH group_role IN ARRAY ARRAY['geoservice_within', 'geoservice_officer'] LOOP
        IF NOT pg_has_role('geoservice_several', group_role, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO geoservice_several', group_role);
        END IF;
    END LOOP;
END $$;

-- The ground every table stands on: extensions, the schema, who acts, and what only grows.

CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public;
-- (edition_id, geom) in one GiST index; exclusion by jurisdiction and period.
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
CREATE SCHEMA IF NOT EXISTS geoservice;

-- Whether the service itself is logged in, not somebody who works straight in the tables.
CREATE FUNCTION geoservice.is_service() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_has_role(session_user, 'geoservice_app', 'MEMBER');

-- A person or program that acts, for histories: the database login, unless that is the service's, which says for whom.
CREATE FUNCTION geoservice.actor() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN geoservice.is_service()
    THEN coalesce(nullif(current_setting('geoservice.actor', true), ''), session_user::text)
    ELSE session_user::text
END;

-- For tables that only grow: refuse every UPDATE, DELETE and TRUNCATE.
CREATE FUNCTION geoservice.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are only ever added, never changed or removed.', tg_table_name
        USING ERRCODE = 'insufficient_privilege';
END $$;

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

-- Metres from degrees.

-- Metres per degree of longitude and of latitude on the WGS 84 ellipsoid at a latitude.
-- Distances are measured in the plane these two span around the position: stored borders are straight in degrees, so
-- they are straight in it, and any caller can repeat the arithmetic. Within 1 km it differs from the geodesic by less
-- than 0.1 %. Source: Snyder 1987, Map Projections, USGS PP 1395, p. 24-25 (radii of curvature); 6378137 m is the
-- semi-major axis, 0.00669437999014 the first eccentricity squared. At the poles a degree of longitude has no length;
-- the cosine is kept that of a millionth of a degree (11 cm) off them. The square of the sine is written by the cosine: that of
-- a latitude of 1e-200 would be an underflow, which PostgreSQL refuses.
CREATE FUNCTION geoservice.lon_degree_m(lat double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 6378137 * greatest(cosd(lat), 1.7453292519943e-8) / sqrt(1 - 0.00669437999014 * (1 - cosd(lat) * cosd(lat))) * pi() / 180;

CREATE FUNCTION geoservice.lat_degree_m(lat double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 6378137 * (1 - 0.00669437999014) / (1 - 0.00669437999014 * (1 - cosd(lat) * cosd(lat))) ^ 1.5 * pi() / 180;

-- Distance in metres from a place to a line or area, in the plane of the place.
CREATE FUNCTION geoservice.distance_m(place geometry, shape geometry, lon_m double precision, lat_m double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN st_distance(
    st_affine(shape, lon_m, 0, 0, lat_m, -st_x(place) * lon_m, -st_y(place) * lat_m), 'SRID=4326;POINT(0 0)'::geometry);

-- The meridian of 180 degrees, which is that of -180: stored shapes are cut along it (RFC 7946, 3.1.9), and the cut is no border.
-- layers/antimeridian.py says the same to Python.

-- A point as it is stored and asked about: of the two longitudes of that meridian, -180.
CREATE FUNCTION geoservice.on_one_side(place geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN st_x(place) = 180 THEN st_setsrid(st_makepoint(-180, st_y(place)), 4326) ELSE place END;

-- A place as it meets stored shapes: on that meridian the points on both sides of the cut. Ask st_intersects, which of an area
-- and a point is st_covers.
CREATE FUNCTION geoservice.on_both_sides(place geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(st_x(place)) = 180
            THEN st_collect(st_setsrid(st_makepoint(-180, st_y(place)), 4326), st_setsrid(st_makepoint(180, st_y(place)), 4326))
            ELSE place END;

-- The box so many degrees around a place; where that reaches across, all around the earth, for indexes are no wiser.
CREATE FUNCTION geoservice.box_around(place geometry, lon_deg double precision, lat_deg double precision) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(st_x(place)) + lon_deg < 180 THEN st_expand(place, lon_deg, lat_deg)
            ELSE st_makeenvelope(-180, st_y(place) - lat_deg, 180, st_y(place) + lat_deg, 4326) END;

-- True for a shape that comes so near to that meridian (1 km, as far as distances are asked for) that it may be met across.
CREATE FUNCTION geoservice.is_near_antimeridian(geom geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(st_xmax(geom), -st_xmin(geom))
       + 1010 / geoservice.lon_degree_m(least(greatest(st_ymax(geom), -st_ymin(geom)) + 0.01, 90)) >= 180;

-- True for a stored shape that lies across that meridian: wider than half the earth one way round, and not the other.
CREATE FUNCTION geoservice.lies_across(geom geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN st_xmax(geom) - st_xmin(geom) <= 180 THEN false
            ELSE st_xmax(st_shiftlongitude(geom)) - st_xmin(st_shiftlongitude(geom)) < 180
                 AND NOT EXISTS (SELECT FROM st_dump(geom) AS d WHERE st_xmax(d.geom) - st_xmin(d.geom) = 360) END;

-- The border of an area, as lines, for distances from any place: its rings; near that meridian without the cut, and drawn once
-- more on either side of the earth, so that it is beside every place that it is near.
CREATE FUNCTION geoservice.border_of(geom geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN st_multi(CASE
    WHEN geoservice.is_near_antimeridian(geom)
    THEN st_intersection(
        st_boundary(st_union(ARRAY[st_translate(geom, -360, 0), geom, st_translate(geom, 360, 0)])),
        st_makeenvelope(-360, -91, 360, 91, 4326))
    ELSE st_boundary(geom) END);

-- Distance in metres from a place to a shape that is small, whichever way around the earth is shorter; as distance_m.
CREATE FUNCTION geoservice.distance_across_m(place geometry, shape geometry, lon_m double precision, lat_m double precision)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN geoservice.is_near_antimeridian(shape)
    THEN least(geoservice.distance_m(place, shape, lon_m, lat_m),
               geoservice.distance_m(st_translate(place, CASE WHEN st_x(place) < 0 THEN 360 ELSE -360 END, 0), shape, lon_m, lat_m))
    ELSE geoservice.distance_m(place, shape, lon_m, lat_m) END;

-- Jurisdictions: an outline, how positions are measured in it, and what it wants of its grids.

CREATE TABLE geoservice.jurisdiction (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    -- Of its first edition; editions have their own.
    outline geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(outline)),
    -- What is not sure of the datum of the file that the outline came from, as was allowed; null: nothing.
    ballpark text CHECK (char_length(ballpark) BETWEEN 1 AND 500),
    metric_srid integer NOT NULL,             -- EPSG code of a metric CRS that fits the outline
    time_zone text NOT NULL DEFAULT 'Asia/Shanghai',
    snap_tolerance_m double precision NOT NULL DEFAULT 25 CHECK (snap_tolerance_m BETWEEN 0 AND 1000),
    accuracy_m double precision NOT NULL DEFAULT 15 CHECK (accuracy_m BETWEEN 0 AND 1000),
    -- What becomes of an open incident whose place goes to another grid: it stays, goes along, or a person is asked.
    reroute text NOT NULL DEFAULT 'move' CHECK (reroute IN ('keep', 'move', 'ask')),
    -- Norms: so many households in each grid, and codes of one form. The gate remarks on others.
    households_min integer NOT NULL DEFAULT 300 CHECK (households_min >= 0),
    households_max integer NOT NULL DEFAULT 500,
    grid_code_pattern text CHECK (char_length(grid_code_pattern) BETWEEN 1 AND 200),  -- null: any code
    attribution text CHECK (char_length(attribution) BETWEEN 1 AND 500),  -- whom maps of it have to name
    -- What visitors see of it: nothing; outline, grids and base map; or all that is not about people.
    visitors text NOT NULL DEFAULT 'grids' CHECK (visitors IN ('closed', 'grids', 'open')),
    -- Whether who drew a draft can neither publish it nor confirm its outline (four_eyes.sql).
    four_eyes boolean NOT NULL DEFAULT false,
    -- Retention, in days; null: kept. What people wrote of a report, after it was closed; messages of webhooks, after the event; what
    -- tells a report that is sent again, after it came; sessions, after their end.
    words_days integer DEFAULT 180 CHECK (words_days BETWEEN 8 AND 36500),
    deliveries_days integer DEFAULT 30 CHECK (deliveries_days BETWEEN 1 AND 36500),
    report_keys_days integer DEFAULT 7 CHECK (report_keys_days BETWEEN 1 AND 36500),
    sessions_days integer DEFAULT 7 CHECK (sessions_days BETWEEN 1 AND 36500),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT jurisdiction_households_min_to_max CHECK (households_max >= households_min)
);
CREATE INDEX ix_jurisdiction_outline ON geoservice.jurisdiction USING gist (outline);

-- The outline is what the first edition partitions; each edition keeps its own, and later ones may have another. So it stands still
-- once one is published, to the vertex (= compares every coordinate, in order).
CREATE FUNCTION geoservice.guard_jurisdiction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM geoservice.require_sound(new.outline, 'The outline of jurisdiction ' || new.code);
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = new.time_zone) THEN
        RAISE EXCEPTION 'Jurisdiction % names the unknown time zone %.', new.code, new.time_zone
            USING ERRCODE = 'check_violation', HINT = 'Use an IANA name such as Asia/Shanghai.';
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.spatial_ref_sys
         WHERE srid = new.metric_srid AND srtext LIKE 'PROJCS%' AND proj4text LIKE '%+units=m %'
    ) THEN
        RAISE EXCEPTION 'Jurisdiction % names EPSG:%, which is not a projected CRS in metres.', new.code, new.metric_srid
            USING ERRCODE = 'check_violation', HINT = 'Use a metric CRS of the area, such as EPSG:4542 or a UTM zone.';
    END IF;
    IF tg_op = 'UPDATE' AND NOT new.outline = old.outline AND EXISTS (
        SELECT FROM geoservice.edition WHERE jurisdiction_id = old.id AND geoservice.was_published(status)
    ) THEN
        RAISE EXCEPTION 'The outline of jurisdiction % is partitioned by a published edition and can not change.', old.code
            USING ERRCODE = 'insufficient_privilege', HINT = 'Give a new draft another outline: it is published with it.';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF code, outline, time_zone, metric_srid ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_jurisdiction();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- Say what is wrong before the CHECKs only say that something is; a pattern that can not be read would stop every gate.
CREATE FUNCTION geoservice.guard_norms() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reason text;
BEGIN
    IF new.households_min < 0 OR new.households_max < new.households_min THEN
        RAISE EXCEPTION 'A grid can not be wanted to have % to % households.', new.households_min, new.households_max
            USING ERRCODE = 'check_violation', HINT = 'Give a fewest of 0 or more, and a most that is not below it.';
    END IF;
    IF char_length(new.grid_code_pattern) NOT BETWEEN 1 AND 200 THEN
        RAISE EXCEPTION 'A code pattern has 1 to 200 characters, not %.', char_length(new.grid_code_pattern)
            USING ERRCODE = 'check_violation', HINT = 'Write a shorter one, or none when any code will do.';
    END IF;
    BEGIN
        PERFORM '' ~ new.grid_code_pattern;  -- by itself, or it could leave the brackets that has_form puts around it
        PERFORM has_form('', new.grid_code_pattern);
    EXCEPTION WHEN invalid_regular_expression THEN
        GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
        RAISE EXCEPTION 'The code pattern % can not be read: %.', new.grid_code_pattern, reason
            USING ERRCODE = 'check_violation', HINT = 'Write it as in 5405\d{11}: a regular expression of PostgreSQL.';
    END;
    RETURN new;
END $$;
CREATE TRIGGER guard_norms BEFORE INSERT OR UPDATE OF households_min, households_max, grid_code_pattern
    ON geoservice.jurisdiction FOR EACH ROW EXECUTE FUNCTION geoservice.guard_norms();

-- Whose rows a transaction sees. It works as one of the group roles that row policies are for (row_policies.sql) and says in
-- settings what they ask. A login of a person is seen by its own grant. Nothing that is set here can be trusted against whoever
-- writes SQL as the service: it is a wall against mistakes, the second behind the guards of the doors.

-- The jurisdictions, by id, that it was said to see; empty when none was.
CREATE FUNCTION geoservice.scope_jurisdictions() RETURNS integer[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('geoservice.jurisdictions', true), ''), '{}')::integer[];

-- The jurisdiction that whoever asks is an officer of, by id.
CREATE FUNCTION geoservice.scope_post() RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoservice.post', true), '')::integer;

-- The officer who asks, by code.
CREATE FUNCTION geoservice.scope_staff() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoservice.officer', true), '');

-- The grids that the officer is posted to today, as the days of the jurisdiction go.
CREATE FUNCTION geoservice.scope_grids() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT p.grid_code FROM posting AS p JOIN jurisdiction AS j ON j.id = p.jurisdiction_id
         WHERE p.jurisdiction_id = scope_post() AND p.staff_code = scope_staff()
           AND daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date);
END $$;

-- The incident whose reporter's token was shown, and what it is a duplicate of in the end.
CREATE FUNCTION geoservice.followed() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    token CONSTANT text := nullif(current_setting('geoservice.reporter', true), '');
BEGIN
    IF token IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(
        WITH RECURSIVE way AS (
            SELECT i.id, i.duplicate_of FROM incident AS i WHERE i.reporter_sha256 = decode(token, 'hex')
            UNION SELECT i.id, i.duplicate_of FROM way JOIN incident AS i ON i.id = way.duplicate_of)
        SELECT way.id FROM way);
END $$;

-- Whether whoever asks is told more of a jurisdiction than others are: of 'households' single ones and small counts, of 'sensitive'
-- reports where and when they were made, of 'drafts' of boundaries that there are any, of the 'audit' who did what, of 'webhooks' where to
-- it is sent. What is told, is said for all jurisdictions that he was said to see ('drafts'), or for one of them ('drafts:3'): grants differ by
-- place. Logins of people, who can set what they like, can not work as these roles.
CREATE FUNCTION geoservice.is_told(what text, jurisdiction integer) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('role') IN ('geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_several')
    AND (coalesce(what = ANY (string_to_array(current_setting('geoservice.told', true), ' ')), false)
         AND (cardinality(geoservice.scope_jurisdictions()) = 0 OR coalesce(jurisdiction = ANY (geoservice.scope_jurisdictions()), false))
         OR coalesce(what || ':' || jurisdiction = ANY (string_to_array(current_setting('geoservice.told', true), ' ')), false));

-- The jurisdictions of which he is told something, for policies that ask it of every row.
CREATE FUNCTION geoservice.told_jurisdictions(what text) RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    told CONSTANT text[] := string_to_array(current_setting('geoservice.told', true), ' ');
BEGIN
    RETURN CASE WHEN what = ANY (told) THEN scope_jurisdictions() ELSE '{}' END
        || ARRAY(SELECT split_part(t.told, ':', 2)::integer FROM unnest(told) AS t (told) WHERE starts_with(t.told, what || ':'));
END $$;

-- Whether he is told it as an officer: of his own grids, and of what he was named for.
CREATE FUNCTION geoservice.is_told_own(what text, jurisdiction integer) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('role') IN ('geoservice_everywhere', 'geoservice_officer', 'geoservice_several')
    AND coalesce('own_' || what = ANY (string_to_array(current_setting('geoservice.told', true), ' ')), false)
    AND coalesce(jurisdiction = geoservice.scope_post(), false);

-- The jurisdictions that show visitors what is not about people.
CREATE FUNCTION geoservice.open_jurisdictions() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j WHERE j.visitors = 'open');
END $$;

-- The jurisdictions that show them nothing.
CREATE FUNCTION geoservice.closed_jurisdictions() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j WHERE j.visitors = 'closed');
END $$;

-- The grants of people's logins to the database: as what each works, where, and until when. What a login may at all, its group role says:
-- whoever edits somewhere is a member of geoservice_analyst, and reads elsewhere as one of geoservice_reader does.
CREATE TABLE geoservice.login_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL,
    role text NOT NULL DEFAULT 'analyst' CHECK (role IN ('reader', 'analyst')),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,  -- null: everywhere
    valid_to timestamptz,                     -- null: without an end
    granted_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX ix_login_grant_once ON geoservice.login_grant (login, role, (coalesce(jurisdiction_id, 0)));

-- The jurisdictions that the present login edits.
CREATE FUNCTION geoservice.login_jurisdictions() RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j WHERE EXISTS (
        SELECT FROM login_grant AS g
         WHERE g.login = session_user AND g.role = 'analyst' AND coalesce(g.valid_to > now(), true)
           AND coalesce(g.jurisdiction_id, j.id) = j.id));
END $$;

-- The jurisdictions of which the present login is told what is not about people: its own, and what others show to visitors.
-- singly: features one by one, which an open one alone shows. editing: what analysts alone are told, where the login is one.
CREATE FUNCTION geoservice.seen_jurisdictions(singly boolean, editing boolean DEFAULT false) RETURNS integer[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT j.id FROM jurisdiction AS j
                  WHERE is_service() OR EXISTS (
                            SELECT FROM login_grant AS g
                             WHERE g.login = session_user AND coalesce(g.valid_to > now(), true)
                               AND coalesce(g.jurisdiction_id, j.id) = j.id AND (g.role = 'analyst' OR NOT editing))
                     OR j.visitors = 'open' OR (NOT singly AND j.visitors = 'grids'));
END $$;

-- Whether what a view tells is for whoever asks: to the service guards and row policies see, a login is told of some jurisdictions.
CREATE FUNCTION geoservice.is_seen(jurisdiction integer, seen integer[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('role') IN ('geoservice_everywhere', 'geoservice_within', 'geoservice_officer', 'geoservice_several', 'geoservice_visitor')
    OR coalesce(jurisdiction = ANY (seen), false);

-- Whether whoever writes may write what is a jurisdiction's. The owner of the schema, and whoever may become it, may.
CREATE FUNCTION geoservice.may_write(jurisdiction integer) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE current_setting('role')
    WHEN 'geoservice_everywhere' THEN true
    WHEN 'geoservice_within' THEN jurisdiction = ANY (geoservice.scope_jurisdictions())
    WHEN 'geoservice_officer' THEN jurisdiction = geoservice.scope_post()
    WHEN 'geoservice_several' THEN jurisdiction = ANY (geoservice.scope_jurisdictions()) OR jurisdiction = geoservice.scope_post()
    WHEN 'geoservice_visitor' THEN false
    ELSE geoservice.is_service() OR jurisdiction = ANY (geoservice.login_jurisdictions())
END;

-- Have a table without people show logins of people their jurisdictions, and what others show visitors. The service sees all of it: guards
-- say what of it is told.
CREATE FUNCTION geoservice.show_logins(home regclass, of_jurisdiction name, singly boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    seen CONSTANT text := format('%I = ANY ((SELECT geoservice.seen_jurisdictions(%L))::integer[])', of_jurisdiction, singly);
BEGIN
    PERFORM set_row_policy(home, 'geoservice_app', 'true', 'true');
    PERFORM set_row_policy(home, 'geoservice_reader', seen);
    PERFORM set_row_policy(home, 'geoservice_analyst', seen);
END $$;

-- Have a table show each role the rows that a condition names, and let it write those that another one does (null: none). As the
-- parts of a condition that ask for settings or postings stand in sub-selects, they are asked once a statement, not once a row.
CREATE FUNCTION geoservice.set_row_policy(home regclass, of_role text, reads text, writes text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    command text;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', home);
    FOREACH command IN ARRAY ARRAY['select', 'insert', 'update', 'delete'] LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON %s', of_role || '_' || command, home);
    END LOOP;
    IF reads IS NOT NULL THEN
        EXECUTE format('CREATE POLICY %I ON %s FOR SELECT TO %I USING (%s)', of_role || '_select', home, of_role, reads);
    END IF;
    IF writes IS NOT NULL THEN
        EXECUTE format('CREATE POLICY %I ON %s FOR INSERT TO %I WITH CHECK (%s)', of_role || '_insert', home, of_role, writes);
        EXECUTE format('CREATE POLICY %I ON %s FOR UPDATE TO %I USING (%s)', of_role || '_update', home, of_role, writes);
        EXECUTE format('CREATE POLICY %I ON %s FOR DELETE TO %I USING (%s)', of_role || '_delete', home, of_role, writes);
    END IF;
END $$;

-- Editions of a jurisdiction's grids, and what the gate found in them.

-- Whether an edition of a status is or was in force, or is meant for a day to come.
CREATE FUNCTION geoservice.was_published(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('published', 'superseded');

CREATE TABLE geoservice.edition (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    -- The edition this one was drawn from: the latest published when it was made. Null: there was none.
    base_id bigint REFERENCES geoservice.edition,
    title text NOT NULL CHECK (geoservice.is_name(title)),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'superseded', 'withdrawn')),
    -- Number of the last step: two equal revisions of a draft have equal grids.
    revision integer NOT NULL DEFAULT 0,
    valid_from timestamptz CHECK (isfinite(valid_from)),
    valid_to timestamptz CHECK (isfinite(valid_to)),
    source text,                              -- where the boundaries came from: a file name, a decree
    -- What its grids partition. A draft begins with the outline of its base, without one with that of its jurisdiction; another
    -- one (ground that was annexed, a better survey) is confirmed by somebody, with a reason, and published with the grids.
    outline geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(outline)),
    outline_reason text CHECK (geoservice.is_reason(outline_reason)),  -- null: as before, or not confirmed
    outline_confirmed_by text,
    -- What is not sure of the datum of a file that its grids or its outline came from, as was allowed; null: nothing.
    ballpark text CHECK (char_length(ballpark) BETWEEN 1 AND 500),
    -- Who had a hand in its draft, as histories name them: who made it, did a step, decided something, or drew what was taken over.
    drawn_by text[] NOT NULL DEFAULT ARRAY[geoservice.actor()],
    -- Why it is drawn, as its analyst tells whoever puts it in force; who asks for that, and at which revision: edited since, nobody does.
    note text CHECK (geoservice.is_reason(note)),
    asked_by text,
    asked_revision integer,
    validated_hash text,                      -- content that last went through validation: geoservice.edition_hash
    recorded_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    published_by text,
    CONSTRAINT edition_asked_by_somebody CHECK (num_nulls(asked_by, asked_revision) IN (0, 2)),
    CONSTRAINT edition_ends_after_it_begins CHECK (valid_to >= valid_from),
    CONSTRAINT edition_in_force_has_a_beginning
        CHECK (status IN ('draft', 'withdrawn') OR (valid_from IS NOT NULL AND published_at IS NOT NULL)),
    -- One edition in force per jurisdiction and instant.
    CONSTRAINT edition_one_in_force EXCLUDE USING gist
        (jurisdiction_id WITH =, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (geoservice.was_published(status))
);
CREATE INDEX ix_edition_jurisdiction_id ON geoservice.edition (jurisdiction_id);
CREATE INDEX ix_edition_base_id ON geoservice.edition (base_id);
CREATE INDEX ix_edition_outline ON geoservice.edition USING gist (outline);

-- The edition that was published last: what a new draft begins from, and what publishing must build on.
CREATE FUNCTION geoservice.latest_edition(jurisdiction integer) RETURNS bigint
LANGUAGE sql STABLE
RETURN (
    SELECT e.id FROM geoservice.edition AS e
     WHERE e.jurisdiction_id = jurisdiction AND e.status = 'published' AND e.valid_to IS NULL
);

-- The outline that a draft drawn from an edition begins with; base: null, drawn from nothing.
CREATE FUNCTION geoservice.outline_before(jurisdiction integer, base bigint) RETURNS geometry
LANGUAGE sql STABLE
RETURN coalesce((SELECT e.outline FROM geoservice.edition AS e WHERE e.id = base),
                (SELECT j.outline FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction));

-- A draft begins from what was published last, whoever makes it; that may be moved on later, never to another's.
CREATE FUNCTION geoservice.set_base() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        new.base_id := latest_edition(new.jurisdiction_id);
        new.revision := 0;
    ELSIF new.base_id IS DISTINCT FROM old.base_id AND new.base_id IS DISTINCT FROM latest_edition(new.jurisdiction_id) THEN
        RAISE EXCEPTION 'The base of edition % can only be moved to the edition published last.', old.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER set_base BEFORE INSERT OR UPDATE OF base_id ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.set_base();

-- What is not sure of the datum of the outline that a draft drawn from an edition begins with; base: null, drawn from nothing.
CREATE FUNCTION geoservice.ballpark_before(jurisdiction integer, base bigint) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN base IS NULL THEN (SELECT j.ballpark FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction)
            ELSE (SELECT e.ballpark FROM geoservice.edition AS e WHERE e.id = base) END;

-- A draft has the outline of its base, and goes along when that is moved on, until it is given another. What was confirmed is that
-- one outline is put in the place of another: when either is no longer the same, somebody must confirm it anew. = compares every
-- coordinate, in order. What is not sure of its datum comes along, and is told by the next look.
CREATE FUNCTION geoservice.set_outline() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    before CONSTANT geometry := outline_before(new.jurisdiction_id, new.base_id);
BEGIN
    IF (tg_op = 'INSERT' AND new.outline IS NULL) OR (tg_op = 'UPDATE' AND new.base_id IS DISTINCT FROM old.base_id) THEN
        new.ballpark := coalesce(new.ballpark, ballpark_before(new.jurisdiction_id, new.base_id));
    END IF;
    IF tg_op = 'UPDATE' AND new.ballpark IS DISTINCT FROM old.ballpark THEN
        new.validated_hash := NULL;
    END IF;
    new.outline := coalesce(new.outline, before);
    IF tg_op = 'UPDATE' AND new.base_id IS DISTINCT FROM old.base_id
        AND new.outline = outline_before(old.jurisdiction_id, old.base_id) THEN
        new.outline := before;
    END IF;
    PERFORM require_sound(new.outline, 'The outline of an edition');
    IF new.outline = before OR (tg_op = 'UPDATE' AND new.outline_reason = old.outline_reason
        AND (NOT new.outline = old.outline OR new.base_id IS DISTINCT FROM old.base_id)) THEN
        new.outline_reason := NULL;
    END IF;
    IF new.outline_reason IS NULL THEN
        new.outline_confirmed_by := NULL;
    ELSIF tg_op = 'INSERT' OR new.outline_reason IS DISTINCT FROM old.outline_reason THEN
        new.outline_confirmed_by := actor();
        IF tg_op = 'UPDATE' AND NOT new.outline = old.outline THEN
            new.drawn_by := new.drawn_by || actor();
        END IF;
        PERFORM require_confirmed_by_another(new);
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER set_outline BEFORE INSERT OR UPDATE OF base_id, outline, outline_reason, ballpark ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.set_outline();

-- Drafts that are drawn from nothing go along with the outline of their jurisdiction.
CREATE FUNCTION geoservice.follow_jurisdiction() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET outline = new.outline
     WHERE e.jurisdiction_id = new.id AND e.status = 'draft' AND e.base_id IS NULL AND e.outline = old.outline;
    UPDATE edition AS e SET outline_reason = NULL  -- what was confirmed was another change
     WHERE e.jurisdiction_id = new.id AND e.status = 'draft' AND e.base_id IS NULL AND NOT e.outline = new.outline;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_jurisdiction AFTER UPDATE OF outline ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.follow_jurisdiction();

-- What an edition may become. Publishing demands a validation of exactly this content without an error; a published
-- edition is never changed, only given its end; nothing in force is ever removed.
CREATE FUNCTION geoservice.guard_edition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF tg_op = 'INSERT' THEN
        IF new.status <> 'draft' OR new.validated_hash IS NOT NULL THEN
            RAISE EXCEPTION 'A new edition begins as a draft.'
                USING ERRCODE = 'insufficient_privilege', HINT = 'Fill it with grids, validate it, then publish it.';
        END IF;
        RETURN new;
    END IF;
    IF tg_op = 'DELETE' THEN
        IF old.status <> 'draft' THEN
            RAISE EXCEPTION 'Edition % is % and can not be removed.', old.id, old.status
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN old;
    END IF;
    IF (new.id, new.jurisdiction_id) IS DISTINCT FROM (old.id, old.jurisdiction_id) THEN
        RAISE EXCEPTION 'Edition % can not move to another jurisdiction.', old.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF old.status = 'draft' AND new.status IN ('draft', 'withdrawn') THEN
        RETURN new;
    ELSIF old.status = 'draft' AND new.status = 'published' THEN
        PERFORM geoservice.require_publishable(new);
        RETURN new;
    ELSIF was_published(old.status) AND new.status = 'superseded'
        -- Its end is set, or comes earlier than it was meant to: a later publication begins there.
        AND new.valid_to <= coalesce(old.valid_to, 'infinity')
        AND (to_jsonb(new) - ARRAY['status', 'valid_to']) = (to_jsonb(old) - ARRAY['status', 'valid_to'])
        AND new.outline = old.outline  -- to the last digit, which JSON has not
    THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'Edition % is % and can not be changed.', old.id, old.status
        USING ERRCODE = 'insufficient_privilege', HINT = 'Publish a new edition instead.';
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_edition();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.edition
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

CREATE TABLE geoservice.finding (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning')),
    grid_codes text[] NOT NULL,
    message text NOT NULL,
    size double precision,                    -- in the unit that follows
    unit text CHECK (unit IN ('m2', 'm', 'grids', 'features', 'vertices', 'households', 'parts')),
    geom geometry(Geometry, 4326)             -- where; null when it has no place
);
CREATE INDEX ix_finding_edition_id ON geoservice.finding (edition_id);

-- Codes that name another place from an edition on. A code names one place, so that old answers stay true; where the world does
-- otherwise, an analyst accepts it by name and says why, and what is asked about either time still finds its own place.
CREATE TABLE geoservice.reassigned_code (
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    reason text NOT NULL CHECK (geoservice.is_reason(reason)),
    accepted_by text NOT NULL DEFAULT geoservice.actor(),
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (edition_id, code)
);

-- It is accepted, or no longer, while the edition is a draft.
CREATE FUNCTION geoservice.guard_reassigned_code() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    edition_status text;
BEGIN
    SELECT e.status INTO edition_status FROM edition AS e
     WHERE e.id = CASE WHEN tg_op = 'DELETE' THEN old.edition_id ELSE new.edition_id END FOR NO KEY UPDATE;
    IF edition_status <> 'draft' THEN
        RAISE EXCEPTION 'The edition is %; which codes name another place is said while it is a draft.', edition_status
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it.';
    END IF;
    IF tg_op = 'INSERT' THEN
        PERFORM note_drawer(new.edition_id);
    END IF;
    RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON geoservice.reassigned_code
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_reassigned_code();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.reassigned_code
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- The grids of editions, what differs between two of them, and which grid came from which.

CREATE TABLE geoservice.grid (
    -- A GIS names every column when it inserts, the key too. guard_grid gives the number, whatever was sent.
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),   -- "C": ties go to the smallest code in byte order
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    parent_code text COLLATE "C" CHECK (geoservice.is_code(parent_code)),
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    properties jsonb NOT NULL DEFAULT '{}',
    -- Ground of the outline that belongs to nobody, and why: a face of the partition like any other, and no grid in force. Null: a grid.
    unowned_reason text CHECK (geoservice.is_reason(unowned_reason)),
    CONSTRAINT grid_code_once_per_edition UNIQUE (edition_id, code)
);
CREATE INDEX ix_grid_place ON geoservice.grid USING gist (edition_id, geom);
CREATE INDEX ix_grid_unowned ON geoservice.grid USING gist (geom) WHERE unowned_reason IS NOT NULL;

-- Grids change in drafts only, and a grid that can't be one is refused with its name. Writers of one draft take turns: what one
-- of them sees when he writes is what is there. Who draws a grid in a GIS is told what he left out; a grid without a name is
-- called by its code.
CREATE FUNCTION geoservice.guard_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    edition_status text;
BEGIN
    IF tg_op <> 'INSERT' THEN
        SELECT status INTO edition_status FROM geoservice.edition WHERE id = old.edition_id FOR NO KEY UPDATE;
        IF edition_status <> 'draft' THEN
            RAISE EXCEPTION 'Grid % belongs to an edition that is %; only a draft can be edited.', old.code, edition_status
                USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it and edit that.';
        END IF;
    END IF;
    IF tg_op = 'DELETE' THEN
        RETURN old;
    END IF;
    IF tg_op = 'INSERT' THEN
        IF new.id IS NULL OR NOT is_service() THEN
            new.id := nextval('grid_id_seq');
        END IF;
        new.name := coalesce(new.name, new.code);
    ELSIF new.id <> old.id THEN
        RAISE EXCEPTION 'Grid % keeps its id.', old.code USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF new.code IS NULL THEN
        RAISE EXCEPTION 'A grid has no code.' USING ERRCODE = 'not_null_violation', HINT = 'Give it one that is not taken.';
    END IF;
    SELECT status INTO edition_status FROM geoservice.edition WHERE id = new.edition_id FOR NO KEY UPDATE;
    IF edition_status IS NULL THEN
        RAISE EXCEPTION 'Grid % does not say to which draft it belongs.', new.code
            USING ERRCODE = 'not_null_violation', HINT = 'Give its edition_id: the number of the draft.';
    ELSIF edition_status <> 'draft' THEN
        RAISE EXCEPTION 'Grid % can not enter an edition that is %; only a draft can be edited.', new.code, edition_status
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from it and edit that.';
    ELSIF tg_op = 'UPDATE' AND new.edition_id <> old.edition_id THEN
        RAISE EXCEPTION 'Grid % can not move to another edition.', old.code USING ERRCODE = 'insufficient_privilege';
    ELSIF (tg_op = 'INSERT' OR new.code <> old.code)
        AND EXISTS (SELECT FROM grid AS g WHERE g.edition_id = new.edition_id AND g.code = new.code) THEN
        RAISE EXCEPTION 'There is a grid % in edition % already.', new.code, new.edition_id
            USING ERRCODE = 'unique_violation', HINT = 'Give it another code, or change the grid that is there.';
    END IF;
    PERFORM geoservice.require_sound(new.geom, 'Grid ' || new.code);
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON geoservice.grid
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_grid();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.grid
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- Say what is wrong with the code or the name of a grid before the CHECKs only say that something is, with the whole row: whoever
-- draws in a GIS reads what the database says.
CREATE FUNCTION geoservice.guard_grid_naming() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF NOT is_code(new.code) THEN
        RAISE EXCEPTION '"%" can not be the code of a grid.', left(new.code, 80)
            USING ERRCODE = 'check_violation',
                  HINT = 'A code has 1 to 64 characters, no blank in front or behind, and none that can not be seen.';
    END IF;
    RAISE EXCEPTION 'Grid % can not be called "%".', new.code, left(CASE WHEN is_name(new.name) THEN new.name_en ELSE new.name END, 80)
        USING ERRCODE = 'check_violation', HINT = 'A name has 1 to 200 characters, and none that can not be seen.';
END $$;
CREATE TRIGGER guard_naming BEFORE INSERT OR UPDATE OF code, name, name_en ON geoservice.grid FOR EACH ROW
    WHEN (NOT (geoservice.is_code(new.code) AND geoservice.is_name(new.name) AND coalesce(geoservice.is_name(new.name_en), true)))
    EXECUTE FUNCTION geoservice.guard_grid_naming();

-- Fingerprint of what a validation looks at: the outline, and codes and shapes of the grids in code order, with why nobody owns them.
CREATE FUNCTION geoservice.edition_hash(edition bigint) RETURNS text
LANGUAGE sql STABLE
RETURN (
    SELECT md5(md5(st_asbinary(e.outline)) || coalesce(
               (SELECT string_agg(g.code || ':' || md5(st_asbinary(g.geom)) || coalesce(':' || md5(g.unowned_reason), ''),
                                  ',' ORDER BY g.code)
                  FROM geoservice.grid AS g WHERE g.edition_id = e.id), ''))
      FROM geoservice.edition AS e WHERE e.id = edition
);

-- Faces that two editions do not have alike, by code; null: it has none. before: null for no edition.
-- A full join, so that the planner can not take it for a loop in a loop.
CREATE FUNCTION geoservice.changed_faces(before bigint, after bigint)
RETURNS TABLE (code text, old_geom geometry, new_geom geometry, old_owned boolean, new_owned boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT coalesce(o.code, n.code), o.geom, n.geom, o.owned, n.owned
      FROM (SELECT g.code, g.geom, g.unowned_reason IS NULL AS owned FROM grid AS g WHERE g.edition_id = changed_faces.before) AS o
      FULL JOIN (SELECT g.code, g.geom, g.unowned_reason IS NULL AS owned FROM grid AS g WHERE g.edition_id = changed_faces.after) AS n
        ON n.code = o.code
     WHERE o.geom IS DISTINCT FROM n.geom OR o.owned <> n.owned
$$;

-- The same of grids alone: ground that belongs to nobody is none.
CREATE FUNCTION geoservice.changed_grids(before bigint, after bigint)
RETURNS TABLE (code text, old_geom geometry, new_geom geometry)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT f.code, CASE WHEN f.old_owned THEN f.old_geom END, CASE WHEN f.new_owned THEN f.new_geom END
      FROM changed_faces(changed_grids.before, changed_grids.after) AS f
     WHERE f.old_owned OR f.new_owned
$$;

-- Edges of the grids of one edition, less those of another, each with how often it is left: an edge that two neighbours
-- share runs once each way and is not there. Only grids that differ are looked at. less: null for none.
CREATE FUNCTION geoservice.net_edges(edition bigint, less bigint)
RETURNS TABLE (x1 double precision, y1 double precision, x2 double precision, y2 double precision, times bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH shapes AS MATERIALIZED (SELECT c.old_geom, c.new_geom FROM changed_faces(net_edges.less, net_edges.edition) AS c),
    rings AS (
        SELECT 1 AS sign, st_forcepolygonccw(new_geom) AS geom FROM shapes WHERE new_geom IS NOT NULL
        UNION ALL
        SELECT -1, st_forcepolygonccw(old_geom) FROM shapes WHERE old_geom IS NOT NULL
    ),
    corners AS (
        SELECT r.sign, r.number, p.path[1] AS part, p.path[2] AS ring, p.path[3] AS place, st_x(p.geom) AS x, st_y(p.geom) AS y
          FROM (SELECT sign, geom, row_number() OVER () AS number FROM rings) AS r, st_dumppoints(r.geom) AS p
    ),
    edges AS (
        SELECT sign, x AS x1, y AS y1,
               lead(x) OVER ring_order AS x2, lead(y) OVER ring_order AS y2
          FROM corners
        WINDOW ring_order AS (PARTITION BY number, part, ring ORDER BY place)
    ),
    directed AS (
        SELECT CASE WHEN (x1, y1) < (x2, y2) THEN sign ELSE -sign END AS sign,
               CASE WHEN (x1, y1) < (x2, y2) THEN x1 ELSE x2 END AS x1, CASE WHEN (x1, y1) < (x2, y2) THEN y1 ELSE y2 END AS y1,
               CASE WHEN (x1, y1) < (x2, y2) THEN x2 ELSE x1 END AS x2, CASE WHEN (x1, y1) < (x2, y2) THEN y2 ELSE y1 END AS y2
          FROM edges WHERE x2 IS NOT NULL AND (x1, y1) <> (x2, y2)
    )
    SELECT x1, y1, x2, y2, sum(sign) FROM directed GROUP BY x1, y1, x2, y2 HAVING sum(sign) <> 0
$$;

-- Whether the grids of an edition partition the outline, by their edges alone, exact but for the rim.
-- Shared edges cancel out. If those that are left bound an area whose size is the sum of the grids', every place of it
-- is covered once: how often a place is covered is odd inside and even outside, never below 0, and the surplus adds up
-- to nothing. That area must be the outline, within a millionth of a millionth of it (a border that ends on the outline
-- puts a rounded vertex there). If a published base differs by edges that all cancel out, it partitions what the base did.
CREATE FUNCTION geoservice.partitions_outline(edition geoservice.edition) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    whole geometry;
    more_than_once boolean;
    surplus double precision;
BEGIN
    IF NOT EXISTS (SELECT FROM grid AS g WHERE g.edition_id = edition.id) THEN
        RETURN false;
    ELSIF EXISTS (SELECT FROM edition AS b
                   WHERE b.id = edition.base_id AND was_published(b.status) AND b.outline = edition.outline)
        AND NOT EXISTS (SELECT FROM net_edges(edition.id, edition.base_id)) THEN
        RETURN true;
    END IF;
    SELECT st_buildarea(st_collect(st_makeline(st_setsrid(st_makepoint(n.x1, n.y1), 4326),
                                               st_setsrid(st_makepoint(n.x2, n.y2), 4326)))),
           bool_or(abs(n.times) > 1)
      INTO whole, more_than_once
      FROM net_edges(edition.id, NULL) AS n;
    IF whole IS NULL OR more_than_once THEN
        RETURN false;
    END IF;
    SELECT sum(st_area(g.geom)) - st_area(whole) INTO surplus FROM grid AS g WHERE g.edition_id = edition.id;
    RETURN abs(surplus) <= 1e-12 * st_area(edition.outline)
       AND st_area(st_symdifference(whole, edition.outline)) <= 1e-12 * st_area(edition.outline);
END $$;

CREATE TABLE geoservice.grid_lineage (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    predecessor_code text COLLATE "C" NOT NULL,
    successor_code text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('split', 'merge', 'redraw', 'recode')),
    UNIQUE (edition_id, predecessor_code, successor_code)
);

-- Which grid came from which, of what differs between two editions. Both going on under their codes says nothing but redraw; a code
-- that names another place from here on is retired there and added here.
CREATE FUNCTION geoservice.lineage_between(before bigint, edition bigint)
RETURNS TABLE (predecessor_code text, successor_code text, kind text)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH changed AS MATERIALIZED (
        SELECT c.*, c.old_geom IS NOT NULL AND c.new_geom IS NOT NULL
                    AND NOT st_relate(c.old_geom, c.new_geom, 'T********') AS reassigned
          FROM changed_grids(lineage_between.before, lineage_between.edition) AS c
    ),
         pair AS MATERIALIZED (
        SELECT o.code AS predecessor, n.code AS successor, o.old_geom, n.new_geom,
               o.new_geom IS NULL OR o.reassigned AS retired, n.old_geom IS NULL OR n.reassigned AS added
          FROM changed AS o
         CROSS JOIN LATERAL (  -- by the index, each by itself: ten thousand with ten thousand took 25 s
            SELECT g.code FROM grid AS g WHERE g.edition_id = lineage_between.edition AND g.geom && o.old_geom OFFSET 0
         ) AS near
          JOIN changed AS n ON n.code = near.code
           AND (n.code = o.code AND NOT o.reassigned OR st_relate(n.new_geom, o.old_geom, 'T********'))
         WHERE o.old_geom IS NOT NULL
    ),
    kin AS (
        SELECT pair.*, count(*) OVER (PARTITION BY predecessor) AS successors, count(*) OVER (PARTITION BY successor) AS predecessors
          FROM pair
         WHERE (predecessor = successor AND NOT st_equals(old_geom, new_geom))  -- a vertex on a straight border is nothing
            OR ((retired OR added)
                AND st_area(st_intersection(old_geom, new_geom)) > 1e-6 * least(st_area(old_geom), st_area(new_geom)))
    )
    SELECT predecessor, successor,
           CASE WHEN predecessor = successor THEN 'redraw'
                WHEN retired AND added AND st_equals(old_geom, new_geom) THEN 'recode'
                WHEN added AND successors > 1 THEN 'split'
                WHEN retired AND predecessors > 1 THEN 'merge'
                ELSE 'redraw' END
      FROM kin
$$;

-- The same, kept of what an edition changes.
CREATE FUNCTION geoservice.write_lineage(edition bigint, before bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    INSERT INTO grid_lineage (edition_id, predecessor_code, successor_code, kind)
    SELECT write_lineage.edition, l.predecessor_code, l.successor_code, l.kind
      FROM lineage_between(write_lineage.before, write_lineage.edition) AS l
$$;

-- Who waits for whom. Publishing and writing take turns, the one who waits longest first; and what was known can be told once
-- no publication has an instant of knowledge and has not committed.
--
-- Nothing that somebody may do who only reads makes a writer wait. Turns are taken by advisory locks, which PostgreSQL lets everybody
-- take who may connect: one reader could keep every report out. So nobody takes one by himself: they are taken here, with the
-- owner's rights, by functions that only those may run who may write. And some commands wait for a table, with all writers behind
-- them, before they are refused: making a trigger, a rule, or a foreign key to it.

-- Refuse triggers and rules to whoever only reads, before the table is waited for. Who is in no group of ours does not find our tables.
CREATE FUNCTION geoservice.refuse_to_readers() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role(session_user, 'geoservice_reader', 'MEMBER')
       AND NOT pg_has_role(session_user, 'geoservice_analyst', 'MEMBER') AND NOT pg_has_role(session_user, 'geoservice_app', 'MEMBER')
    THEN
        RAISE EXCEPTION 'permission denied: whoever only reads may make no trigger and no rule'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Close the ways, in this database: a superuser must ask, for the functions of locks are the superuser's, and so are triggers of
-- commands. From then on nobody may take such a lock but the owner of the schema, with whose rights the functions below run; and
-- temporary tables, from which a foreign key may lead to ours, are for those who may write.
CREATE FUNCTION geoservice.close_locks() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    owner text := (SELECT n.nspowner::regrole FROM pg_namespace AS n WHERE n.nspname = 'geoservice');
    taken regprocedure;
BEGIN
    FOR taken IN
        SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', taken);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', taken, owner);
    END LOOP;
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, geoservice_reader', current_database());
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO geoservice_analyst, geoservice_app, %s', current_database(), owner);
    DROP EVENT TRIGGER IF EXISTS geoservice_readers;
    CREATE EVENT TRIGGER geoservice_readers ON ddl_command_start WHEN TAG IN ('CREATE TRIGGER', 'CREATE RULE')
        EXECUTE FUNCTION geoservice.refuse_to_readers();
END $$;

-- The lock of what is known of a jurisdiction's grids. Who publishes holds it alone from before its instant of knowledge until
-- it commits; who asks what was known waits for it, and holds nothing.
CREATE FUNCTION geoservice.publish_lock() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1802399575;

-- A writer of features or reports takes part in a jurisdiction until he commits: whoever publishes there waits for him, or he
-- for whoever publishes. Writers do not wait for each other. A view of the database that is older than the last publication
-- (REPEATABLE READ) can not say which grid owns a place: it is refused, to be tried again.
CREATE FUNCTION geoservice.lock_jurisdiction_shared(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(publish_lock(), jurisdiction);
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM FROM jurisdiction AS j WHERE j.id = lock_jurisdiction_shared.jurisdiction FOR SHARE;  -- raises when it was published since
    END IF;
END $$;

-- Wait until nobody writes in a jurisdiction, then keep it until the commit. A lock of its own and not one of the row: locks of
-- rows are given to whoever fits in, and writers who follow each other closely would never let a publication in; and a foreign
-- key takes the row's lock after that of a feature or a report, where publishing takes them the other way round.
CREATE FUNCTION geoservice.lock_jurisdiction_exclusive(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(publish_lock(), jurisdiction);
    -- A new version of the row, by which older views are told apart.
    UPDATE jurisdiction AS j SET recorded_at = j.recorded_at WHERE j.id = lock_jurisdiction_exclusive.jurisdiction;
END $$;

-- Wait until what was known at an instant is settled: until publications that began before now are in, or are not. One that
-- begins later has a later instant of knowledge. The answer must be asked for by a later statement of the same READ COMMITTED
-- transaction, with a snapshot that is not older than this. It costs a lock for each publication under way, not for each
-- jurisdiction there is, and lets go of it: whoever asks and then goes home keeps nobody from publishing. So readers may run it.
CREATE FUNCTION geoservice.wait_for_publications(known_at timestamptz, only_in integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    -- A standby knows what it has followed; who publishes elsewhere holds no lock here.
    latest CONSTANT timestamptz := CASE WHEN pg_is_in_recovery()
        THEN coalesce(pg_last_xact_replay_timestamp(), '-infinity') ELSE clock_timestamp() END;
    publishing integer;
BEGIN
    IF known_at > latest THEN
        RAISE EXCEPTION 'What was known at % is not known here yet.', known_at
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('Here it is %s. Ask for an instant that has been, or leave known_at out.', latest);
    END IF;
    FOR publishing IN
        SELECT l.objid::bigint FROM pg_locks AS l
         WHERE l.locktype = 'advisory' AND l.classid::bigint = publish_lock() AND l.objsubid = 2
           AND l.mode = 'ExclusiveLock' AND l.granted
           AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
           AND (only_in IS NULL OR l.objid::bigint = only_in)
    LOOP
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(publish_lock(), publishing);
            RAISE EXCEPTION 'given back' USING ERRCODE = 'GS000';
        EXCEPTION WHEN SQLSTATE 'GS000' THEN
            NULL;
        END;
    END LOOP;
END $$;

-- Territory by spells: a grid that an edition leaves as it was goes on, only what is redrawn ends and begins. So
-- publishing costs what it changes, and a look-up does not meet a copy of every grid for every edition there ever was.
-- Each spell also says since when it is known, and until when it was believed: a correction that is entered later never
-- changes what was answered before.

-- Which edition was in force, and when that was known. Only publishing writes here, and to territory.
CREATE TABLE geoservice.edition_period (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    valid tstzrange NOT NULL CHECK (NOT isempty(valid)),       -- held in the world, half-open
    known tstzrange NOT NULL CHECK (NOT isempty(known)),       -- believed by us, half-open
    CONSTRAINT edition_period_one_at_an_instant EXCLUDE USING gist
        (jurisdiction_id WITH =, valid WITH &&, known WITH &&)
);
CREATE INDEX ix_edition_period_edition_id ON geoservice.edition_period (edition_id);

-- What look-ups read: each grid that is or was in force, with its period, flat and in one index. Joining jurisdiction, edition
-- and grid at every look-up took twice as long.
CREATE TABLE geoservice.territory (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    jurisdiction_code text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    name_en text,
    valid tstzrange NOT NULL CHECK (NOT isempty(valid)),
    known tstzrange NOT NULL CHECK (NOT isempty(known)),
    geom geometry(MultiPolygon, 4326) NOT NULL,
    border geometry(MultiLineString, 4326) NOT NULL,   -- border_of(geom), for distances
    snap_tolerance_m double precision NOT NULL,
    accuracy_m double precision NOT NULL,
    -- One spell of a code at an instant, as known at another. The hash of the code stands in front: GiST is slow at telling
    -- texts from each other, and 10,000 grids were published in 0.2 s instead of 0.5 s; the code itself decides. All of it is
    -- written as expressions, so that no look-up by instant or by code takes this index for its own.
    CONSTRAINT territory_one_of_a_code EXCLUDE USING gist
        (hashtextextended(code, jurisdiction_id) WITH =, (jurisdiction_id::text || ' ' || code) WITH =,
         tstzrange(lower(valid), upper(valid)) WITH &&, tstzrange(lower(known), upper(known)) WITH &&)
);
-- Uncompressed: a look-up reads the shape far more often than the disk is short of room.
ALTER TABLE geoservice.territory ALTER COLUMN geom SET STORAGE EXTERNAL, ALTER COLUMN border SET STORAGE EXTERNAL;
-- SP-GiST found the covering grid of 275 in 13 us where GiST took 24.
CREATE INDEX ix_territory_geom ON geoservice.territory USING spgist (geom);
-- Publishing asks for every code that changes.
CREATE INDEX ix_territory_jurisdiction_id_code ON geoservice.territory (jurisdiction_id, code);

-- The edition of a jurisdiction in force at an instant, as it was known at another (infinity: as we know it now).
CREATE FUNCTION geoservice.edition_at(jurisdiction integer, instant timestamptz, known_at timestamptz DEFAULT 'infinity')
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.edition_id FROM geoservice.edition_period AS p
     WHERE p.jurisdiction_id = jurisdiction AND p.valid @> instant AND p.known @> known_at;
END;

-- The outline of a jurisdiction at an instant, as it was known at another: that of the edition in force; before the first edition,
-- of that one.
CREATE FUNCTION geoservice.outline_at(jurisdiction integer, instant timestamptz, known_at timestamptz DEFAULT 'infinity')
RETURNS geometry
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
    (SELECT e.outline FROM geoservice.edition_period AS p JOIN geoservice.edition AS e ON e.id = p.edition_id
      WHERE p.jurisdiction_id = jurisdiction AND p.known @> known_at AND coalesce(upper(p.valid), 'infinity') > instant
      ORDER BY lower(p.valid) LIMIT 1),
    (SELECT j.outline FROM geoservice.jurisdiction AS j WHERE j.id = jurisdiction));

-- The jurisdiction whose outline covers a place at an instant; of several the one of the smallest code.
CREATE FUNCTION geoservice.jurisdiction_around(place geometry, instant timestamptz, known_at timestamptz) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT j.id
      FROM (SELECT f.id FROM geoservice.jurisdiction AS f WHERE f.outline && geoservice.on_both_sides(place)
             UNION
            SELECT e.jurisdiction_id FROM geoservice.edition AS e WHERE e.outline && geoservice.on_both_sides(place) AND geoservice.was_published(e.status)
           ) AS near
      JOIN geoservice.jurisdiction AS j ON j.id = near.id
     WHERE st_intersects(geoservice.outline_at(j.id, instant, known_at), geoservice.on_both_sides(place))
     ORDER BY j.code LIMIT 1
);

-- Since when what is known of a jurisdiction's grids is known; null before its first publication. Whoever asks again with this
-- as the instant of knowledge is told the same: of one jurisdiction no other publication has an instant at or before it.
CREATE FUNCTION geoservice.known_since(jurisdiction integer) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT max(lower(p.known)) FROM geoservice.edition_period AS p WHERE p.jurisdiction_id = jurisdiction);

-- End what was in force from an instant on, and put an edition there. Grids that stay as they were go on.
-- starts: from when it holds; known_from: since when we know.
CREATE FUNCTION geoservice.apply_edition(edition bigint, starts timestamptz, known_from timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place jurisdiction%ROWTYPE;
BEGIN
    SELECT j.* INTO place FROM jurisdiction AS j JOIN edition AS e ON e.jurisdiction_id = j.id WHERE e.id = apply_edition.edition;
    -- What was believed is kept as it was; what is left of it in front of the new beginning is known anew.
    WITH ended AS (
        UPDATE edition_period AS p SET known = tstzrange(lower(p.known), known_from)
         WHERE p.jurisdiction_id = place.id AND upper_inf(p.known) AND p.valid && tstzrange(starts, NULL)
        RETURNING p.edition_id, p.valid
    )
    INSERT INTO edition_period (edition_id, jurisdiction_id, valid, known)
    SELECT n.edition_id, place.id, tstzrange(lower(n.valid), starts), tstzrange(known_from, NULL)
      FROM ended AS n WHERE lower(n.valid) < starts;
    INSERT INTO edition_period (edition_id, jurisdiction_id, valid, known)
    VALUES (apply_edition.edition, place.id, tstzrange(starts, NULL), tstzrange(known_from, NULL));
    WITH ended AS (
        UPDATE territory AS t SET known = tstzrange(lower(t.known), known_from)
         WHERE t.jurisdiction_id = place.id AND upper_inf(t.known) AND t.valid && tstzrange(starts, NULL)
           AND NOT (lower(t.valid) <= starts AND upper_inf(t.valid) AND EXISTS (
               SELECT FROM grid AS g
                WHERE g.edition_id = apply_edition.edition AND g.unowned_reason IS NULL AND g.code = t.code AND g.name = t.name
                  AND g.name_en IS NOT DISTINCT FROM t.name_en
                  AND g.geom = t.geom))  -- = compares every coordinate, in order
        RETURNING t.*
    )
    INSERT INTO territory (jurisdiction_id, jurisdiction_code, code, name, name_en, valid, known, geom, border,
                           snap_tolerance_m, accuracy_m)
    SELECT n.jurisdiction_id, n.jurisdiction_code, n.code, n.name, n.name_en, tstzrange(lower(n.valid), starts),
           tstzrange(known_from, NULL), n.geom, n.border, n.snap_tolerance_m, n.accuracy_m
      FROM ended AS n WHERE lower(n.valid) < starts;
    INSERT INTO territory (jurisdiction_id, jurisdiction_code, code, name, name_en, valid, known, geom, border,
                           snap_tolerance_m, accuracy_m)
    SELECT place.id, place.code, g.code, g.name, g.name_en, tstzrange(starts, NULL), tstzrange(known_from, NULL),
           g.geom, border_of(g.geom), place.snap_tolerance_m, place.accuracy_m
      FROM grid AS g
     WHERE g.edition_id = apply_edition.edition AND g.unowned_reason IS NULL AND g.code NOT IN (
        SELECT t.code FROM territory AS t
         WHERE t.jurisdiction_id = place.id AND upper_inf(t.known) AND upper_inf(t.valid));
END $$;

-- Publication lays the edition out, whoever wrote the row.
CREATE FUNCTION geoservice.publish_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(publish_lock(), new.jurisdiction_id);
    -- One publication after the other, of other jurisdictions too, as ANALYZE would have it anyhow: where jurisdictions overlap,
    -- none may become known later with an earlier instant.
    LOCK TABLE geoservice.territory IN SHARE UPDATE EXCLUSIVE MODE;
    PERFORM apply_edition(new.id, new.valid_from, clock_timestamp());  -- after whoever was told what is known until here
    ANALYZE geoservice.territory;  -- the planner must not meet a table it believes empty
    RETURN NULL;
END $$;
CREATE TRIGGER publish_territory AFTER UPDATE OF status ON geoservice.edition FOR EACH ROW
    WHEN (old.status = 'draft' AND new.status = 'published') EXECUTE FUNCTION geoservice.publish_territory();

-- Look-ups measure by what the jurisdiction says now.
CREATE FUNCTION geoservice.copy_to_territory() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.territory AS t
       SET jurisdiction_code = new.code, snap_tolerance_m = new.snap_tolerance_m, accuracy_m = new.accuracy_m
     WHERE t.jurisdiction_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER copy_to_territory AFTER UPDATE OF code, snap_tolerance_m, accuracy_m ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.copy_to_territory();

-- Codes of an edition that lie wholly elsewhere than the last grid of that code did, and until when that one was in force.
CREATE FUNCTION geoservice.reused_codes(edition bigint) RETURNS TABLE (code text, until timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT n.code, upper(last.valid)
      FROM edition AS e
     CROSS JOIN LATERAL changed_grids(e.base_id, e.id) AS n
     CROSS JOIN LATERAL (
        SELECT t.valid, t.geom FROM territory AS t
         WHERE t.jurisdiction_id = e.jurisdiction_id AND t.code = n.code AND upper_inf(t.known)
         ORDER BY upper(t.valid) DESC NULLS FIRST, t.id DESC LIMIT 1) AS last
     WHERE e.id = reused_codes.edition
       AND n.new_geom IS NOT NULL
       AND NOT st_relate(last.geom, n.new_geom, 'T********')
$$;

-- Raise unless an edition may be published: it has grids, it was validated as it stands, validation found no error, no
-- code goes to another place and no other outline is taken without being accepted, and its grids partition the outline. The last
-- is a second, independent look.
CREATE FUNCTION geoservice.require_publishable(edition geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    errors integer;
    reused record;
BEGIN
    IF edition.validated_hash IS DISTINCT FROM edition_hash(edition.id) THEN
        RAISE EXCEPTION 'Edition % was not validated as it stands now.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Validate it as it stands, then publish.',
                  CONSTRAINT = 'validate-edition', DETAIL = json_build_object('edition', edition.id)::text;
    END IF;
    SELECT count(*) INTO errors FROM finding AS f WHERE f.edition_id = edition.id AND f.severity = 'error';
    IF errors > 0 THEN
        RAISE EXCEPTION 'Edition % has % finding(s) of severity error.', edition.id, errors
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Mend them, validate again, then publish.';
    END IF;
    IF edition.outline_reason IS NULL AND NOT edition.outline = outline_before(edition.jurisdiction_id, edition.base_id) THEN
        RAISE EXCEPTION 'The outline of edition % is not the one before it, and nobody has confirmed that.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Look at what falls in and out; confirm it with a reason.',
                  CONSTRAINT = 'confirm-outline', DETAIL = json_build_object('edition', edition.id)::text;
    END IF;
    IF NOT partitions_outline(edition) THEN
        RAISE EXCEPTION 'The grids of edition % do not partition the outline that it has.', edition.id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Validate it as it stands, then publish.',
                  CONSTRAINT = 'validate-edition', DETAIL = json_build_object('edition', edition.id)::text;
    END IF;
    SELECT w.code, w.until INTO reused FROM reused_codes(edition.id) AS w
     WHERE NOT EXISTS (SELECT FROM reassigned_code AS r WHERE r.edition_id = edition.id AND r.code = w.code)
     ORDER BY w.code LIMIT 1;
    IF reused.code IS NOT NULL THEN
        RAISE EXCEPTION 'Grid % lies elsewhere than the last grid of that code%.', reused.code,
            coalesce(', which was in force until ' || reused.until, '')
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'A code names one place, so that old answers stay true: give this grid a new code, or accept it by name.';
    END IF;
END $$;

-- The rule of ownership, once, for every door: owner_of and the triggers that ask it.

CREATE TYPE geoservice.ownership AS (
    jurisdiction_id integer,
    edition_id bigint,
    territory_id bigint,
    grid_code text,
    grid_name text,
    method text,                              -- covers | nearest | none here; triggers add building and manual
    distance_to_border_m double precision,    -- to the nearest border; null when none lies within reach
    near_border boolean,                      -- the border is nearer than the sender's accuracy
    candidates jsonb,                         -- when near_border: [{"grid_code", "distance_m"}, ...], nearest first
    unowned_reason text                       -- why nobody owns it, when the edition leaves the place to nobody
);

-- The three questions below are what every look-up asks. They are SQL-standard bodies: what they mean was fixed when they
-- were made, so no operator or table that a caller puts into his search path can bend them, and the planner takes them
-- into the query that asks, so they cost nothing. (A SET clause would do the first and cost 7 us a look-up.)
-- lon_m, lat_m: metres per degree at the place, worked out once by whoever asks.
-- known_at: the instant whose knowledge is asked; infinity is ours.

-- The grids in force at an instant that cover a place: one, several on a border or where jurisdictions overlap.
-- only_in: id of the one jurisdiction to ask; null asks all. Relies on ix_territory_geom.
CREATE FUNCTION geoservice.grids_covering(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    known_at timestamptz
)
RETURNS TABLE (
    jurisdiction_id integer, jurisdiction_code text, edition_id bigint, territory_id bigint, code text, name text,
    to_border_m double precision, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.jurisdiction_id, t.jurisdiction_code,
           (SELECT p.edition_id FROM geoservice.edition_period AS p
             WHERE p.jurisdiction_id = t.jurisdiction_id AND p.valid @> instant AND p.known @> known_at),
           t.id, t.code, t.name,
           geoservice.distance_m(place, t.border, lon_m, lat_m), t.accuracy_m
      FROM geoservice.territory AS t
     WHERE st_intersects(t.geom, geoservice.on_both_sides(place))
       AND t.valid @> instant
       AND t.known @> known_at
       AND (only_in IS NULL OR t.jurisdiction_id = only_in);
END;

-- The jurisdiction whose edition leaves a place to nobody, and why; of several the one of the smallest code.
CREATE FUNCTION geoservice.unowned_at(place geometry, instant timestamptz, only_in integer, known_at timestamptz)
RETURNS TABLE (jurisdiction_id integer, edition_id bigint, reason text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.jurisdiction_id, p.edition_id, g.unowned_reason
      FROM geoservice.grid AS g
      JOIN geoservice.edition_period AS p ON p.edition_id = g.edition_id
      JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
     WHERE g.unowned_reason IS NOT NULL
       AND st_intersects(g.geom, geoservice.on_both_sides(place))
       AND p.valid @> instant
       AND p.known @> known_at
       AND (only_in IS NULL OR p.jurisdiction_id = only_in)
     ORDER BY j.code, g.code
     LIMIT 1;
END;

-- The grid that comes nearest to a place that none covers, if it is within its snap tolerance or the accuracy.
-- What is within its own tolerance goes first; equal within a micrometre is equal, whatever the last bit says.
CREATE FUNCTION geoservice.grid_nearest(
    place geometry, lon_m double precision, lat_m double precision, instant timestamptz, only_in integer,
    stated_accuracy_m double precision, known_at timestamptz
)
RETURNS TABLE (
    jurisdiction_id integer, edition_id bigint, territory_id bigint, code text, name text, to_border_m double precision,
    within_tolerance boolean, accuracy_m double precision
)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT near.jurisdiction_id,
           (SELECT p.edition_id FROM geoservice.edition_period AS p
             WHERE p.jurisdiction_id = near.jurisdiction_id AND p.valid @> instant AND p.known @> known_at),
           near.id, near.code, near.name, near.to_border_m,
           near.to_border_m <= near.snap_tolerance_m, near.accuracy_m
      FROM (
        SELECT t.jurisdiction_id, t.id, t.code, t.name, t.jurisdiction_code, t.snap_tolerance_m,
               coalesce(stated_accuracy_m, t.accuracy_m) AS accuracy_m,
               geoservice.distance_m(place, t.border, lon_m, lat_m) AS to_border_m
          FROM geoservice.territory AS t
         -- 1000 m: no tolerance or accuracy is larger; CHECKs and parsers say so.
         WHERE t.geom && geoservice.box_around(place, 1000 / lon_m, 1000 / lat_m)
           AND t.valid @> instant
           AND t.known @> known_at
           AND (only_in IS NULL OR t.jurisdiction_id = only_in)
      ) AS near
     WHERE near.to_border_m <= greatest(near.snap_tolerance_m, near.accuracy_m)
     ORDER BY near.to_border_m > near.snap_tolerance_m, round(near.to_border_m * 1e6), near.jurisdiction_code, near.code
     LIMIT 1;
END;

-- The grids of an edition within reach_m of a place, nearest first: [{"grid_code", "distance_m"}, ...].
-- covering: id of the spell that owns the place by covering it, at distance 0; null when none does. Another grid that
-- covers it too has it on its border, so the distance to the border is right for all but that one.
CREATE FUNCTION geoservice.grids_within(
    place geometry, lon_m double precision, lat_m double precision, jurisdiction integer, instant timestamptz,
    known_at timestamptz, reach_m double precision, covering bigint, OUT candidates jsonb
)
RETURNS SETOF jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(
               jsonb_build_object('grid_code', near.code, 'distance_m', round(near.distance_m::numeric, 3))
               ORDER BY near.distance_m, near.code)
      FROM (
        SELECT t.code,
               CASE WHEN t.id = covering THEN 0
                    ELSE geoservice.distance_m(place, t.border, lon_m, lat_m)
               END AS distance_m
          FROM geoservice.territory AS t
         WHERE t.jurisdiction_id = jurisdiction
           AND t.valid @> instant
           AND t.known @> known_at
           AND t.geom && geoservice.box_around(place, reach_m / lon_m, reach_m / lat_m)
      ) AS near
     WHERE near.distance_m <= reach_m;
END;

-- Which grid owns a position, by the rule of ownership: the covering grid, on a border the one with the smallest code
-- in byte order, outside all grids the nearest within the snap tolerance, else none.
-- place: Point, EPSG:4326. at: the edition valid then is asked. accuracy_m: the sender's, null for the jurisdiction's
-- default. only_in: id of the one jurisdiction to ask; null asks all (the smallest code wins where outlines overlap).
CREATE FUNCTION geoservice.owner_of(
    place geometry, at timestamptz DEFAULT now(), accuracy_m double precision DEFAULT NULL, only_in integer DEFAULT NULL,
    known_at timestamptz DEFAULT 'infinity'
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    answer geoservice.ownership;
    accuracy double precision;
    lon_m double precision;
    lat_m double precision;
    same_border_m CONSTANT double precision := 0.001;
BEGIN
    IF place IS NULL OR NOT geoservice.is_position(place) THEN
        PERFORM geoservice.require_position(place, 'The place');
    ELSIF accuracy_m IS NOT NULL AND NOT accuracy_m BETWEEN 0 AND 1000 THEN  -- NaN is above every number
        RAISE EXCEPTION 'The accuracy is 0 to 1000 metres, not %.', accuracy_m USING ERRCODE = 'check_violation';
    ELSIF at IS NULL OR known_at IS NULL THEN
        RAISE EXCEPTION 'The instant is null: nobody could own the place then.'
            USING ERRCODE = 'null_value_not_allowed', HINT = 'Leave it out to ask for now.';
    END IF;
    IF public.st_x(place) OPERATOR(pg_catalog.=) 180 THEN
        place := geoservice.on_one_side(place);
    END IF;
    lon_m := geoservice.lon_degree_m(public.st_y(place));
    lat_m := geoservice.lat_degree_m(public.st_y(place));
    SELECT g.jurisdiction_id, g.edition_id, g.territory_id, g.code, g.name, 'covers', g.to_border_m, g.accuracy_m
      INTO answer.jurisdiction_id, answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name, answer.method,
           answer.distance_to_border_m, accuracy
      FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in, known_at) AS g;
    -- Several grids can cover it only on their border, or where jurisdictions overlap: sorting always would be wasted.
    IF only_in IS NULL OR answer.distance_to_border_m OPERATOR(pg_catalog.<) same_border_m THEN
        SELECT g.jurisdiction_id, g.edition_id, g.territory_id, g.code, g.name, g.to_border_m, g.accuracy_m
          INTO answer.jurisdiction_id, answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name,
               answer.distance_to_border_m, accuracy
          FROM geoservice.grids_covering(place, lon_m, lat_m, at, only_in, known_at) AS g
         ORDER BY g.jurisdiction_code, g.code
         LIMIT 1;
    END IF;
    IF answer.territory_id IS NULL THEN
        answer := geoservice.owner_outside(place, at, accuracy_m, only_in, known_at);
        RETURN answer;
    END IF;
    accuracy := coalesce(accuracy_m, accuracy);
    answer.near_border := answer.distance_to_border_m OPERATOR(pg_catalog.<) accuracy;
    IF answer.near_border THEN
        SELECT w.candidates INTO answer.candidates
          FROM geoservice.grids_within(place, lon_m, lat_m, answer.jurisdiction_id, at, known_at, accuracy,
                                        answer.territory_id) AS w;
    END IF;
    RETURN answer;
END $$;

-- The second half of owner_of: nothing covers the place.
CREATE FUNCTION geoservice.owner_outside(
    place geometry, at timestamptz, accuracy_m double precision, only_in integer,
    known_at timestamptz
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership;
    near record;
    unowned record;
    lon_m CONSTANT double precision := lon_degree_m(st_y(place));
    lat_m CONSTANT double precision := lat_degree_m(st_y(place));
BEGIN
    answer.method := 'none';
    answer.near_border := false;
    SELECT * INTO unowned FROM unowned_at(place, at, only_in, known_at);
    answer.unowned_reason := unowned.reason;
    SELECT * INTO near
      FROM grid_nearest(place, lon_m, lat_m, at, coalesce(unowned.jurisdiction_id, only_in), accuracy_m, known_at);
    IF unowned.reason IS NOT NULL THEN  -- no grid gets it for being near
        answer.jurisdiction_id := unowned.jurisdiction_id;
        answer.edition_id := unowned.edition_id;
        IF near.territory_id IS NULL THEN
            RETURN answer;
        END IF;
    ELSIF near.territory_id IS NULL THEN  -- inside an outline without an edition then, or far away
        answer.jurisdiction_id := coalesce(only_in, jurisdiction_around(place, at, known_at));
        RETURN answer;
    END IF;
    answer.jurisdiction_id := near.jurisdiction_id;
    answer.edition_id := near.edition_id;
    answer.distance_to_border_m := near.to_border_m;
    IF near.to_border_m < near.accuracy_m THEN
        answer.near_border := true;
        SELECT w.candidates INTO answer.candidates
          FROM grids_within(place, lon_m, lat_m, near.jurisdiction_id, at, known_at, near.accuracy_m, NULL) AS w;
    END IF;
    IF near.within_tolerance AND unowned.reason IS NULL THEN
        answer.method := 'nearest';
        answer.territory_id := near.territory_id;
        answer.grid_code := near.code;
        answer.grid_name := near.name;
    END IF;
    RETURN answer;
END $$;

-- Layers: which tables hold features, and by which rule a grid owns them. What people read of a layer (titles, columns, looks) is
-- in the catalogue of the code, of own layers in their description; all else here is what the database itself must know.
CREATE TABLE geoservice.layer (
    id text COLLATE "C" PRIMARY KEY CHECK (geoservice.is_code(id)),
    table_name text COLLATE "C" NOT NULL,
    key_column text COLLATE "C" NOT NULL DEFAULT 'code',  -- names a feature within its jurisdiction
    geom_column text COLLATE "C" NOT NULL DEFAULT 'geom',
    -- place: the grid that owns its place. building: its building's grid; without one, that of its place. routing: an incident's,
    -- by the rules of routing. null: no grid owns it.
    assignment text CHECK (assignment IN ('place', 'building', 'routing')),
    personal boolean NOT NULL DEFAULT false,  -- rows about people: counts, which only the service reads
    -- How it is cut into tiles: which columns they tell (null: any may be told but grid_code and recorded_at); from which zoom on
    -- features are single; below it they are counted by cells, which at the last zoom before are tiles of this level (null: there is
    -- nothing below); and the columns by whose values they are counted.
    tiled text[],
    min_zoom smallint NOT NULL DEFAULT 14 CHECK (min_zoom BETWEEN 0 AND 16),
    cell_level smallint CHECK (cell_level BETWEEN min_zoom AND 24),
    counted text[] NOT NULL DEFAULT '{}',
    redrawn_whole boolean NOT NULL DEFAULT false,  -- few large features: a change of one gives all tiles another version, which is one row
    -- Of an own layer, what the catalogue of the code says of all others (layers/own_layers/description.py); null: it is in the code.
    description jsonb,
    since_change bigint NOT NULL DEFAULT 0,   -- changes up to this one touched another layer that was called so before
    CONSTRAINT layer_own_table CHECK (description IS NULL OR table_name = 'own_' || id)
);

-- Where a feature is, for the rule of ownership: a point itself, of anything else a point on it.
CREATE FUNCTION geoservice.place_of(geom geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN geometrytype(geom) = 'POINT' THEN geom ELSE st_pointonsurface(geom) END;

-- Give a feature the grid that owns its place now: what a writer puts into grid_code is overwritten. Argument: the type of its
-- geometry. By the edition of this moment, not of the moment when the writer's transaction began: a publication may have been in
-- between. The lock comes first: no publication is between the look-up and the writer's commit.
CREATE FUNCTION geoservice.assign_grid() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(new.jurisdiction_id);
    IF tg_argv[0] = 'Point' THEN
        PERFORM require_position(new.geom, initcap(regexp_replace(tg_table_name, '^own_', '')) || ' ' || new.code);
        new.geom := on_one_side(new.geom);
    ELSE
        PERFORM require_sound(new.geom, initcap(regexp_replace(tg_table_name, '^own_', '')) || ' ' || new.code);
    END IF;
    new.grid_code := (owner_of(place_of(new.geom), clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    RETURN new;
END $$;

-- The same for what stands in a building when it names one, like a household, and at its point when it does not.
CREATE FUNCTION geoservice.assign_grid_of_building() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(new.jurisdiction_id);
    PERFORM require_position(new.geom, initcap(tg_table_name) || ' ' || new.id);
    new.geom := on_one_side(new.geom);
    IF new.building_code IS NULL THEN
        new.grid_code := (owner_of(new.geom, clock_timestamp(), 0, new.jurisdiction_id)).grid_code;
    ELSE
        SELECT b.grid_code INTO new.grid_code FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
    END IF;
    RETURN new;
END $$;

-- What stands in a building goes where it goes. Argument: the table of what does.
CREATE FUNCTION geoservice.follow_building() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    EXECUTE format('UPDATE geoservice.%I SET grid_code = $1 WHERE jurisdiction_id = $2 AND building_code = $3', tg_argv[0])
      USING new.grid_code, new.jurisdiction_id, new.code;
    RETURN NULL;
END $$;

-- Make a table the home of a layer that is described in table layer: what finds its features by place and by grid, what gives
-- them their grid, what keeps their history, and who may read and write them. The table has id, jurisdiction_id, geom in EPSG:4326, its key and, when a grid
-- owns its features, grid_code. May be called again.
CREATE FUNCTION geoservice.attach_layer(layer text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
    home regclass;
    geometry_type text;
BEGIN
    SELECT * INTO STRICT described FROM layer AS l WHERE l.id = attach_layer.layer;
    home := format('geoservice.%I', described.table_name)::regclass;
    SELECT postgis_typmod_type(a.atttypmod) INTO STRICT geometry_type
      FROM pg_attribute AS a WHERE a.attrelid = home AND a.attname = 'geom';
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s USING gist (geom)', short_name('ix_' || described.table_name || '_geom'), home);
    IF described.assignment IS NOT NULL THEN
        EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (jurisdiction_id, grid_code)',
                       short_name('ix_' || described.table_name || '_grid_code'), home);
    END IF;
    IF described.assignment = 'place' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER assign_grid BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id ON %s'
                       ' FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid(%L)', home, geometry_type);
    ELSIF described.assignment = 'building' THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER assign_grid'
                       ' BEFORE INSERT OR UPDATE OF geom, grid_code, jurisdiction_id, building_code ON %s'
                       ' FOR EACH ROW EXECUTE FUNCTION geoservice.assign_grid_of_building()', home);
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON geoservice.building'
                       ' FOR EACH ROW WHEN (new.grid_code IS DISTINCT FROM old.grid_code)'
                       ' EXECUTE FUNCTION geoservice.follow_building(%L)',
                       'move_' || described.table_name, described.table_name);
    END IF;
    PERFORM attach_history(layer);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO geoservice_app', home);
    IF NOT described.personal THEN
        EXECUTE format('GRANT SELECT ON %s TO geoservice_reader, geoservice_analyst', home);
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO geoservice_analyst', home);
        PERFORM show_logins(format('geoservice.%I', short_name(described.table_name || '_history'))::regclass, 'jurisdiction_id',
                            singly => layer <> 'basemap');
        PERFORM attach_tiles(layer);
    END IF;
END $$;

-- Layers that are read and never assigned by a trigger of theirs: no attachment.
INSERT INTO geoservice.layer (id, table_name, key_column, assignment, personal) VALUES ('grids', 'territory', 'code', NULL, false);

-- Changes of layers: who, when, by which door, and what was before. Beside the table of each layer stands a twin that keeps the rows
-- which were changed or removed; the database writes it, whoever changes something.
--
-- A transaction is one change. What a row is now was made by the change that it names; what it was before is in the twin, from when
-- until when. Grids have a history of their own kind (territory), incidents another (incident_event).

CREATE TABLE geoservice.change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    door text NOT NULL CHECK (geoservice.is_code(door)),    -- sql, or as the service says: command, api …
    kind text NOT NULL CHECK (kind IN ('edit', 'import', 'undo')),
    undoes bigint REFERENCES geoservice.change,
    note text CHECK (geoservice.is_name(note)),             -- of an import: what was read
    xact bigint NOT NULL                      -- its transaction; says nothing once that has ended
);
CREATE INDEX ix_change_undoes ON geoservice.change (undoes);

-- What a change did to a layer in a jurisdiction.
CREATE TABLE geoservice.change_count (
    change_id bigint NOT NULL REFERENCES geoservice.change,
    layer text COLLATE "C" NOT NULL,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    added bigint NOT NULL DEFAULT 0,
    changed bigint NOT NULL DEFAULT 0,
    removed bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (change_id, layer, jurisdiction_id)
);
CREATE INDEX ix_change_count_jurisdiction_id ON geoservice.change_count (jurisdiction_id, change_id);

CREATE FUNCTION geoservice.this_transaction() RETURNS bigint LANGUAGE sql STABLE RETURN pg_current_xact_id()::text::bigint;

-- Begin the change of this transaction, or return the one that it is. The door is said by the service alone.
CREATE FUNCTION geoservice.begin_change(
    kind text DEFAULT 'edit', door text DEFAULT NULL, note text DEFAULT NULL, undoes bigint DEFAULT NULL
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    found bigint := nullif(current_setting('geoservice.change', true), '')::bigint;
BEGIN
    IF EXISTS (SELECT FROM change AS c WHERE c.id = found AND c.xact = this_transaction()) THEN
        RETURN found;
    END IF;
    INSERT INTO change (actor, door, kind, note, undoes, xact)
    VALUES (actor(), CASE WHEN is_service() THEN coalesce(begin_change.door, 'service') ELSE 'sql' END,
            begin_change.kind, begin_change.note, begin_change.undoes, this_transaction())
    RETURNING id INTO found;
    PERFORM set_config('geoservice.change', found::text, true);
    RETURN found;
END $$;

-- Which change the row that is written is made by; it is new from now on, unless an undoing says since when it was. The setting is
-- looked at first: asking for each of many rows takes long. That it is true is seen at the end of the statement.
CREATE FUNCTION geoservice.stamp_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    new.change_id := coalesce(nullif(current_setting('geoservice.change', true), '')::bigint, begin_change());
    IF tg_op = 'UPDATE' AND new.recorded_at = old.recorded_at THEN
        new.recorded_at := now();
    END IF;
    RETURN new;
END $$;

-- A writer says neither by which change a row is as it is, nor since when: what differs in nothing else stays as it was marked.
CREATE FUNCTION geoservice.keep_stamp() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    new.change_id := old.change_id;
    new.recorded_at := old.recorded_at;
    RETURN new;
END $$;

-- The history of a row is found by its id.
CREATE FUNCTION geoservice.refuse_other_id() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The id of a row of % stays what it is.', tg_table_name
        USING ERRCODE = 'insufficient_privilege', HINT = 'Leave id out of the UPDATE.';
END $$;

-- Refuse rows that name another change than that of their transaction: its setting was set by somebody else.
CREATE FUNCTION geoservice.require_own_change(stated bigint[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(stated) AS s (id)
                WHERE NOT EXISTS (SELECT FROM change AS c WHERE c.id = s.id AND c.xact = this_transaction())) THEN
        RAISE EXCEPTION 'The setting geoservice.change is the database''s own.'
            USING ERRCODE = 'insufficient_privilege', HINT = 'RESET geoservice.change, then do it again.';
    END IF;
END $$;

-- Count what a statement did to a layer. The counts are numbers by jurisdiction. Every door that writes features leads through
-- here, so here it is seen to that it is its writer's to write; a policy of the tables would shut COPY out.
CREATE FUNCTION geoservice.count_change(layer text, jurisdiction integer, added bigint, changed bigint, removed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT may_write(count_change.jurisdiction) THEN
        RAISE EXCEPTION 'What was to be written belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
    INSERT INTO change_count AS c (change_id, layer, jurisdiction_id, added, changed, removed)
    VALUES (begin_change(), count_change.layer, count_change.jurisdiction, count_change.added, count_change.changed, count_change.removed)
        ON CONFLICT (change_id, layer, jurisdiction_id) DO UPDATE
       SET added = c.added + excluded.added, changed = c.changed + excluded.changed, removed = c.removed + excluded.removed;
END $$;

-- Keep what a statement changed or removed. Arguments: the layer; its twin; the columns that are kept; what makes a row another one.
-- A row that was written twice in one transaction keeps what it was in between, for no time at all.
CREATE FUNCTION geoservice.keep_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    -- The rows of both tables of an UPDATE meet once, by their ids: asking the one for each of the other takes for ever.
    altered CONSTANT text := format('before AS old JOIN after AS new ON new.id = old.id AND (%s)', tg_argv[3]);
    kept CONSTANT text := format(
        'INSERT INTO geoservice.%I (%s, since, until, ended_by, operation)'
        ' SELECT %s, coalesce(m.at, old.recorded_at), greatest(e.at, m.at), e.id, %%s'
        '   FROM %%s LEFT JOIN geoservice.change AS m ON m.id = old.change_id, geoservice.change AS e WHERE e.id = $1',
        tg_argv[1], tg_argv[2], regexp_replace(tg_argv[2], '(^|, )', '\1old.', 'g'));
    stated bigint[];
    counted record;
BEGIN
    IF tg_op <> 'DELETE' THEN
        EXECUTE 'SELECT array_agg(DISTINCT new.change_id) FROM ' || CASE tg_op WHEN 'UPDATE' THEN altered ELSE 'after AS new' END
           INTO stated;
        PERFORM require_own_change(stated);
    END IF;
    IF tg_op = 'INSERT' THEN
        FOR counted IN EXECUTE 'SELECT jurisdiction_id AS j, count(*) AS n FROM after GROUP BY 1' LOOP
            PERFORM count_change(tg_argv[0], counted.j, counted.n, 0, 0);
        END LOOP;
    ELSIF tg_op = 'UPDATE' AND stated IS NOT NULL THEN
        -- Whoever looks for a key at an instant has to know of keys that became others, there or in another jurisdiction.
        EXECUTE format(kept, 'CASE WHEN new.code = old.code AND new.jurisdiction_id = old.jurisdiction_id THEN ''update'' ELSE ''rekey'' END',
                       altered) USING begin_change();
        FOR counted IN EXECUTE 'SELECT unnest(CASE WHEN new.jurisdiction_id = old.jurisdiction_id THEN ARRAY[new.jurisdiction_id]'
                               ' ELSE ARRAY[new.jurisdiction_id, old.jurisdiction_id] END) AS j, count(*) AS n'
                               ' FROM ' || altered || ' GROUP BY 1' LOOP
            PERFORM count_change(tg_argv[0], counted.j, 0, counted.n, 0);
        END LOOP;
    ELSIF tg_op = 'DELETE' THEN
        FOR counted IN EXECUTE 'SELECT jurisdiction_id AS j, count(*) AS n FROM before GROUP BY 1' LOOP
            PERFORM count_change(tg_argv[0], counted.j, 0, 0, counted.n);
        END LOOP;
        IF FOUND THEN
            EXECUTE format(kept, quote_literal('delete'), 'before AS old') USING begin_change();
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- The columns of a table that are kept: all that somebody wrote, and by which change. Which grid owns a feature is asked anew of the
-- editions, for any instant.
CREATE FUNCTION geoservice.kept_columns(home regclass) RETURNS TABLE (name name, type text, content boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attname NOT IN ('id', 'recorded_at', 'change_id')
      FROM pg_attribute AS a
     WHERE a.attrelid = home AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> 'grid_code'
     ORDER BY a.attnum
$$;

-- Give the table of a layer its twin, and what writes it. May be called again: columns that came since are added.
CREATE FUNCTION geoservice.attach_history(layer text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
    home regclass;
    twin text;
    kept record;
    listed text;
    differs text;
    operation text;
    tables text;
BEGIN
    SELECT * INTO STRICT described FROM layer AS l WHERE l.id = attach_history.layer;
    home := format('geoservice.%I', described.table_name)::regclass;
    twin := short_name(described.table_name || '_history');
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS recorded_at timestamptz NOT NULL DEFAULT now()', home);
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS change_id bigint', home);
    EXECUTE format('CREATE TABLE IF NOT EXISTS geoservice.%I (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
                   ' since timestamptz NOT NULL, until timestamptz NOT NULL, ended_by bigint NOT NULL,'
                   ' operation text NOT NULL)', twin);
    FOR kept IN SELECT * FROM kept_columns(home) LOOP
        EXECUTE format('ALTER TABLE geoservice.%I ADD COLUMN IF NOT EXISTS %I %s', twin, kept.name, kept.type);
    END LOOP;
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (id, seq)', short_name('ix_' || twin || '_id'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (jurisdiction_id, code)', short_name('ix_' || twin || '_code'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (jurisdiction_id, until) WHERE operation <> ''update''',
                   short_name('ix_' || twin || '_gone'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (ended_by)', short_name('ix_' || twin || '_ended_by'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON geoservice.%I (change_id)', short_name('ix_' || twin || '_change_id'), twin);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s (change_id)', short_name('ix_' || described.table_name || '_change_id'), home);
    SELECT string_agg(quote_ident(c.name), ', '), string_agg(unlike(c.name, c.type), ' OR ') FILTER (WHERE c.content)
      INTO listed, differs FROM kept_columns(home) AS c;
    -- After the other triggers that complete a row: PostgreSQL calls them in the order of their names.
    EXECUTE format('CREATE OR REPLACE TRIGGER stamp_new_version BEFORE INSERT ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION geoservice.stamp_version()', home);
    EXECUTE format('CREATE OR REPLACE TRIGGER stamp_next_version BEFORE UPDATE ON %s'
                   ' FOR EACH ROW WHEN (%s) EXECUTE FUNCTION geoservice.stamp_version()', home, differs);
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_stamp BEFORE UPDATE ON %s FOR EACH ROW'
                   ' WHEN ((old.change_id, old.recorded_at) IS DISTINCT FROM (new.change_id, new.recorded_at) AND NOT (%s))'
                   ' EXECUTE FUNCTION geoservice.keep_stamp()', home, differs);
    EXECUTE format('CREATE OR REPLACE TRIGGER refuse_other_id BEFORE UPDATE ON %s FOR EACH ROW'
                   ' WHEN (old.id IS DISTINCT FROM new.id) EXECUTE FUNCTION geoservice.refuse_other_id()', home);
    FOR operation, tables IN VALUES ('INSERT', 'NEW TABLE AS after'), ('UPDATE', 'OLD TABLE AS before NEW TABLE AS after'),
                                    ('DELETE', 'OLD TABLE AS before') LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION geoservice.keep_versions(%L, %L, %L, %L)',
                       'keep_versions_' || lower(operation), operation, home, tables, layer, twin, listed, differs);
    END LOOP;
    EXECUTE format('CREATE OR REPLACE TRIGGER keep_versions_truncate BEFORE TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_truncate()', home);
    EXECUTE format('GRANT SELECT ON geoservice.%I TO geoservice_app', twin);
    IF NOT described.personal THEN
        EXECUTE format('GRANT SELECT ON geoservice.%I TO geoservice_analyst', twin);
    END IF;
END $$;

-- Without a row to be kept there would be no history of it.
CREATE FUNCTION geoservice.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are removed by DELETE, which keeps what they were.', tg_table_name
        USING ERRCODE = 'insufficient_privilege', HINT = 'Write DELETE FROM in place of TRUNCATE.';
END $$;

-- The condition under which a column of the rows old and new differs. Types that nothing is equal in, such as json, are compared as they
-- are written. Of types that are not PostgreSQL's own, such as geometry, the operator is named: IS DISTINCT FROM is dumped without the
-- schema of its operator, and such a trigger could not be restored.
CREATE FUNCTION geoservice.unlike(name name, type text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT format(CASE WHEN NOT EXISTS (SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
                                         WHERE o.opcdefault AND o.opcintype = t.oid)
                       THEN 'old.%1$I::text IS DISTINCT FROM new.%1$I::text'
                       WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN 'old.%1$I IS DISTINCT FROM new.%1$I'
                       ELSE 'coalesce(NOT old.%1$I = new.%1$I, (old.%1$I IS NULL) <> (new.%1$I IS NULL))' END, name)
      FROM pg_type AS t WHERE t.oid = split_part(type, '(', 1)::regtype
$$;

-- Statements about a change $1 and the layer that it touched: what each feature was before it, by id; which ones it made or changed; which
-- are no more as it left them. What others changed and somebody put back is as it was left; so is what it removed and somebody brought
-- back as it was. A key that a feature is to have again is free when whoever has it now goes, or goes back to one of its own: such
-- features step aside first, to keys that nobody has, as a unique constraint looks at row after row.
CREATE FUNCTION geoservice.undoing_statement(what text, touched geoservice.layer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    home CONSTANT text := format('geoservice.%I', touched.table_name);
    twin CONSTANT text := format('geoservice.%I', short_name(touched.table_name || '_history'));
    was CONSTANT text := format('(SELECT * FROM (SELECT DISTINCT ON (id) * FROM %s WHERE ended_by = $1 ORDER BY id, seq) AS first'
                                '  WHERE first.change_id IS DISTINCT FROM $1)', twin);
    made CONSTANT text := format('(SELECT id FROM %s WHERE change_id = $1 UNION SELECT id FROM %s WHERE change_id = $1)', home, twin);
    columns text;
    settings text;
    differs text;
BEGIN
    SELECT string_agg(quote_ident(c.name), ', ') FILTER (WHERE c.name <> 'change_id'),
           string_agg(format('%1$I = was.%1$I', c.name), ', ') FILTER (WHERE c.name NOT IN ('id', 'change_id')),
           string_agg(unlike(c.name, c.type), ' OR ') FILTER (WHERE c.content)
      INTO columns, settings, differs FROM kept_columns(home::regclass) AS c;
    RETURN CASE what
        WHEN 'conflicts' THEN format(
            'SELECT old.jurisdiction_id, old.code FROM (SELECT DISTINCT ON (id) * FROM %1$s WHERE change_id = $1 AND ended_by <> $1 ORDER BY id, seq DESC) AS old'
            '  LEFT JOIN %2$s AS new ON new.id = old.id WHERE new.id IS NULL OR %3$s'
            ' UNION SELECT was.jurisdiction_id, was.code FROM %4$s AS was JOIN %2$s AS other'
            '   ON other.jurisdiction_id = was.jurisdiction_id AND other.code = was.code AND other.id <> was.id'
            '   AND other.id NOT IN (SELECT back.id FROM %4$s AS back) AND other.id NOT IN %5$s'
            ' UNION SELECT old.jurisdiction_id, old.code FROM %4$s AS old JOIN %2$s AS new ON new.id = old.id WHERE new.change_id IS DISTINCT FROM $1 AND (%3$s)'
            '   AND NOT EXISTS (SELECT FROM %1$s AS left_by WHERE left_by.id = old.id AND left_by.change_id = $1 AND left_by.ended_by <> $1)',
            twin, home, differs, was, made)
        WHEN 'remove' THEN format(
            'DELETE FROM %1$s AS f WHERE f.id IN %2$s AND NOT EXISTS (SELECT FROM %3$s AS was WHERE was.id = f.id)', home, made, was)
        WHEN 'aside' THEN format(
            'WITH aside AS ('
            '   UPDATE %1$s AS f SET code = gen_random_uuid()::text'
            '     FROM %2$s AS was JOIN %2$s AS other ON other.id <> was.id'
            '    WHERE was.id = f.id AND (other.jurisdiction_id, other.code) = (f.jurisdiction_id, f.code)'
            '      AND (was.jurisdiction_id, was.code) <> (f.jurisdiction_id, f.code)'
            '   RETURNING f.jurisdiction_id AS j)'
            ' SELECT j, count(*) AS n FROM aside GROUP BY j', home, was)
        WHEN 'restore' THEN format('UPDATE %s AS f SET %s FROM %s AS was WHERE was.id = f.id', home, settings, was)
        WHEN 'return' THEN format(
            'INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s AS was'
            ' WHERE NOT EXISTS (SELECT FROM %1$s AS f WHERE f.id = was.id)', home, columns, was)
    END;
END $$;

-- The features that a change touched and that are no more as it left them, by their keys: it can not be undone while there are any.
CREATE FUNCTION geoservice.changed_since(change bigint) RETURNS TABLE (layer text, jurisdiction_id integer, code text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    touched layer%ROWTYPE;
BEGIN
    FOR touched IN SELECT l.* FROM layer AS l
                    WHERE l.id IN (SELECT c.layer FROM change_count AS c WHERE c.change_id = changed_since.change) LOOP
        RETURN QUERY EXECUTE format('SELECT %L, c.jurisdiction_id, c.code FROM (%s) AS c', touched.id, undoing_statement('conflicts', touched))
          USING changed_since.change;
    END LOOP;
END $$;

-- Have the planner look at a layer of which much was written: until autovacuum comes by it would believe the table empty, take every box
-- for one feature, and do for each feature what is done once for all.
CREATE FUNCTION geoservice.look_over_layer(id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    EXECUTE format('ANALYZE geoservice.%I', (SELECT l.table_name FROM layer AS l WHERE l.id = look_over_layer.id));
END $$;

-- Undo a change as a whole: what it added is removed, what it changed or removed is again as it was. Returns the change that this is.
CREATE FUNCTION geoservice.undo_change(change bigint, door text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    undoing bigint;
    layers layer[];
    touched layer;
    aside record;
BEGIN
    layers := ARRAY(SELECT l FROM layer AS l WHERE l.id IN (SELECT c.layer FROM change_count AS c WHERE c.change_id = undo_change.change)
                     ORDER BY l.assignment);
    FOREACH touched IN ARRAY layers LOOP  -- nobody changes anything between the look and the deed
        EXECUTE format('LOCK TABLE geoservice.%I IN SHARE ROW EXCLUSIVE MODE', touched.table_name);
    END LOOP;
    IF EXISTS (SELECT FROM change_count AS c WHERE c.change_id = undo_change.change AND NOT may_write(c.jurisdiction_id)) THEN
        RAISE EXCEPTION 'Change % touched another jurisdiction, too.', change
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Whoever works there as well undoes it.';
    END IF;
    IF EXISTS (SELECT FROM changed_since(change)) THEN
        RAISE EXCEPTION 'Change % can not be undone: features that it touched were changed since.', change
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Undo the later changes first.';
    END IF;
    IF EXISTS (SELECT FROM change_count AS c WHERE c.change_id = undo_change.change AND NOT EXISTS (
                   SELECT FROM layer AS l WHERE l.id = c.layer AND l.since_change < undo_change.change)) THEN
        RAISE EXCEPTION 'Change % can not be undone: a layer that it touched was dropped since.', change
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Make the layer again from its file.';
    END IF;
    undoing := begin_change('undo', door, NULL, change);
    SET CONSTRAINTS household_jurisdiction_id_building_code_fkey DEFERRED;  -- looked at when all is as it was
    FOREACH touched IN ARRAY layers LOOP  -- what stands in buildings is removed before them
        EXECUTE undoing_statement('remove', touched) USING change;
    END LOOP;
    FOR touched IN SELECT l.* FROM unnest(layers) AS l ORDER BY l.assignment DESC LOOP
        FOR aside IN EXECUTE undoing_statement('aside', touched) USING change LOOP
            PERFORM count_change(touched.id, aside.j, 0, -aside.n, 0);  -- they are counted when they are as they were
        END LOOP;
        EXECUTE undoing_statement('restore', touched) USING change;
        EXECUTE undoing_statement('return', touched) USING change;
    END LOOP;
    SET CONSTRAINTS household_jurisdiction_id_building_code_fkey IMMEDIATE;
    RETURN undoing;
END $$;

-- Vector tiles: what the database keeps so that they are quick to make and never stale. Tiles are those of WebMercatorQuad (OGC
-- Two Dimensional Tile Matrix Set, annex D.1), EPSG:3857, zooms 0 to 16.
--
-- Each change of a feature is noted with the ground it touches. Notes are taken up later, by whoever asks for a tile set or by the
-- clock: the tile set gets a new version, and with it each tile that is touched; all others keep theirs. So a tile has a version
-- only once the change that gave it is committed, and what has one version never changes.

-- The deepest zoom that is cut; maps draw it larger.
CREATE FUNCTION geoservice.deepest_zoom() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 16;

-- Half of the width of the square that is cut, metres of EPSG:3857.
CREATE FUNCTION geoservice.mercator_reach() RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN pi() * 6378137;

-- Around a tile so much of its width is drawn along that symbols and borders go on from one to the next: 64 coordinates of 4096. What
-- comes within 66 may touch it: shapes are rounded before they are clipped.
CREATE FUNCTION geoservice.tile_margin() RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 66 / 4096.0::double precision;

-- A geometry of EPSG:4326 in EPSG:3857, without what lies too near to a pole for it. With a search path of its own: PostGIS looks
-- for the projection by that of the writer, and finds what he has laid before it.
CREATE FUNCTION geoservice.web_mercator(geom geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF st_ymin(geom) >= -85.05 AND st_ymax(geom) <= 85.05 THEN
        RETURN st_transform(geom, 3857);
    END IF;
    RETURN st_transform(st_intersection(geom, st_makeenvelope(-180, -85.05, 180, 85.05, 4326)), 3857);
END $$;

-- A layer's tiles in one jurisdiction.
CREATE TABLE geoservice.tile_set (
    jurisdiction_id integer NOT NULL,
    layer text COLLATE "C" NOT NULL,
    version bigint NOT NULL,                  -- of the last change that was taken up
    base bigint NOT NULL DEFAULT 0,           -- every tile has at least this version: something touched them all
    PRIMARY KEY (jurisdiction_id, layer)
);

-- Tiles that something touched, and which version that was. All others have the base of their set.
CREATE TABLE geoservice.tile_version (
    jurisdiction_id integer NOT NULL,
    layer text COLLATE "C" NOT NULL,
    z smallint NOT NULL,
    x integer NOT NULL,
    y integer NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (jurisdiction_id, layer, z, x, y)
) WITH (fillfactor = 70);

-- Changes that were not taken up yet. Nobody waits for anybody here: rows are only added.
CREATE TABLE geoservice.tile_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer text COLLATE "C" NOT NULL,
    jurisdiction_id integer NOT NULL,
    geom geometry(Geometry, 3857),            -- the ground that is touched; null: all of it
    middle geometry(Point, 3857)              -- of the feature, by which it is counted; null: somewhere on the ground
);
CREATE INDEX ix_tile_change_layer ON geoservice.tile_change (layer, jurisdiction_id);

-- Features counted by square cells, for zooms at which single ones are too small or too many. A cell is a tile of a deeper zoom,
-- its level; those of the finest level are counted from the table, all others from the four below them: they always add up.
CREATE TABLE geoservice.tile_cell (
    jurisdiction_id integer NOT NULL,
    layer text COLLATE "C" NOT NULL,
    level smallint NOT NULL,
    x integer NOT NULL,
    y integer NOT NULL,
    features integer NOT NULL,
    counts jsonb NOT NULL,                    -- by the values of the columns that the layer is counted by
    middle_x double precision NOT NULL,       -- of the features' places, EPSG:3857
    middle_y double precision NOT NULL,
    PRIMARY KEY (jurisdiction_id, layer, level, x, y)
);

-- Whether a shape is as large as a tile of the deepest zoom: its box says little of where it is. Not STRICT: the planner would not
-- take it into the query that asks.
CREATE FUNCTION geoservice.is_large(geom geometry) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(st_xmax(geom) - st_xmin(geom), st_ymax(geom) - st_ymin(geom)) > 600;

-- The ground that a feature touches: itself when it is large, else the box around it.
CREATE FUNCTION geoservice.touched_ground(geom geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN geometrytype(geom) = 'POINT' OR geoservice.is_large(geom) THEN geom ELSE st_envelope(geom) END;

-- A name of an index or trigger: PostgreSQL cuts names after 63 bytes, and takes two that begin alike for one.
CREATE FUNCTION geoservice.short_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(name) <= 63 THEN name ELSE 'n_' || md5(name) END;

-- Note which ground a statement touched that added, changed or removed features. Arguments: the layer, its column in EPSG:3857, and
-- what makes a row of the tables before and after another one in tiles; whether all of the jurisdiction's tiles are touched. Of many
-- features at once the small ones are noted by boxes on a lattice of 10 m.
CREATE FUNCTION geoservice.note_tile_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    -- Of what was changed: where it was, and where it is.
    moved CONSTANT text := $sql$
        WITH altered AS MATERIALIZED (SELECT old, new FROM before AS old JOIN after AS new USING (id) WHERE %2$s),
             changed AS (SELECT (old).jurisdiction_id, (old).%1$I FROM altered
                          UNION SELECT (new).jurisdiction_id, (new).%1$I FROM altered)$sql$;
    told CONSTANT text := $sql$
        INSERT INTO tile_change (layer, jurisdiction_id, geom, middle)
        SELECT DISTINCT $1, f.jurisdiction_id,
               CASE WHEN f.coarse THEN st_makeenvelope(10 * floor(st_xmin(f.geom) / 10), 10 * floor(st_ymin(f.geom) / 10),
                                                       10 * floor(st_xmax(f.geom) / 10) + 10, 10 * floor(st_ymax(f.geom) / 10) + 10, 3857)
                    ELSE touched_ground(f.geom) END,
               CASE WHEN NOT f.coarse THEN st_centroid(f.geom) END
          FROM (SELECT c.jurisdiction_id, c.%1$I AS geom, many.are AND NOT is_large(c.%1$I) AS coarse
                  FROM changed AS c CROSS JOIN (SELECT count(*) > 1000 AS are FROM changed) AS many
                 WHERE c.jurisdiction_id IS NOT NULL AND NOT st_isempty(c.%1$I)) AS f$sql$;
    whole CONSTANT text := ' INSERT INTO tile_change (layer, jurisdiction_id) SELECT DISTINCT $1, c.jurisdiction_id FROM changed AS c';
BEGIN
    EXECUTE format(CASE WHEN tg_op = 'UPDATE' THEN moved ELSE '' END || CASE WHEN tg_argv[3]::boolean THEN whole ELSE told END,
                   tg_argv[1], tg_argv[2]) USING tg_argv[0];
    RETURN NULL;
END $$;

-- All of a layer's features are about to go.
CREATE FUNCTION geoservice.note_tiles_truncated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO tile_change (layer, jurisdiction_id) SELECT tg_argv[0], j.id FROM jurisdiction AS j;
    RETURN NULL;
END $$;

-- Have a layer's tiles follow its table: a column in EPSG:3857 with its index, and triggers that note what is touched. Of a change
-- only columns count that tiles tell, where the layer says which; else all but those that say whose a feature is and when it was
-- written.
CREATE FUNCTION geoservice.attach_tiles(layer text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
    home regclass;
    mercator text;
    watched text;
BEGIN
    SELECT * INTO STRICT described FROM layer AS l WHERE l.id = attach_tiles.layer;
    home := format('geoservice.%I', described.table_name)::regclass;
    mercator := described.geom_column || '_3857';
    EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS %I geometry(Geometry, 3857)'
                   ' GENERATED ALWAYS AS (geoservice.web_mercator(%I)) STORED', home, mercator, described.geom_column);
    EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON %s USING gist (%I)',
                   short_name('ix_' || described.table_name || '_' || mercator), home, mercator);
    SELECT string_agg(unlike(a.attname, format_type(a.atttypid, NULL)), ' OR ' ORDER BY a.attnum) INTO watched
      FROM pg_attribute AS a
     WHERE a.attrelid = home AND a.attnum > 0 AND NOT a.attisdropped
       AND (a.attname IN (mercator, 'jurisdiction_id') OR a.attname = ANY(described.tiled || described.counted) OR (described.tiled IS NULL
            AND a.attname NOT IN ('grid_code', 'recorded_at', 'change_id', described.geom_column)));
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS changed'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION geoservice.note_tile_changes(%L, %L, %L, %L)',
                   short_name('tiles_added_' || layer), home, layer, mercator, '', described.redrawn_whole);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER DELETE ON %s REFERENCING OLD TABLE AS changed'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION geoservice.note_tile_changes(%L, %L, %L, %L)',
                   short_name('tiles_removed_' || layer), home, layer, mercator, '', described.redrawn_whole);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER UPDATE ON %s REFERENCING OLD TABLE AS before NEW TABLE AS after'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION geoservice.note_tile_changes(%L, %L, %L, %L)',
                   short_name('tiles_changed_' || layer), home, layer, mercator, watched, described.redrawn_whole);
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION geoservice.note_tiles_truncated(%L)', short_name('tiles_truncated_' || layer), home, layer);
    INSERT INTO tile_change (layer, jurisdiction_id) SELECT attach_tiles.layer, j.id FROM jurisdiction AS j;  -- what is there already
END $$;

-- Which tiles some ground touches, with their margins. Below the lowest zoom of single features what is drawn are cells, so that it
-- is whole cells that are touched; without cells there are no tiles there.
CREATE FUNCTION geoservice.tiles_touched(ground geometry, min_zoom integer, cell_level integer)
RETURNS TABLE (z integer, x integer, y integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT n.z, n.x, n.y
      FROM generate_series(CASE WHEN cell_level IS NULL THEN min_zoom ELSE 0 END, deepest_zoom()) AS zoom (z)
     CROSS JOIN LATERAL (SELECT 2 * mercator_reach() / 2 ^ zoom.z AS tile,  -- widths, metres
                                2 * mercator_reach() / 2 ^ (zoom.z + cell_level - min_zoom + 1) AS cell) AS width
     CROSS JOIN LATERAL (  -- from the north-western corner of all, in tiles
        SELECT (st_xmin(ground) + mercator_reach()) / width.tile AS west, (st_xmax(ground) + mercator_reach()) / width.tile AS east,
               (mercator_reach() - st_ymax(ground)) / width.tile AS north, (mercator_reach() - st_ymin(ground)) / width.tile AS south,
               CASE WHEN zoom.z < min_zoom THEN width.tile / width.cell END AS cells) AS box
     CROSS JOIN LATERAL (
        SELECT coalesce(floor(box.west * box.cells) / box.cells, box.west) - tile_margin() AS west,
               coalesce((floor(box.east * box.cells) + 1) / box.cells, box.east) + tile_margin() AS east,
               coalesce(floor(box.north * box.cells) / box.cells, box.north) - tile_margin() AS north,
               coalesce((floor(box.south * box.cells) + 1) / box.cells, box.south) + tile_margin() AS south) AS drawn
     CROSS JOIN LATERAL generate_series(greatest(0, floor(drawn.west)::integer), least(2 ^ zoom.z - 1, floor(drawn.east))::integer) AS col (x)
     CROSS JOIN LATERAL generate_series(greatest(0, floor(drawn.north)::integer), least(2 ^ zoom.z - 1, floor(drawn.south))::integer) AS line (y)
     CROSS JOIN LATERAL (SELECT zoom.z, col.x, line.y) AS n
     WHERE box.cells IS NOT NULL OR st_area(ground) = st_area(st_envelope(ground))  -- it fills its box
        OR st_intersects(ground, st_tileenvelope(n.z, n.x, n.y, margin => tile_margin()))
$$;

-- The parts of a shape that lies across 180 degrees, whose box goes all around the earth; any other shape as it is.
CREATE FUNCTION geoservice.parts_apart(ground geometry) RETURNS SETOF geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT d.geom FROM st_dump(CASE WHEN st_xmax(ground) - st_xmin(ground) > mercator_reach() THEN ground END) AS d
     UNION ALL
    SELECT ground WHERE (st_xmax(ground) - st_xmin(ground) > mercator_reach()) IS NOT TRUE
$$;

-- Grounds for which tiles are looked for: of many, small ones that lie near each other as one, which takes a tenth of the time.
CREATE FUNCTION geoservice.gathered(ground geometry[]) RETURNS SETOF geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH each AS MATERIALIZED (
        SELECT g.geom, cardinality(ground) > 1000 AND greatest(st_xmax(g.geom) - st_xmin(g.geom), st_ymax(g.geom) - st_ymin(g.geom)) < 300 AS goes
          FROM unnest(ground) AS u (geom) CROSS JOIN LATERAL parts_apart(u.geom) AS g (geom))
    SELECT e.geom FROM each AS e WHERE NOT e.goes
    UNION ALL
    SELECT st_setsrid(st_extent(e.geom)::geometry, 3857) FROM each AS e WHERE e.goes
     GROUP BY floor(st_xmin(e.geom) / 300), floor(st_ymin(e.geom) / 300)
$$;

-- The column or row of a cell, so many metres from the first one's edge; what stands on the last edge is in the last.
CREATE FUNCTION geoservice.cell_of(metres double precision, width double precision, level integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(0, least(2 ^ level - 1, floor(metres / width)))::integer;

-- Which cells of a level some ground touches: those that its boxes meet.
CREATE FUNCTION geoservice.cells_touched(ground geometry[], level integer) RETURNS TABLE (x integer, y integer)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT DISTINCT col.x, line.y
      FROM unnest(ground) AS g (geom)
     CROSS JOIN LATERAL (SELECT 2 * mercator_reach() / 2 ^ level AS width) AS cell
     CROSS JOIN LATERAL generate_series(cell_of(st_xmin(g.geom) + mercator_reach(), cell.width, level),
                                        cell_of(st_xmax(g.geom) + mercator_reach(), cell.width, level)) AS col (x)
     CROSS JOIN LATERAL generate_series(cell_of(mercator_reach() - st_ymax(g.geom), cell.width, level),
                                        cell_of(mercator_reach() - st_ymin(g.geom), cell.width, level)) AS line (y)
$$;

-- The statement that counts the finest cells of a layer. $1: the jurisdiction; $2, $3: the cells' x and y, unless it is all of them. A
-- feature is in the cell of its middle, and is counted under column:value for the columns that the layer is counted by; of a yes or no
-- under the column's name when it is yes.
CREATE FUNCTION geoservice.cells_statement(described geoservice.layer, whole boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT format($sql$
        WITH width AS MATERIALIZED (SELECT 2 * mercator_reach() / 2 ^ %1$s AS cell),
        featured AS MATERIALIZED (
            SELECT cell.x, cell.y, f.id, st_x(place.geom) AS middle_x, st_y(place.geom) AS middle_y, ARRAY[%2$s]::text[] AS keys
              FROM width, %6$s
             CROSS JOIN LATERAL (SELECT st_centroid(f.%4$I)) AS place (geom)
             CROSS JOIN LATERAL (SELECT cell_of(st_x(place.geom) + mercator_reach(), width.cell, %1$s) AS x,
                                        cell_of(mercator_reach() - st_y(place.geom), width.cell, %1$s) AS y) AS cell
             WHERE f.jurisdiction_id = $1 AND NOT st_isempty(f.%4$I) AND %7$s),
        keyed AS (
            SELECT n.x, n.y, jsonb_object_agg(n.key, n.features) AS counts
              FROM (SELECT f.x, f.y, k.key, count(*) AS features
                      FROM featured AS f CROSS JOIN LATERAL unnest(f.keys) AS k (key) WHERE k.key IS NOT NULL
                     GROUP BY f.x, f.y, k.key) AS n
             GROUP BY n.x, n.y)
        INSERT INTO geoservice.tile_cell (jurisdiction_id, layer, level, x, y, features, counts, middle_x, middle_y)
        SELECT $1, %5$L, %1$s, n.x, n.y, n.features, coalesce(k.counts, '{}'), n.middle_x, n.middle_y
          FROM (SELECT f.x, f.y, count(*) AS features, avg(f.middle_x ORDER BY f.id) AS middle_x, avg(f.middle_y ORDER BY f.id) AS middle_y
                  FROM featured AS f GROUP BY f.x, f.y) AS n
          LEFT JOIN keyed AS k ON k.x = n.x AND k.y = n.y$sql$,
        described.cell_level,
        (SELECT string_agg(format(CASE WHEN a.atttypid = 'boolean'::regtype THEN 'CASE WHEN f.%1$I THEN %1$L END'
                                       ELSE '%1$L || '':'' || nullif(f.%1$I::text, '''')' END,
                                  a.attname), ', ' ORDER BY a.attnum)
           FROM pg_attribute AS a
          WHERE a.attrelid = format('geoservice.%I', described.table_name)::regclass AND a.attname = ANY(described.counted)),
        described.table_name, described.geom_column || '_3857', described.id,
        CASE WHEN whole THEN format('geoservice.%I AS f', described.table_name)
             ELSE format('unnest($2, $3) AS t (x, y) JOIN geoservice.%I AS f ON f.%I && st_tileenvelope(%s, t.x, t.y)',
                         described.table_name, described.geom_column || '_3857', described.cell_level) END,
        CASE WHEN whole THEN '$2 IS NULL AND $3 IS NULL' ELSE 'cell.x = t.x AND cell.y = t.y' END)
$$;

-- Count the cells of a layer anew that some ground touches, all when it is null: the finest from its table, the others from the four
-- below each.
CREATE FUNCTION geoservice.count_cells(described geoservice.layer, jurisdiction integer, ground geometry[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    xs integer[];
    ys integer[];
BEGIN
    IF ground IS NULL THEN
        DELETE FROM tile_cell AS c WHERE c.jurisdiction_id = jurisdiction AND c.layer = described.id;
    ELSE
        SELECT array_agg(t.x), array_agg(t.y) INTO xs, ys FROM cells_touched(ground, described.cell_level) AS t;
        DELETE FROM tile_cell AS c USING unnest(xs, ys) AS t (x, y)
         WHERE c.jurisdiction_id = jurisdiction AND c.layer = described.id AND c.level = described.cell_level AND c.x = t.x AND c.y = t.y;
    END IF;
    EXECUTE cells_statement(described, ground IS NULL) USING jurisdiction, xs, ys;
    IF ground IS NULL THEN
        SELECT array_agg(c.x), array_agg(c.y) INTO xs, ys
          FROM tile_cell AS c WHERE c.jurisdiction_id = jurisdiction AND c.layer = described.id;
    END IF;
    FOR counted IN REVERSE described.cell_level - 1 .. described.cell_level - described.min_zoom + 1 LOOP
        SELECT array_agg(t.x), array_agg(t.y) INTO xs, ys FROM (SELECT DISTINCT u.x / 2 AS x, u.y / 2 AS y FROM unnest(xs, ys) AS u (x, y)) AS t;
        DELETE FROM tile_cell AS c USING unnest(xs, ys) AS t (x, y)
         WHERE c.jurisdiction_id = jurisdiction AND c.layer = described.id AND c.level = counted AND c.x = t.x AND c.y = t.y;
        INSERT INTO tile_cell (jurisdiction_id, layer, level, x, y, features, counts, middle_x, middle_y)
        WITH below AS MATERIALIZED (
            SELECT t.x, t.y, c.x AS below_x, c.y AS below_y, c.features, c.counts, c.middle_x, c.middle_y
              FROM unnest(xs, ys) AS t (x, y) CROSS JOIN generate_series(0, 1) AS dx CROSS JOIN generate_series(0, 1) AS dy
              JOIN tile_cell AS c ON c.jurisdiction_id = jurisdiction AND c.layer = described.id AND c.level = counted + 1
               AND c.x = 2 * t.x + dx AND c.y = 2 * t.y + dy)
        SELECT jurisdiction, described.id, counted, n.x, n.y, n.features, coalesce(k.counts, '{}'), n.middle_x, n.middle_y
          FROM (SELECT b.x, b.y, sum(b.features) AS features,
                       sum(b.features * b.middle_x ORDER BY b.below_x, b.below_y) / sum(b.features) AS middle_x,
                       sum(b.features * b.middle_y ORDER BY b.below_x, b.below_y) / sum(b.features) AS middle_y
                  FROM below AS b GROUP BY b.x, b.y) AS n
          LEFT JOIN (
                SELECT s.x, s.y, jsonb_object_agg(s.key, s.features) AS counts
                  FROM (SELECT b.x, b.y, one.key, sum(one.value::integer) AS features
                          FROM below AS b CROSS JOIN LATERAL jsonb_each_text(b.counts) AS one GROUP BY b.x, b.y, one.key) AS s
                 GROUP BY s.x, s.y) AS k ON k.x = n.x AND k.y = n.y;
    END LOOP;
END $$;

-- One at a time takes up changes.
CREATE FUNCTION geoservice.tile_lock() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1802399576;

-- Be the only one who draws the grids of a jurisdiction, until the commit.
CREATE FUNCTION geoservice.lock_drawing(jurisdiction integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(tile_lock(), jurisdiction);
END $$;

-- Take up what was committed, of all layers or of one in one jurisdiction: each tile set that was touched gets a new version, and so do
-- its tiles that were. A version is the millisecond when it was given, and in any case greater than the one before: a database that was
-- set back never gives one twice. Returns how many changes were taken up. What can not be taken up of one set hinders no other: its
-- changes stay, and the log says why.
CREATE FUNCTION geoservice.take_up_tile_changes(only_layer text DEFAULT NULL, only_in integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    part record;
    taken integer := 0;
BEGIN
    FOR part IN
        SELECT DISTINCT c.layer, c.jurisdiction_id FROM tile_change AS c
         WHERE (only_layer IS NULL OR c.layer = only_layer) AND (only_in IS NULL OR c.jurisdiction_id = only_in)
         ORDER BY c.layer, c.jurisdiction_id  -- always in this order, or two would wait for each other
    LOOP
        PERFORM pg_advisory_xact_lock(tile_lock(), hashtext(part.layer) # part.jurisdiction_id);
        BEGIN
            taken := taken + take_up_tile_set(part.layer, part.jurisdiction_id);
        EXCEPTION WHEN OTHERS THEN
            -- Not the words of the error, which may hold values; and not a warning, which the log leaves out.
            RAISE LOG 'Changes of tiles of % in jurisdiction % can not be taken up: %', part.layer, part.jurisdiction_id, sqlstate;
        END;
    END LOOP;
    RETURN taken;
END $$;

-- The same of one tile set, whose lock is held. What more than `most` changes touched, or grounds too large to count their tiles, is all
-- of it: to go through them one by one would take minutes after a town was loaded.
CREATE FUNCTION geoservice.take_up_tile_set(of_layer text, of_jurisdiction integer, most integer DEFAULT 20000) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    given bigint;
    described layer%ROWTYPE;
    ground geometry[];
    counted geometry[];
    everywhere boolean;
    taken integer;
BEGIN
    WITH gone AS (
        DELETE FROM tile_change AS c WHERE c.layer = of_layer AND c.jurisdiction_id = of_jurisdiction RETURNING c.geom, c.middle)
    SELECT count(*), coalesce(count(*) > most OR bool_or(g.geom IS NULL), false),
           array_agg(g.geom), array_agg(coalesce(g.middle, g.geom)) INTO taken, everywhere, ground, counted FROM gone AS g;
    SELECT * INTO described FROM layer AS l WHERE l.id = of_layer;
    IF taken = 0 OR described.id IS NULL THEN  -- it is no layer any more
        RETURN taken;
    END IF;
    INSERT INTO tile_set AS s (jurisdiction_id, layer, version)
    VALUES (of_jurisdiction, described.id, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
        ON CONFLICT (jurisdiction_id, layer) DO UPDATE SET version = greatest(s.version + 1, excluded.version)
    RETURNING s.version INTO given;
    -- Some ten thousand tiles of the deepest zoom.
    IF everywhere OR (SELECT sum((st_xmax(g.geom) - st_xmin(g.geom)) * (st_ymax(g.geom) - st_ymin(g.geom))) > 4e9
                        FROM gathered(ground) AS g (geom)) THEN
        UPDATE tile_set AS s SET base = given WHERE s.jurisdiction_id = of_jurisdiction AND s.layer = described.id;
        DELETE FROM tile_version AS v WHERE v.jurisdiction_id = of_jurisdiction AND v.layer = described.id;
    ELSE
        INSERT INTO tile_version (jurisdiction_id, layer, z, x, y, version)
        SELECT DISTINCT of_jurisdiction, described.id, t.z, t.x, t.y, given
          FROM gathered(ground) AS g (geom)
         CROSS JOIN LATERAL tiles_touched(g.geom, described.min_zoom, described.cell_level) AS t
            ON CONFLICT (jurisdiction_id, layer, z, x, y) DO UPDATE SET version = excluded.version;
    END IF;
    IF described.cell_level IS NOT NULL THEN
        PERFORM count_cells(described, of_jurisdiction, CASE WHEN NOT everywhere THEN counted END);
    END IF;
    RETURN taken;
END $$;

-- Give every tile a new version: for a revision after which tiles are drawn otherwise from the same rows.
CREATE FUNCTION geoservice.redraw_tiles() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO tile_change (layer, jurisdiction_id)
    SELECT l.id, j.id FROM layer AS l, jurisdiction AS j WHERE l.id <> 'grids' AND NOT l.personal;
    DELETE FROM tile_edition;
END $$;

-- The version of one tile; that of its tile set; and whether a change waits to be taken up that touches what is drawn. What single
-- features are not drawn from, cells, changes only when changes are taken up.
CREATE FUNCTION geoservice.tile_state(
    jurisdiction integer, layer text, z integer, x integer, y integer, drawn geometry
) RETURNS TABLE (version bigint, latest bigint, waits boolean)  -- a table: so it becomes part of the statement that asks
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT greatest(s.base, v.version, 0), coalesce(s.version, 0), EXISTS (
               SELECT FROM geoservice.tile_change AS c
                WHERE c.layer = tile_state.layer AND c.jurisdiction_id = tile_state.jurisdiction AND (c.geom IS NULL OR c.geom && drawn))
      FROM (SELECT) AS one
      LEFT JOIN geoservice.tile_set AS s ON s.jurisdiction_id = tile_state.jurisdiction AND s.layer = tile_state.layer
      LEFT JOIN geoservice.tile_version AS v ON v.jurisdiction_id = tile_state.jurisdiction AND v.layer = tile_state.layer
       AND v.z = tile_state.z AND v.x = tile_state.x AND v.y = tile_state.y;
END;

-- Grids of published editions as tiles draw them. They never change, so a tile of an edition is there for good; and it is the same as
-- that of the edition before, unless something is redrawn on its ground.
CREATE TABLE geoservice.tile_edition (
    edition_id bigint PRIMARY KEY REFERENCES geoservice.edition,
    -- Of its tiles: the millisecond when it was drawn. Not its id, which another edition gets when a database is set back.
    version bigint NOT NULL,
    previous_id bigint                        -- in force before it; null: none was drawn
);
CREATE TABLE geoservice.tile_grid (
    edition_id bigint NOT NULL REFERENCES geoservice.tile_edition ON DELETE CASCADE,
    zoom smallint NOT NULL,
    code text COLLATE "C" NOT NULL,
    name text,
    name_en text,
    geom geometry(Geometry, 3857),            -- a point when it is too small to be seen; null: there is no such grid any more
    label geometry(Point, 3857),              -- where its name stands
    redrawn geometry(Geometry, 3857),         -- where it looks otherwise than in the edition before; null: nowhere
    PRIMARY KEY (edition_id, zoom, code)
);
CREATE INDEX ix_tile_grid_geom ON geoservice.tile_grid USING gist (geom);
CREATE INDEX ix_tile_grid_redrawn ON geoservice.tile_grid USING gist (redrawn);

-- Which edition first drew a tile as one that was drawn does, and the version that it has from there.
CREATE FUNCTION geoservice.tile_drawn_by(edition bigint, zoom integer, ground geometry, OUT edition_id bigint, OUT version bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE way AS (
        SELECT e.*, 1 AS step FROM geoservice.tile_edition AS e WHERE e.edition_id = edition
        UNION ALL
        SELECT b.*, w.step + 1
          FROM way AS w JOIN geoservice.tile_edition AS b ON b.edition_id = w.previous_id
         WHERE NOT EXISTS (SELECT FROM geoservice.tile_grid AS g
                            WHERE g.edition_id = w.edition_id AND g.zoom = tile_drawn_by.zoom AND st_intersects(g.redrawn, ground))
    )
    SELECT w.edition_id, w.version FROM way AS w ORDER BY w.step DESC LIMIT 1;
END;

-- Own layers: those that people make of a file of theirs. A row of table layer describes each; its table is made and dropped here, by
-- the schema's owner, from names and types that are checked. Nothing that somebody says becomes part of a statement but as a quoted
-- name of letters and digits, or as a quoted value.

-- True for the name of an own layer, or of a column of one: it stands in addresses and, with own_ before it, names a table, whose twin
-- has _history behind it.
CREATE FUNCTION geoservice.is_own_name(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN geoservice.has_form(name, '[a-z][a-z0-9_]{0,39}') AND name NOT LIKE '%\_history';

-- Names that a column can not have: those that every layer has, or its twin, or a statement about it. layers/own_layers/description.py
-- says the same to whoever makes one; a test holds them together.
CREATE FUNCTION geoservice.taken_columns() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['bbox', 'building', 'change_id', 'cmax', 'cmin', 'code', 'crs', 'ctid', 'differs', 'ended_by', 'fault', 'fid', 'geom', 'geom_3857',
             'geometry', 'grid_code', 'id', 'jurisdiction_id', 'known', 'lat', 'lon', 'lost', 'operation', 'place', 'recorded_at',
             'row_number', 'seq', 'since', 'stored', 'stored_change', 'tableoid', 'until', 'valid', 'was', 'wkt', 'xmax', 'xmin'];

-- A column of an own layer as CREATE TABLE takes it. Every column may be empty.
CREATE FUNCTION geoservice.own_column(described jsonb) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    types CONSTANT jsonb := '{"text": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean",
                              "instant": "timestamptz"}';
    called CONSTANT text := described ->> 'name';
    kind CONSTANT text := described ->> 'type';
    codes text[];
    rule text;
BEGIN
    IF is_own_name(called) IS NOT TRUE OR called = ANY (taken_columns()) THEN
        RAISE EXCEPTION 'A column can not be called %.', coalesce(quote_literal(called), 'nothing')
            USING ERRCODE = 'invalid_name', HINT = 'Write 1 to 40 small letters, digits and underscores; some names are taken.';
    ELSIF types ->> kind IS NULL THEN
        RAISE EXCEPTION 'Column % is of no type that a layer has.', called
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is text, integer, number, boolean or instant.';
    END IF;
    SELECT array_agg(c ->> 'code') INTO codes FROM jsonb_array_elements(described -> 'codes') AS c;
    IF codes IS NOT NULL AND (kind <> 'text' OR EXISTS (SELECT FROM unnest(codes) AS c (code)
                                                         WHERE is_code(c.code) IS NOT TRUE OR holds_personal_number(c.code))) THEN
        RAISE EXCEPTION 'The codes of column % are none.', called
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A code is 1 to 64 characters of a text, none of them invisible.';
    END IF;
    rule := CASE
        WHEN codes IS NOT NULL THEN format('%I = ANY (%L::text[])', called, codes)
        WHEN kind = 'text' THEN format('geoservice.is_name(%1$I) AND NOT geoservice.holds_personal_number(%1$I)', called)
        WHEN kind = 'number' THEN format('%1$I > ''-Infinity'' AND %1$I < ''Infinity''', called)  -- NaN is greater than all
        WHEN kind = 'instant' THEN format('geoservice.is_instant(%I)', called)
    END;
    RETURN format('%I %s', called, types ->> kind)
        || CASE WHEN rule IS NULL THEN '' ELSE format(' CONSTRAINT %I CHECK (%s)', called || '_own_' || kind, rule) END;
END $$;

-- Make an own layer: its row of table layer, its table, and all that a layer has. How it is cut into tiles is as in table layer.
CREATE FUNCTION geoservice.create_layer(
    name text, described jsonb, tiled text[], min_zoom integer, cell_level integer, counted text[]
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    shape CONSTANT text := described ->> 'geometry';
    rule CONSTANT text := CASE shape
        WHEN 'Point' THEN 'CONSTRAINT own_position CHECK (geoservice.is_position(geom))'
        WHEN 'MultiLineString' THEN 'CONSTRAINT own_shape CHECK (geoservice.is_sound(geom))'
        WHEN 'MultiPolygon' THEN 'CONSTRAINT own_shape CHECK (geoservice.is_sound(geom))'
        WHEN 'Geometry' THEN 'CONSTRAINT own_line_or_area CHECK (geoservice.is_sound(geom) AND geometrytype(geom) IN'
                             ' (''LINESTRING'', ''MULTILINESTRING'', ''POLYGON'', ''MULTIPOLYGON''))' END;
    columns text;
BEGIN
    LOCK TABLE layer IN SHARE ROW EXCLUSIVE MODE;  -- whoever makes one of the same name at this moment is told so
    IF is_own_name(name) IS NOT TRUE THEN
        RAISE EXCEPTION 'A layer can not be called %.', coalesce(quote_literal(name), 'nothing')
            USING ERRCODE = 'invalid_name', HINT = 'Write 1 to 40 small letters, digits and underscores, a letter first, and not _history at the end.';
    ELSIF EXISTS (SELECT FROM layer AS l WHERE l.id = create_layer.name) THEN
        RAISE EXCEPTION 'There is a layer % already.', name
            USING ERRCODE = 'duplicate_object', HINT = 'Import into it, or give the new one another name.';
    ELSIF to_regclass(format('geoservice.%I', 'own_' || name)) IS NOT NULL
       OR to_regclass(format('geoservice.%I', 'own_' || name || '_history')) IS NOT NULL THEN
        RAISE EXCEPTION 'There is a table own_% already, which is no layer.', name
            USING ERRCODE = 'duplicate_object', HINT = 'Give the layer another name.';
    ELSIF rule IS NULL THEN
        RAISE EXCEPTION 'Layer % is of no geometry that a layer has.', name
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It is Point, MultiLineString, MultiPolygon or Geometry.';
    END IF;
    SELECT string_agg(own_column(c.described) || ', ', '' ORDER BY c.place) INTO columns
      FROM jsonb_array_elements(described -> 'columns') WITH ORDINALITY AS c (described, place);
    EXECUTE format('CREATE TABLE geoservice.%I (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,'
                   ' jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,'
                   ' code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)), %s'
                   ' geom geometry(%s, 4326) NOT NULL %s, grid_code text COLLATE "C", UNIQUE (jurisdiction_id, code))',
                   'own_' || name, columns, shape, rule);
    INSERT INTO layer (id, table_name, assignment, tiled, min_zoom, cell_level, counted, description, since_change)
    VALUES (name, 'own_' || name, 'place', create_layer.tiled, create_layer.min_zoom, create_layer.cell_level, create_layer.counted,
            described, coalesce((SELECT max(c.id) FROM change AS c), 0));
    PERFORM attach_layer(name);
END $$;

-- Drop an own layer with its features, their history and their tiles. That it was dropped is a change, which can not be undone.
CREATE FUNCTION geoservice.drop_layer(name text, door text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    dropped layer%ROWTYPE;
    counted record;
BEGIN
    SELECT * INTO dropped FROM layer AS l WHERE l.id = drop_layer.name FOR UPDATE;
    IF dropped.id IS NULL THEN
        RAISE EXCEPTION 'There is no layer %.', name USING ERRCODE = 'undefined_object';
    ELSIF dropped.description IS NULL THEN
        RAISE EXCEPTION 'Layer % is built in: it can not be dropped.', name
            USING ERRCODE = 'insufficient_privilege', HINT = 'Remove its features, if that is what is meant.';
    END IF;
    PERFORM begin_change('edit', door, 'layer ' || name || ' dropped');
    IF to_regclass(format('geoservice.%I', dropped.table_name)) IS NOT NULL THEN  -- else there is the description alone
        EXECUTE format('LOCK TABLE geoservice.%I IN ACCESS EXCLUSIVE MODE', dropped.table_name);
        FOR counted IN EXECUTE format('SELECT jurisdiction_id AS j, count(*) AS n FROM geoservice.%I GROUP BY 1', dropped.table_name) LOOP
            PERFORM count_change(name, counted.j, 0, 0, counted.n);
        END LOOP;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS geoservice.%I, geoservice.%I', dropped.table_name, short_name(dropped.table_name || '_history'));
    PERFORM pg_advisory_xact_lock(tile_lock(), hashtext(name) # j.id) FROM (SELECT i.id FROM jurisdiction AS i ORDER BY i.id) AS j;
    DELETE FROM tile_change AS t WHERE t.layer = name;
    DELETE FROM tile_cell AS t WHERE t.layer = name;
    DELETE FROM tile_version AS t WHERE t.layer = name;
    DELETE FROM tile_set AS t WHERE t.layer = name;
    DELETE FROM layer AS l WHERE l.id = name;
END $$;

-- The base map: streets, water, green, blocks.

CREATE TABLE geoservice.basemap_feature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text CHECK (geoservice.is_code(code)),  -- as where it comes from
    kind text NOT NULL CHECK (kind IN ('street', 'water', 'green', 'block')),
    name text CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    geom geometry(Geometry, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    CONSTRAINT basemap_feature_line_or_area
        CHECK (geometrytype(geom) IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON')),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
INSERT INTO geoservice.layer (id, table_name, tiled, min_zoom) VALUES ('basemap', 'basemap_feature', '{kind,name,name_en}', 11);
SELECT geoservice.attach_layer('basemap');

-- Say what is wrong before the CHECKs only say that something is.
CREATE FUNCTION geoservice.guard_basemap_feature() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF geometrytype(new.geom) NOT IN ('LINESTRING', 'MULTILINESTRING', 'POLYGON', 'MULTIPOLYGON') THEN
        RAISE EXCEPTION 'A feature of the base map is a line or an area, not a %.', geometrytype(new.geom)
            USING ERRCODE = 'check_violation', HINT = 'Curves can be made lines with ST_CurveToLine.';
    END IF;
    PERFORM require_sound(new.geom, 'The ' || new.kind || ' ' || coalesce(new.name, 'without a name'));
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF geom ON geoservice.basemap_feature
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_basemap_feature();

-- Buildings.

CREATE TABLE geoservice.building (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text CHECK (geoservice.is_name(name)),
    kind text NOT NULL DEFAULT 'other' CHECK (geoservice.is_code(kind)),
    floors smallint CHECK (floors BETWEEN 1 AND 200),
    address text CHECK (geoservice.is_name(address)),
    in_use boolean NOT NULL DEFAULT true,     -- false: closed, empty, to be torn down
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
INSERT INTO geoservice.layer (id, table_name, assignment, tiled, cell_level, counted)
VALUES ('buildings', 'building', 'place', '{code,kind,floors}', 18, '{kind}');
SELECT geoservice.attach_layer('buildings');

-- Counts of residents at a place, by band: of one household, or of several together, such as those of a building. Id and code are
-- random unless an import numbers them, and say nothing of anybody. There is no column for a name, and none may be added.
CREATE TABLE geoservice.household (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text CHECK (geoservice.is_code(code)),
    building_code text COLLATE "C",
    unit text CHECK (geoservice.is_code(unit)),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    households integer NOT NULL DEFAULT 1 CHECK (households BETWEEN 1 AND 10000),  -- how many this row counts
    age_0_13 integer NOT NULL DEFAULT 0 CHECK (age_0_13 BETWEEN 0 AND 10000),
    age_14_17 integer NOT NULL DEFAULT 0 CHECK (age_14_17 BETWEEN 0 AND 10000),
    age_18_59 integer NOT NULL DEFAULT 0 CHECK (age_18_59 BETWEEN 0 AND 10000),
    age_60_79 integer NOT NULL DEFAULT 0 CHECK (age_60_79 BETWEEN 0 AND 10000),
    age_80_plus integer NOT NULL DEFAULT 0 CHECK (age_80_plus BETWEEN 0 AND 10000),
    residents integer NOT NULL GENERATED ALWAYS AS (age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus) STORED,
    floating integer NOT NULL DEFAULT 0 CHECK (floating >= 0),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code),
    -- Put off by undo_change alone: buildings and who lives in them go back together.
    FOREIGN KEY (jurisdiction_id, building_code) REFERENCES geoservice.building (jurisdiction_id, code) DEFERRABLE,
    -- Whoever imports may take an identity number for the key; a random one looks like a number of a person now and then.
    CONSTRAINT household_without_personal_number CHECK (NOT geoservice.holds_personal_number(unit)
        AND (geoservice.has_form(code, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') OR NOT geoservice.holds_personal_number(code))),
    CONSTRAINT household_floating_are_residents
        CHECK (floating <= age_0_13 + age_14_17 + age_18_59 + age_60_79 + age_80_plus)
);
CREATE INDEX ix_household_building ON geoservice.household (jurisdiction_id, building_code);
INSERT INTO geoservice.layer (id, table_name, key_column, assignment, personal)
VALUES ('households', 'household', 'building_code', 'building', true);
SELECT geoservice.attach_layer('households');

-- Cameras and what they see.

CREATE TABLE geoservice.camera (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    kind text NOT NULL DEFAULT 'fixed' CHECK (geoservice.is_code(kind)),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    -- What a camera sees is not always known.
    bearing_deg double precision CHECK (bearing_deg >= 0 AND bearing_deg < 360),
    fov_deg double precision CHECK (fov_deg > 0 AND fov_deg <= 360),
    range_m double precision CHECK (range_m > 0 AND range_m <= 2000),
    status text NOT NULL DEFAULT 'online' CHECK (status IN ('online', 'offline', 'maintenance')),
    sector geometry(Polygon, 4326) CHECK (geoservice.is_sound(sector)),  -- the trigger's, from the four above; null without them
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_camera_sector ON geoservice.camera USING gist (sector);
INSERT INTO geoservice.layer (id, table_name, assignment, tiled, cell_level, counted)
VALUES ('cameras', 'camera', 'place', '{code,kind,status,bearing_deg}', 17, '{status}');
SELECT geoservice.attach_layer('cameras');

-- The sector that a camera sees, as a polygon. bearing_deg clockwise from north; 5 degrees a step along the arc.
CREATE FUNCTION geoservice.view_sector(
    camera geometry, bearing_deg double precision, fov_deg double precision, range_m double precision
) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    lon_m CONSTANT double precision := lon_degree_m(st_y(camera));
    lat_m CONSTANT double precision := lat_degree_m(st_y(camera));
    steps CONSTANT integer := greatest(2, ceil(fov_deg / 5)::integer);
    arc geometry[];
BEGIN
    SELECT array_agg(st_setsrid(st_makepoint(
               st_x(camera) + range_m * sind(bearing_deg - fov_deg / 2 + fov_deg * i / steps) / lon_m,
               st_y(camera) + range_m * cosd(bearing_deg - fov_deg / 2 + fov_deg * i / steps) / lat_m), 4326)
               ORDER BY i)
      INTO arc
      FROM generate_series(0, steps) AS i;
    IF fov_deg = 360 THEN
        RETURN st_makepolygon(st_makeline(arc[1:steps] || arc[1]));
    END IF;
    RETURN st_makepolygon(st_makeline(camera || arc || camera));
END $$;

-- The sector is drawn from place, bearing, width and range, whatever was sent.
CREATE FUNCTION geoservice.draw_sector() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM require_position(new.geom, 'Camera ' || new.code);
    new.geom := on_one_side(new.geom);
    IF NOT (new.bearing_deg >= 0 AND new.bearing_deg < 360 AND new.fov_deg > 0 AND new.fov_deg <= 360
        AND new.range_m > 0 AND new.range_m <= 2000) THEN
        RAISE EXCEPTION 'Camera % looks % degrees from north, % degrees wide, % m far.',
            new.code, new.bearing_deg, new.fov_deg, new.range_m
            USING ERRCODE = 'check_violation',
                  HINT = 'bearing_deg is 0 to below 360, fov_deg above 0 to 360, range_m above 0 to 2000.';
    END IF;
    -- What sees all around looks nowhere in particular.
    new.sector := view_sector(new.geom, CASE WHEN new.fov_deg = 360 THEN coalesce(new.bearing_deg, 0) ELSE new.bearing_deg END,
                              new.fov_deg, new.range_m);
    IF NOT is_on_earth(new.sector) THEN
        RAISE EXCEPTION 'What camera % sees reaches across the meridian of 180 degrees, or over a pole.', new.code
            USING ERRCODE = 'check_violation', HINT = 'Leave out how far it sees (range_m): its place is stored without a sector.';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER draw_sector BEFORE INSERT OR UPDATE OF geom, bearing_deg, fov_deg, range_m, sector ON geoservice.camera
    FOR EACH ROW EXECUTE FUNCTION geoservice.draw_sector();

-- What they see is a layer of its own, of the same table.
INSERT INTO geoservice.layer (id, table_name, geom_column, tiled, min_zoom)
VALUES ('camera_sectors', 'camera', 'sector', '{code,status}', 14);
SELECT geoservice.attach_tiles('camera_sectors');

-- Organisations.

CREATE TABLE geoservice.organisation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    kind text NOT NULL CHECK (kind IN ('party_branch', 'partner', 'service_point', 'other')),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    grid_code text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (jurisdiction_id, code)
);
INSERT INTO geoservice.layer (id, table_name, assignment, tiled, cell_level, counted)
VALUES ('organisations', 'organisation', 'place', '{code,name,name_en,kind}', 17, '{kind}');
SELECT geoservice.attach_layer('organisations');

-- Staff by code and call sign, and their postings.

CREATE TABLE geoservice.staff (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    call_sign text NOT NULL CHECK (geoservice.is_name(call_sign)),   -- 网格员一号; never a person's name
    role text NOT NULL CHECK (role IN ('grid_officer', 'police_officer', 'dispatcher')),
    UNIQUE (jurisdiction_id, code)
);

CREATE TABLE geoservice.posting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL,
    staff_code text COLLATE "C" NOT NULL,
    grid_code text COLLATE "C" NOT NULL,       -- by code: a posting outlives the edition it was made in
    role text NOT NULL CHECK (role IN ('grid_officer', 'deputy', 'police_officer')),
    valid_from date NOT NULL,
    valid_to date,
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CHECK (valid_to > valid_from),
    -- One grid officer per grid and day.
    CONSTRAINT posting_one_grid_officer EXCLUDE USING gist
        (jurisdiction_id WITH =, grid_code WITH =, daterange(valid_from, valid_to) WITH &&)
        WHERE (role = 'grid_officer')
);
CREATE INDEX ix_posting_grid_code ON geoservice.posting (jurisdiction_id, grid_code);

-- In which order those who are posted to a grid come: the grid officer, a deputy, the police officer.
CREATE FUNCTION geoservice.posting_rank(role text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(ARRAY['grid_officer', 'deputy', 'police_officer'], role);

-- Who is posted to a grid on a day: the grid officer, else a deputy. The planner takes it into the query that asks.
CREATE FUNCTION geoservice.posted_on(jurisdiction integer, grid text, day date, OUT staff_code text) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT p.staff_code
      FROM geoservice.posting AS p
     WHERE p.jurisdiction_id = jurisdiction
       AND p.grid_code = grid
       AND p.role IN ('grid_officer', 'deputy')
       AND daterange(p.valid_from, p.valid_to) @> day
     ORDER BY geoservice.posting_rank(p.role), p.staff_code
     LIMIT 1;
END;

-- The same of the day of an instant; null: nobody. Asked for whoever reports, too, who sees no posting. In PL/pgSQL, which keeps its
-- plan: as a function of SQL it was read and planned anew for every report, which took a third of all its time.
CREATE FUNCTION geoservice.officer_posted(jurisdiction integer, grid text, instant timestamptz, OUT staff_code text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    day CONSTANT date := (instant AT TIME ZONE (SELECT j.time_zone FROM jurisdiction AS j WHERE j.id = jurisdiction))::date;
BEGIN
    SELECT p.staff_code INTO officer_posted.staff_code FROM posted_on(jurisdiction, grid, day) AS p;
END $$;

-- The keys of programs. What a key is for, its grants say (grants.sql). When it gets another secret the one before may be good for a
-- while.

CREATE TABLE geoservice.api_key (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-z]{8}$'),
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    label text NOT NULL CHECK (geoservice.is_name(label)),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT geoservice.actor() CHECK (geoservice.is_name(created_by)),
    expires_at timestamptz,
    revoked_at timestamptz,
    networks cidr[] NOT NULL DEFAULT '{}',    -- where alone it is good; none: wherever it is shown
    previous_sha256 bytea CHECK (octet_length(previous_sha256) = 32),
    previous_until timestamptz,
    CONSTRAINT api_key_previous_ends CHECK ((previous_sha256 IS NULL) = (previous_until IS NULL))
);

-- When a key was last used, to some minutes. Apart from the key: that it was used changes nothing of what is announced, held or audited.
CREATE TABLE geoservice.key_use (
    key_id text PRIMARY KEY REFERENCES geoservice.api_key,
    used_at timestamptz NOT NULL DEFAULT now()
);

-- The accounts of people, who sign in with a password and perhaps a code beside it; their sessions; and how often signing in failed. Only
-- whoever asks for everything sees rows (row_policies.sql): who somebody is, is found out before anything else is known of him.

-- A login name is of a post, not of a person: no name, and no number of anybody. What an account is for, its grants say (grants.sql).
CREATE TABLE geoservice.account (
    login text COLLATE "C" PRIMARY KEY
        CHECK (login ~ '^[a-z0-9][a-z0-9._-]{0,39}$' AND NOT geoservice.holds_personal_number(login)),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    must_change boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL CHECK (geoservice.is_name(created_by)),
    expires_at timestamptz,
    disabled_at timestamptz,
    signed_in_at timestamptz                  -- last
);

-- That somebody is signed in. It names the account alone: what its grants allow is read with it, each time. Nothing of where he sits or what
-- he uses is kept.
CREATE TABLE geoservice.session (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    by_provider boolean NOT NULL DEFAULT false,  -- an identity provider said who it is, in place of a password
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT session_ends_after_it_begins CHECK (expires_at > created_at)
);
CREATE INDEX ix_session_login ON geoservice.session (login);
CREATE INDEX ix_session_expires_at ON geoservice.session (expires_at);

-- Whoever is disabled signs in anew.
CREATE FUNCTION geoservice.end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now() WHERE login = NEW.login AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER UPDATE OF disabled_at ON geoservice.account
    FOR EACH ROW WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION geoservice.end_sessions();

-- Failures to sign in, by what they have in common: a name that was tried, or the network that tries came from; as hashes. Kept
-- here, so that a restart gives nobody new tries.
CREATE TABLE geoservice.sign_in_attempt (
    subject bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failed_at timestamptz NOT NULL DEFAULT now(),
    wait_until timestamptz
);
CREATE INDEX ix_sign_in_attempt_failed_at ON geoservice.sign_in_attempt (failed_at);

-- The second factor of an account: what its codes are made of (RFC 6238). Until one of them was shown it asks nobody. The secret has to be
-- known here to reckon with; logins of people may not read this table.
CREATE TABLE geoservice.second_factor (
    login text COLLATE "C" PRIMARY KEY REFERENCES geoservice.account,
    secret bytea NOT NULL CHECK (octet_length(secret) = 20),
    made_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz,
    last_step bigint                          -- of the code that was accepted last: none of it or before is accepted any more
);

-- What stands in for a code when the phone is gone: each once, as hashes.
CREATE TABLE geoservice.recovery_code (
    login text COLLATE "C" REFERENCES geoservice.second_factor ON DELETE CASCADE,
    code_sha256 bytea CHECK (octet_length(code_sha256) = 32),
    PRIMARY KEY (login, code_sha256)
);

-- That a password was right, or that a provider said who it is, and a code is still to come: no session, and good for nothing else. It
-- holds the hash of the password, so that it is void when that is changed meanwhile.
CREATE TABLE geoservice.pending_sign_in (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    verified text NOT NULL,                   -- hash of the password of then
    by_provider boolean NOT NULL,             -- as of the session that will be
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_pending_sign_in_login ON geoservice.pending_sign_in (login);
CREATE INDEX ix_pending_sign_in_expires_at ON geoservice.pending_sign_in (expires_at);

-- As whom an identity provider (OpenID Connect) knows whose account it is: by the pair of issuer and subject, never by mail or name. An
-- administrator links them; nobody is made by signing in.
CREATE TABLE geoservice.account_link (
    issuer text COLLATE "C" CHECK (issuer ~ '^https?://[!-~]{1,250}$'),
    subject text COLLATE "C" CHECK (subject ~ '^[ -~]{1,255}$'),
    login text COLLATE "C" NOT NULL REFERENCES geoservice.account,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX ix_account_link_login ON geoservice.account_link (login);

-- What began a sign-in by a provider that succeeded, as a hash: it is good for no second one.
CREATE TABLE geoservice.provider_sign_in (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_provider_sign_in_used_at ON geoservice.provider_sign_in (used_at);

-- Whoever came by a link that there is not any more signs in anew.
CREATE FUNCTION geoservice.end_linked_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now() WHERE login = OLD.login AND by_provider AND revoked_at IS NULL;
    DELETE FROM geoservice.pending_sign_in WHERE login = OLD.login AND by_provider;
    RETURN NULL;
END $$;
CREATE TRIGGER end_linked_sessions AFTER DELETE ON geoservice.account_link
    FOR EACH ROW EXECUTE FUNCTION geoservice.end_linked_sessions();

-- What accounts and keys may: their grants, each a role in a jurisdiction or, without one, in all, for a time or without an end. Who holds
-- several may, where he acts, what any of those allows that are in force there.

-- A grant of an officer names the member of staff, by code. What was given is not written anew: it is taken back, and given otherwise.
-- Whoever shows a key is found out before anything else is known of him, so everybody who serves reads the grants of keys; those of
-- accounts are for whoever asks for everything (row_policies.sql).
CREATE TABLE geoservice.access_grant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text COLLATE "C" REFERENCES geoservice.account ON DELETE CASCADE,
    key_id text COLLATE "C" REFERENCES geoservice.api_key ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN
        ('reader', 'reporter', 'officer', 'dispatcher', 'analyst', 'publisher', 'steward', 'auditor', 'admin')),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,
    staff_code text COLLATE "C",
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to timestamptz,                     -- null: without an end
    granted_at timestamptz NOT NULL DEFAULT now(),
    granted_by text NOT NULL DEFAULT geoservice.actor() CHECK (geoservice.is_name(granted_by)),
    revoked_at timestamptz,                   -- taken back before its end
    revoked_by text CHECK (geoservice.is_name(revoked_by)),
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT grant_of_an_account_or_a_key CHECK (num_nonnulls(login, key_id) = 1),
    CONSTRAINT grant_ends_after_it_begins CHECK (valid_to > valid_from),
    CONSTRAINT grant_staff_of_a_jurisdiction CHECK (staff_code IS NULL OR jurisdiction_id IS NOT NULL),
    CONSTRAINT grant_officer_is_somebody CHECK (role <> 'officer' OR staff_code IS NOT NULL),
    CONSTRAINT grant_revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    -- One role in one place once at a time.
    CONSTRAINT grant_once EXCLUDE USING gist
        (coalesce(login, 'key ' || key_id) WITH =, role WITH =, coalesce(jurisdiction_id, 0) WITH =,
         tstzrange(valid_from, valid_to) WITH &&) WHERE (revoked_at IS NULL),
    -- Who is an officer is one member of staff, and the map follows his grids: elsewhere he is somebody else.
    CONSTRAINT grant_one_officer EXCLUDE USING gist
        (coalesce(login, 'key ' || key_id) WITH =, jurisdiction_id WITH <>, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (revoked_at IS NULL AND role = 'officer')
);
CREATE INDEX ix_access_grant_login ON geoservice.access_grant (login);
CREATE INDEX ix_access_grant_key_id ON geoservice.access_grant (key_id);

-- Whether a grant is in force now.
CREATE FUNCTION geoservice.is_in_force(given geoservice.access_grant) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (given).revoked_at IS NULL AND (given).valid_from <= now() AND coalesce((given).valid_to > now(), true);

-- Whose matter an account or a key is: the one jurisdiction of all its grants; null where they are of several, or of all.
CREATE FUNCTION geoservice.home_of_holder(of_login text, of_key text) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE WHEN count(*) = count(g.jurisdiction_id) AND count(DISTINCT g.jurisdiction_id) = 1 THEN min(g.jurisdiction_id) END
              FROM access_grant AS g WHERE (g.login = of_login OR g.key_id = of_key) AND g.revoked_at IS NULL);
END $$;

-- Whoever may something else from now on, because somebody gave or took it, signs in anew. What ends by its time needs none to do so: rights
-- are read with each request.
CREATE FUNCTION geoservice.end_sessions_of_holder() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE geoservice.session SET revoked_at = now()
     WHERE login = coalesce(NEW.login, OLD.login) AND revoked_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER end_sessions AFTER INSERT OR UPDATE OR DELETE ON geoservice.access_grant
    FOR EACH ROW EXECUTE FUNCTION geoservice.end_sessions_of_holder();

-- Whether a grant lets its holder administer everywhere, without an end.
CREATE FUNCTION geoservice.administers(given geoservice.access_grant) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (given).role = 'admin' AND (given).jurisdiction_id IS NULL AND geoservice.is_in_force(given) AND (given).valid_to IS NULL;

-- The last account that administers everywhere, without an end, keeps that, and is neither disabled nor given an end: else nobody is left
-- who could give it again.
CREATE FUNCTION geoservice.keep_an_administrator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF tg_table_name = 'account' AND NOT EXISTS (SELECT FROM access_grant AS g WHERE g.login = OLD.login AND administers(g)) THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('geoservice.administrators'));  -- two do not take the last two from each other
    IF NOT EXISTS (SELECT FROM access_grant AS g JOIN account AS a USING (login)
                    WHERE administers(g) AND a.disabled_at IS NULL AND a.expires_at IS NULL) THEN
        RAISE EXCEPTION 'The account % is the last that administers every jurisdiction: give that to another one first.', OLD.login
            USING ERRCODE = 'GS414';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_an_administrator AFTER UPDATE OF revoked_at ON geoservice.access_grant
    FOR EACH ROW WHEN (OLD.role = 'admin' AND OLD.jurisdiction_id IS NULL AND OLD.login IS NOT NULL AND OLD.revoked_at IS NULL
                       AND OLD.valid_to IS NULL AND NEW.revoked_at IS NOT NULL)
    EXECUTE FUNCTION geoservice.keep_an_administrator();
CREATE TRIGGER keep_an_administrator AFTER UPDATE OF disabled_at, expires_at ON geoservice.account
    FOR EACH ROW WHEN (OLD.disabled_at IS NULL AND OLD.expires_at IS NULL
                       AND (NEW.disabled_at IS NOT NULL OR NEW.expires_at IS NOT NULL))
    EXECUTE FUNCTION geoservice.keep_an_administrator();

-- Until when somebody, as histories name him, may give others in a jurisdiction (null: in all) what he may there: as long as he administers it
-- himself, from now on without a break. 'infinity': without an end; '-infinity': not at all; null: no grants of his are known, as of
-- whoever runs commands. Of a key of a member of staff who is no officer histories name the member.
CREATE FUNCTION geoservice.gives_until(named text, place integer) RETURNS timestamptz
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    own CONSTANT text := person_of(named);
BEGIN
    IF strpos(named, ':') = 0 OR starts_with(named, 'cli:') THEN
        RETURN NULL;
    END IF;
    RETURN (
        WITH held AS (
            SELECT g.* FROM access_grant AS g WHERE g.login = own OR g.key_id = own
            UNION ALL SELECT g.* FROM access_grant AS g
                       WHERE g.key_id IS NOT NULL AND g.staff_code = own
                         AND NOT EXISTS (SELECT FROM access_grant AS o WHERE o.login = own OR o.key_id = own)),
        holder AS (
            SELECT range_agg(tstzrange(h.valid_from, h.valid_to)) AS spells, min(coalesce(a.expires_at, k.expires_at)) AS ends
              FROM held AS h LEFT JOIN account AS a ON a.login = h.login LEFT JOIN api_key AS k ON k.id = h.key_id
             WHERE h.role = 'admin' AND h.revoked_at IS NULL AND (h.jurisdiction_id IS NULL OR h.jurisdiction_id = place)
             GROUP BY h.login, h.key_id)
        SELECT CASE WHEN EXISTS (SELECT FROM held) THEN
                   coalesce((SELECT max(coalesce(least(upper(s.spell), o.ends), 'infinity'))
                               FROM holder AS o, unnest(o.spells) AS s (spell) WHERE s.spell @> now()), '-infinity') END);
END $$;

-- Refuse what outlasts that. ends: of what is given, null: never; newly: it is given now, and may be given otherwise.
CREATE FUNCTION geoservice.require_within_own(named text, place integer, ends timestamptz, newly boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    until CONSTANT timestamptz := gives_until(named, place);
    told CONSTANT text := to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
BEGIN
    IF coalesce(ends, 'infinity') > until THEN
        RAISE EXCEPTION '%', CASE
            WHEN NOT isfinite(until) THEN 'Nobody gives what he may not himself in that place.'
            WHEN newly THEN format('Nobody gives what outlasts his own right, which ends %s there: give it until then at the latest.', told)
            ELSE format('What it may outlasts your own right, which ends %s there: somebody who has that longer does this.', told) END
            USING ERRCODE = 'GS415';
    END IF;
END $$;

-- A grant: given by who is named in it, or given again by who acts. It is worth nothing any more when its account or key is over.
CREATE FUNCTION geoservice.keep_within_own() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM require_within_own(
        CASE tg_op WHEN 'INSERT' THEN NEW.granted_by ELSE actor() END, NEW.jurisdiction_id,
        least(NEW.valid_to, (SELECT a.expires_at FROM account AS a WHERE a.login = NEW.login),
              (SELECT k.expires_at FROM api_key AS k WHERE k.id = NEW.key_id)), tg_op = 'INSERT');
    RETURN NULL;
END $$;
CREATE TRIGGER keep_within_own AFTER INSERT ON geoservice.access_grant
    FOR EACH ROW EXECUTE FUNCTION geoservice.keep_within_own();
CREATE TRIGGER keep_within_own_again AFTER UPDATE OF revoked_at ON geoservice.access_grant
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NULL) EXECUTE FUNCTION geoservice.keep_within_own();

-- All that an account or a key may, or, by the argument, what it may in a role: when it can be used again, or for longer, or somebody else
-- gives it a secret with which to administer. Before it is written, since whoever acts may be what is written.
CREATE FUNCTION geoservice.keep_holder_within_own() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    holder CONSTANT jsonb := to_jsonb(NEW);
BEGIN
    PERFORM require_within_own(actor(), g.jurisdiction_id, least(g.valid_to, NEW.expires_at), false)
       FROM access_grant AS g
      WHERE (g.login = holder ->> 'login' OR g.key_id = holder ->> 'id') AND g.revoked_at IS NULL AND coalesce(g.valid_to > now(), true)
        AND (tg_nargs = 0 OR g.role = tg_argv[0]);
    RETURN NEW;
END $$;
CREATE TRIGGER keep_within_own BEFORE UPDATE OF disabled_at, expires_at ON geoservice.account
    FOR EACH ROW WHEN ((OLD.disabled_at IS NOT NULL AND NEW.disabled_at IS NULL)
                       OR coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity'))
    EXECUTE FUNCTION geoservice.keep_holder_within_own();
CREATE TRIGGER keep_within_own_password BEFORE UPDATE OF password_hash ON geoservice.account
    FOR EACH ROW WHEN (NEW.must_change) EXECUTE FUNCTION geoservice.keep_holder_within_own('admin');
CREATE TRIGGER keep_within_own BEFORE UPDATE OF expires_at ON geoservice.api_key
    FOR EACH ROW WHEN (coalesce(NEW.expires_at, 'infinity') > coalesce(OLD.expires_at, 'infinity'))
    EXECUTE FUNCTION geoservice.keep_holder_within_own();
CREATE TRIGGER keep_within_own_secret BEFORE UPDATE OF secret_sha256 ON geoservice.api_key
    FOR EACH ROW EXECUTE FUNCTION geoservice.keep_holder_within_own('admin');

-- The services offered: what may be reported, and how long it may take.

CREATE TABLE geoservice.service (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(code)),
    name text NOT NULL CHECK (geoservice.is_name(name)),
    name_en text CHECK (geoservice.is_name(name_en)),
    description text,
    category text,                            -- Open311 calls it group
    keywords text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '[]',   -- what it asks for beside words and a place
    limit_working_hours double precision CHECK (limit_working_hours > 0),
    sensitive boolean NOT NULL DEFAULT false, -- a dispute at home, say: its reports are told to those alone who handle them
    retired boolean NOT NULL DEFAULT false,   -- nothing new is reported of it; what was is handled to its end
    UNIQUE (jurisdiction_id, code),
    CONSTRAINT service_attributes_are_a_list CHECK (jsonb_typeof(attributes) = 'array')
);

-- The limit of a service, in seconds of work; null without one.
CREATE FUNCTION geoservice.limit_s(jurisdiction integer, service text) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.limit_working_hours * 3600 FROM geoservice.service AS s
     WHERE s.jurisdiction_id = jurisdiction AND s.code = service;
END;

-- Incidents, what their statuses mean, and the keys that keep a report from being stored twice.

-- Whether somebody still has to do something about an incident of a status.
CREATE FUNCTION geoservice.is_open(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status NOT IN ('closed', 'duplicate', 'cancelled');

-- Whether the clock of an incident of a status runs, unless it waits for its reporter: not once it is resolved, and not while it
-- is returned.
CREATE FUNCTION geoservice.clock_runs(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN status IN ('reported', 'dispatched', 'accepted');

-- How urgent an incident is that somebody still has to do something about: the smaller, the more. What is late comes first, then
-- what has a limit, by when that is; then the rest, what waits longest first. Above 2e11: nobody has to do anything any more, and
-- the newest comes first. Seconds from a fixed instant, since how an instant is told depends on who asks.
CREATE FUNCTION geoservice.urgency_of(status text, overdue_at timestamptz, expected_at timestamptz, reported_at timestamptz)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN NOT isfinite(reported_at) THEN 0  -- the table takes none such, and says so
    WHEN NOT geoservice.is_open(status) THEN 3e11 - extract(epoch FROM reported_at - timestamptz '2000-01-01 00:00:00+00')
    WHEN overdue_at IS NOT NULL AND status <> 'resolved'
        THEN extract(epoch FROM coalesce(expected_at, overdue_at) - timestamptz '2000-01-01 00:00:00+00') - 1e11
    WHEN expected_at IS NOT NULL AND status <> 'resolved'
        THEN extract(epoch FROM expected_at - timestamptz '2000-01-01 00:00:00+00')
    ELSE extract(epoch FROM reported_at - timestamptz '2000-01-01 00:00:00+00') + 1e11 END;

CREATE TABLE geoservice.incident (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- What was reported
    service_code text COLLATE "C" NOT NULL,
    source text NOT NULL DEFAULT 'system' CHECK (source IN ('resident', 'patrol', 'camera', 'hotline', 'system')),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 4000),
    -- By the codes of the service's attributes; several values of one as a list.
    attributes jsonb NOT NULL DEFAULT '{}',
    -- Whoever writes 0, 0 in SQL means it; at the other doors it is a device's unknown place, and refused.
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),
    -- As sent, in declared_crs; the trigger's when the sender gave only geom. The bounds keep NaN and infinity out.
    received_x double precision NOT NULL CHECK (received_x BETWEEN -1e9 AND 1e9),
    received_y double precision NOT NULL CHECK (received_y BETWEEN -1e9 AND 1e9),
    declared_crs text NOT NULL DEFAULT 'wgs84'
        CHECK (declared_crs IN ('wgs84', 'cgcs2000', 'gcj02', 'bd09') OR declared_crs ~ '^epsg:[1-9][0-9]{3,5}$'),
    accuracy_m double precision CHECK (accuracy_m BETWEEN 0 AND 1000),
    building_code text COLLATE "C",
    reported_at timestamptz NOT NULL DEFAULT now() CHECK (geoservice.is_instant(reported_at)),
    -- Of the token that the reporter holds. It names nobody.
    reporter_sha256 bytea CHECK (octet_length(reporter_sha256) = 32),
    -- Where it went: always the trigger's
    jurisdiction_id integer,
    edition_id bigint,
    grid_code text COLLATE "C",
    method text NOT NULL CHECK (method IN ('covers', 'nearest', 'building', 'manual', 'none')),
    distance_to_border_m double precision,
    near_border boolean NOT NULL,
    candidates jsonb,
    officer_code text COLLATE "C",
    -- The instant whose edition and postings it was routed by: when it was reported, or when a later edition moved it.
    routed_at timestamptz NOT NULL CHECK (isfinite(routed_at)),
    -- A person may overrule the rule, with a reason
    overrule_grid_code text COLLATE "C",
    overrule_reason text CHECK (char_length(overrule_reason) BETWEEN 1 AND 500),
    -- Somebody was named for it by a person; else whoever is posted to the grid has it.
    assigned_officer_code text COLLATE "C",
    -- What became of it
    status text NOT NULL DEFAULT 'reported' CHECK (status IN
        ('reported', 'dispatched', 'accepted', 'resolved', 'closed', 'returned', 'duplicate', 'cancelled')),
    status_since timestamptz NOT NULL DEFAULT now(),
    -- What was done last: a rule's id, and the words that came with it.
    step_rule text NOT NULL DEFAULT 'reported',
    step_reason text CHECK (char_length(step_reason) BETWEEN 1 AND 500),
    -- A question to the reporter is open since then.
    waiting_since timestamptz,
    -- The officer who accepted it is on the way since then; null again with another status or officer.
    set_out_at timestamptz,
    -- By when it should be resolved; null without a limit, and while the clock stands.
    expected_at timestamptz,
    -- What is left of the limit when the clock stands, seconds of work; below zero when it is late.
    work_left_s double precision,
    -- When it was found late; once for each time it is opened.
    overdue_at timestamptz,
    -- Found late, and somebody still has to see to it.
    late boolean NOT NULL GENERATED ALWAYS AS
        (overdue_at IS NOT NULL AND geoservice.is_open(status) AND status <> 'resolved') STORED,
    -- The order of lists: see urgency_of.
    urgency double precision NOT NULL GENERATED ALWAYS AS
        (geoservice.urgency_of(status, overdue_at, expected_at, reported_at)) STORED,
    duplicate_of uuid REFERENCES geoservice.incident,
    -- Of a duplicate: how far the incident has come that it ends at; always the trigger's.
    original_status text,
    closed_at timestamptz,
    rating smallint CHECK (rating BETWEEN 1 AND 5),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 1,
    -- As its service is: where and when it was reported is told to those alone who handle it. Always the trigger's.
    sensitive boolean NOT NULL DEFAULT false,
    -- When what people wrote in it and in its history was erased; null: it was not.
    words_gone_at timestamptz,
    -- Counts what functions of ours put right that is no step: nobody else may write it (rights.sql).
    upkeep integer NOT NULL DEFAULT 0 CHECK (upkeep >= 0),
    -- Tiles are told to everybody and kept outside of the database: what is sensitive is nowhere on them.
    geom_3857 geometry(Geometry, 3857) GENERATED ALWAYS AS
        (CASE WHEN sensitive THEN public.st_geomfromtext('POINT EMPTY', 3857) ELSE geoservice.web_mercator(geom) END) STORED,
    FOREIGN KEY (jurisdiction_id, service_code) REFERENCES geoservice.service (jurisdiction_id, code),
    CONSTRAINT incident_assigned_to_staff FOREIGN KEY (jurisdiction_id, assigned_officer_code)
        REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT incident_attributes_are_an_object
        CHECK (jsonb_typeof(attributes) = 'object' AND octet_length(attributes::text) <= 20000),
    CONSTRAINT incident_owned_or_queued CHECK ((grid_code IS NULL) = (method = 'none')),
    CONSTRAINT incident_set_out_when_accepted CHECK (set_out_at IS NULL OR status = 'accepted'),
    CONSTRAINT incident_overruled_with_a_reason CHECK ((overrule_grid_code IS NULL) = (overrule_reason IS NULL)),
    CONSTRAINT incident_closed_has_a_time CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT incident_rated_when_closed CHECK (rating IS NULL OR status IN ('closed', 'duplicate')),
    CONSTRAINT incident_reasons_say_something
        CHECK (geoservice.has_words(step_reason) AND geoservice.has_words(overrule_reason)),
    CONSTRAINT incident_duplicate_of_another
        CHECK (duplicate_of IS NULL OR (status = 'duplicate' AND duplicate_of <> id)),
    CONSTRAINT incident_without_personal_numbers CHECK (NOT geoservice.holds_personal_number(description)
        AND NOT geoservice.holds_personal_number(overrule_reason)),
    CONSTRAINT incident_step_without_personal_numbers CHECK (NOT geoservice.holds_personal_number(step_reason)),
    CONSTRAINT incident_attributes_without_personal_numbers
        CHECK (attributes = '{}' OR NOT geoservice.holds_personal_number(replace(attributes::text, '\n', ' ')))
);
-- Boxes are asked of one jurisdiction: with it in the index neither condition is left to look at rows for.
CREATE INDEX ix_incident_geom ON geoservice.incident USING gist (jurisdiction_id, geom);
CREATE INDEX ix_incident_grid_code ON geoservice.incident (jurisdiction_id, grid_code, status);
-- Lists by urgency, and how many there are of each kind, which is counted without looking at the rows.
CREATE INDEX ix_incident_urgency ON geoservice.incident (jurisdiction_id, urgency, id)
    INCLUDE (status, overdue_at, near_border, late, grid_code, officer_code, service_code, source, sensitive);
CREATE INDEX ix_incident_reported_at ON geoservice.incident (reported_at);
-- What may be about the same matter.
CREATE INDEX ix_incident_alike ON geoservice.incident (jurisdiction_id, service_code, reported_at) WHERE geoservice.is_open(status);
CREATE INDEX ix_incident_closed_at ON geoservice.incident (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX ix_incident_updated_at ON geoservice.incident (updated_at);
CREATE INDEX ix_incident_status_since ON geoservice.incident (status_since) WHERE status = 'resolved';
CREATE INDEX ix_incident_expected_at ON geoservice.incident (expected_at)
    WHERE overdue_at IS NULL AND geoservice.clock_runs(status);
CREATE INDEX ix_incident_overrule_grid_code ON geoservice.incident (jurisdiction_id, overrule_grid_code)
    WHERE overrule_grid_code IS NOT NULL;
CREATE INDEX ix_incident_words ON geoservice.incident (jurisdiction_id, status_since)
    WHERE words_gone_at IS NULL AND NOT geoservice.is_open(status);
CREATE INDEX ix_incident_duplicate_of ON geoservice.incident (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE UNIQUE INDEX ix_incident_reporter_sha256 ON geoservice.incident (reporter_sha256) WHERE reporter_sha256 IS NOT NULL;

INSERT INTO geoservice.layer (id, table_name, key_column, assignment, tiled, cell_level, counted)
VALUES ('incidents', 'incident', 'id', 'routing', '{status,service_code,source,late}', 17, '{status,late}');
SELECT geoservice.attach_tiles('incidents');

-- A report is as sensitive as its service, and none comes in of one that is retired.
CREATE FUNCTION geoservice.take_after_service() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    meant record;
BEGIN
    SELECT s.sensitive, s.retired INTO meant
      FROM service AS s WHERE s.jurisdiction_id = new.jurisdiction_id AND s.code = new.service_code;
    IF tg_op = 'INSERT' AND meant.retired THEN
        RAISE EXCEPTION 'The service % is retired.', new.service_code
            USING ERRCODE = 'check_violation', HINT = 'Take another one, or have this one brought back.';
    END IF;
    new.sensitive := coalesce(meant.sensitive, false);
    RETURN new;
END $$;
-- After `route`, by name: that finds the jurisdiction.
CREATE TRIGGER sensitive_as_its_service BEFORE INSERT ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep >= 0) EXECUTE FUNCTION geoservice.take_after_service();
CREATE TRIGGER sensitive_as_its_new_service BEFORE UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.service_code, new.jurisdiction_id, new.sensitive) IS DISTINCT FROM (old.service_code, old.jurisdiction_id, old.sensitive))
    EXECUTE FUNCTION geoservice.take_after_service();

-- What was reported of a service before it was said to be sensitive, or no longer to be, goes along.
CREATE FUNCTION geoservice.mark_reports_sensitive() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE incident AS i SET sensitive = new.sensitive, upkeep = i.upkeep + 1
     WHERE i.jurisdiction_id = new.jurisdiction_id AND i.service_code = new.code AND i.sensitive <> new.sensitive;
    RETURN NULL;
END $$;
CREATE TRIGGER mark_reports AFTER UPDATE ON geoservice.service FOR EACH ROW
    WHEN (new.sensitive <> old.sensitive) EXECUTE FUNCTION geoservice.mark_reports_sensitive();

-- The same of a row, for lists of features.
CREATE FUNCTION geoservice.urgency(i geoservice.incident) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN i.urgency;

-- Reports and steps that came with a key of their sender's, so that one that is sent again is answered, not done again.
CREATE TABLE geoservice.report_key (
    key_sha256 bytea PRIMARY KEY CHECK (octet_length(key_sha256) = 32),          -- of the sender and the key
    request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),     -- of what came with it
    incident_id uuid NOT NULL REFERENCES geoservice.incident ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    -- The token that was given out: it opens with the key, which only its sender knows. Null: it was a step, which gives out none.
    sealed_token bytea CHECK (octet_length(sealed_token) = 32),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_report_key_at ON geoservice.report_key (at);
CREATE INDEX ix_report_key_incident_id ON geoservice.report_key (incident_id);

-- The append-only history of incidents: everything that is counted can be counted from here.

-- No foreign key to incident: a history outlives what it tells of when retention removes that.
CREATE TABLE geoservice.incident_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    rule text NOT NULL,                       -- id of the rule that allowed or caused it
    from_status text,
    to_status text NOT NULL,
    from_grid_code text COLLATE "C",
    to_grid_code text COLLATE "C",
    method text,
    edition_id bigint,
    reason text,
    -- Whose matter it was, of which service, from where and since when: figures are counted of lines alone.
    jurisdiction_id integer,
    service_code text COLLATE "C",
    source text,
    reported_at timestamptz,
    officer_code text COLLATE "C",
    rating smallint,
    original_status text,                     -- of a duplicate: how far its original has come
    version integer,                          -- of the incident from this line on; null where nothing of it changed
    -- Of the first time that it was accepted, and of the first that it was resolved: seconds of work since the report, by the calendar
    -- as it was then. Null of other lines, and where no calendar was laid out.
    took_s double precision,
    -- The routing decision of a line, whole, all null where nothing was routed.
    routed_at timestamptz,
    geom geometry(Point, 4326) CHECK (geoservice.is_position(geom)),
    received_x double precision,
    received_y double precision,
    declared_crs text,
    accuracy_m double precision,
    building_code text COLLATE "C",
    distance_to_border_m double precision,
    near_border boolean,
    candidates jsonb
);
CREATE INDEX ix_incident_event_incident_id ON geoservice.incident_event (incident_id);
-- How incidents were handled in a period is counted from their histories.
CREATE INDEX ix_incident_event_jurisdiction_id_at ON geoservice.incident_event (jurisdiction_id, at);
CREATE INDEX ix_incident_event_reported_at ON geoservice.incident_event (jurisdiction_id, reported_at) WHERE rule = 'reported';
CREATE TRIGGER append_only BEFORE DELETE ON geoservice.incident_event
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();

-- A line stays as it was written; only its words may go.
CREATE FUNCTION geoservice.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    old.reason := NULL;
    IF new *= old THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION 'Rows of % are only ever added, never changed or removed.', tg_table_name
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only_but_words BEFORE UPDATE ON geoservice.incident_event
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_rewriting();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.incident_event
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- One history line for each arrival, written for the whole statement at once: COPY brings many.
CREATE FUNCTION geoservice.record_arrivals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO incident_event (incident_id, actor, rule, to_status, to_grid_code, method, edition_id, reason, officer_code,
                                jurisdiction_id, service_code, source, reported_at, version, routed_at, geom, received_x, received_y,
                                declared_crs, accuracy_m, building_code, distance_to_border_m, near_border, candidates)
    SELECT a.id, (SELECT geoservice.actor()), 'reported', a.status, a.grid_code, a.method, a.edition_id, a.overrule_reason,
           a.officer_code, a.jurisdiction_id, a.service_code, a.source, a.reported_at, a.version, a.routed_at, a.geom, a.received_x, a.received_y,
           a.declared_crs, a.accuracy_m, a.building_code, a.distance_to_border_m, a.near_border, a.candidates
      FROM arrivals AS a;
    RETURN NULL;
END $$;
CREATE TRIGGER record_arrivals AFTER INSERT ON geoservice.incident
    REFERENCING NEW TABLE AS arrivals FOR EACH STATEMENT EXECUTE FUNCTION geoservice.record_arrivals();

-- One history line for each change that means something; the routing is told where it could have changed.
CREATE FUNCTION geoservice.record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    line incident_event;
BEGIN
    IF (new.geom, new.building_code, new.accuracy_m, new.overrule_grid_code, new.routed_at)
        IS DISTINCT FROM (old.geom, old.building_code, old.accuracy_m, old.overrule_grid_code, old.routed_at) THEN
        line.routed_at := new.routed_at;
        line.geom := new.geom;
        line.received_x := new.received_x;
        line.received_y := new.received_y;
        line.declared_crs := new.declared_crs;
        line.accuracy_m := new.accuracy_m;
        line.building_code := new.building_code;
        line.distance_to_border_m := new.distance_to_border_m;
        line.near_border := new.near_border;
        line.candidates := new.candidates;
    END IF;
    line.at := clock_timestamp();
    IF new.step_rule IN ('accepted', 'resolved') AND NOT EXISTS (
        SELECT FROM incident_event AS e WHERE e.incident_id = new.id AND e.rule = new.step_rule) THEN
        line.took_s := worked_s(new.jurisdiction_id, line.at) - worked_s(new.jurisdiction_id, new.reported_at);
    END IF;
    INSERT INTO incident_event
        (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, method, edition_id, reason,
         officer_code, jurisdiction_id, service_code, source, reported_at, rating, original_status, version, took_s, at, routed_at, geom, received_x,
         received_y, declared_crs, accuracy_m, building_code, distance_to_border_m, near_border, candidates)
    VALUES (new.id, geoservice.actor(), new.step_rule, old.status, new.status, old.grid_code, new.grid_code, new.method,
            new.edition_id,
            CASE WHEN new.step_rule = 'moved by edition'
                 THEN 'Its place belongs to another grid in edition ' || new.edition_id || '.'
                 ELSE new.step_reason END,
            new.officer_code, new.jurisdiction_id, new.service_code, new.source, new.reported_at, new.rating, new.original_status,
            new.version, line.took_s, line.at,
            line.routed_at, line.geom, line.received_x, line.received_y, line.declared_crs, line.accuracy_m, line.building_code, line.distance_to_border_m,
            line.near_border, line.candidates);
    RETURN NULL;
END $$;
CREATE TRIGGER record_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    -- Of places the operator is named: see unlike(), of layers.
    WHEN (new.upkeep = old.upkeep AND (NOT new.geom = old.geom OR
          (new.status, new.service_code, new.source, new.description, new.building_code, new.accuracy_m,
           new.grid_code, new.method, new.officer_code, new.overrule_reason, new.waiting_since, new.set_out_at, new.overdue_at, new.closed_at,
           new.rating, new.original_status)
        IS DISTINCT FROM
          (old.status, old.service_code, old.source, old.description, old.building_code, old.accuracy_m,
           old.grid_code, old.method, old.officer_code, old.overrule_reason, old.waiting_since, old.set_out_at, old.overdue_at, old.closed_at,
           old.rating, old.original_status)))
    EXECUTE FUNCTION geoservice.record_change();

-- From report to rating: the steps that an incident may take, kept here too, so that no door takes another.

-- geoservice/domain/lifecycle/table.py holds the same table, and who may take which step.
CREATE TABLE geoservice.lifecycle (
    rule text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    needs_reason boolean NOT NULL DEFAULT false,
    -- Of several rules for one pair, the one that is meant when a writer names none.
    usual boolean NOT NULL DEFAULT true,
    PRIMARY KEY (rule, from_status)
);
CREATE UNIQUE INDEX lifecycle_one_usual_rule ON geoservice.lifecycle (from_status, to_status) WHERE usual;
INSERT INTO geoservice.lifecycle (rule, from_status, to_status, needs_reason, usual) VALUES
    ('dispatched', 'reported', 'dispatched', false, true),
    ('dispatched', 'returned', 'dispatched', false, true),
    ('accepted', 'dispatched', 'accepted', false, true),
    ('returned', 'dispatched', 'returned', true, true),
    ('returned', 'accepted', 'returned', true, true),
    ('reassigned', 'dispatched', 'dispatched', true, true),
    ('reassigned', 'accepted', 'dispatched', true, true),
    ('resolved', 'accepted', 'resolved', false, true),
    ('verified', 'resolved', 'closed', false, true),
    ('rated', 'resolved', 'closed', false, false),
    ('rated', 'closed', 'closed', false, true),
    ('rated', 'duplicate', 'duplicate', false, true),
    ('lapsed', 'resolved', 'closed', false, false),
    ('reopened', 'resolved', 'dispatched', true, true),
    ('reopened', 'closed', 'dispatched', true, true),
    ('reopened', 'duplicate', 'dispatched', true, true),
    ('merged', 'reported', 'duplicate', false, true),
    ('merged', 'dispatched', 'duplicate', false, true),
    ('merged', 'accepted', 'duplicate', false, true),
    ('merged', 'returned', 'duplicate', false, true),
    ('cancelled', 'reported', 'cancelled', true, true),
    ('cancelled', 'dispatched', 'cancelled', true, true),
    ('cancelled', 'returned', 'cancelled', true, true);

-- What an UPDATE of an incident means, and whether it may be. Before `route`, by name.
CREATE FUNCTION geoservice.guard_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step lifecycle;
    steps_by_status boolean := new.status <> old.status
        OR (new.assigned_officer_code IS DISTINCT FROM old.assigned_officer_code AND new.status = 'dispatched')
        OR (new.rating IS DISTINCT FROM old.rating AND new.status IN ('closed', 'duplicate'));
BEGIN
    IF new.upkeep <> old.upkeep THEN
        RETURN new;
    END IF;
    IF new.step_reason IS NOT NULL THEN
        new.words_gone_at := NULL;  -- there are words again
    END IF;
    IF steps_by_status THEN
        SELECT l.* INTO step FROM lifecycle AS l
         WHERE l.from_status = old.status AND l.to_status = new.status
         ORDER BY (l.rule = 'rated') = (new.rating IS DISTINCT FROM old.rating) DESC, l.rule = new.step_rule DESC,
                  l.usual DESC
         LIMIT 1;
        IF step.rule IS NULL THEN
            RAISE EXCEPTION 'An incident that is % can not become %.', old.status, new.status
                USING ERRCODE = 'GS411', HINT = 'It may become ' || coalesce((
                    SELECT string_agg(DISTINCT l.to_status, ', ' ORDER BY l.to_status) FROM lifecycle AS l
                     WHERE l.from_status = old.status), 'nothing else') || '.';
        ELSIF step.needs_reason AND new.step_reason IS NULL THEN
            RAISE EXCEPTION 'To be %, an incident needs a reason.', step.rule
                USING ERRCODE = 'not_null_violation', HINT = 'Write it into step_reason.';
        END IF;
        PERFORM require_step(step.rule, old, new);
        new.step_rule := step.rule;
        new.status_since := CASE WHEN new.status = old.status THEN old.status_since ELSE clock_timestamp() END;
        new.waiting_since := NULL;
        new.closed_at := CASE WHEN new.status = 'closed' THEN coalesce(old.closed_at, new.closed_at, now()) END;
        new.rating := CASE WHEN new.status = 'closed' OR step.rule = 'rated' THEN new.rating END;
        new.duplicate_of := CASE WHEN step.rule = 'merged' THEN new.duplicate_of
                                 WHEN new.status = 'duplicate' THEN old.duplicate_of END;
        new.original_status := status_of_original(new.duplicate_of);
        IF step.rule = 'reopened' THEN
            new.assigned_officer_code := NULL;  -- whoever is posted now
        END IF;
    ELSE
        new.status_since := old.status_since;
        new.duplicate_of := old.duplicate_of;
        new.original_status := status_of_original(new.duplicate_of);
        IF new.status = 'duplicate' AND new.original_status NOT IN ('resolved', 'closed') THEN
            new.rating := NULL;  -- it is in hand again, and will be rated anew
        END IF;
        new.step_rule := CASE
            WHEN new.original_status IS DISTINCT FROM old.original_status THEN 'followed'
            WHEN new.overdue_at IS DISTINCT FROM old.overdue_at THEN 'overdue'
            WHEN new.waiting_since IS DISTINCT FROM old.waiting_since
                THEN CASE WHEN new.waiting_since IS NULL THEN 'answered' ELSE 'asked' END
            WHEN new.set_out_at IS DISTINCT FROM old.set_out_at AND new.set_out_at IS NOT NULL THEN 'set out'
            WHEN new.routed_at > old.routed_at THEN 'moved by edition'
            WHEN (new.overrule_grid_code, new.overrule_reason) IS DISTINCT FROM (old.overrule_grid_code, old.overrule_reason)
                THEN CASE WHEN new.step_rule = 'side chosen' THEN 'side chosen' ELSE 'overruled' END
            WHEN (new.geom, new.building_code, new.accuracy_m) IS DISTINCT FROM (old.geom, old.building_code, old.accuracy_m)
                THEN 'moved'
            ELSE 'corrected' END;
        IF new.step_rule IN ('moved by edition', 'overdue', 'corrected', 'followed') THEN
            new.step_reason := NULL;
        ELSIF new.step_rule = 'overruled' THEN
            new.step_reason := new.overrule_reason;
        END IF;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER guard_step BEFORE UPDATE ON geoservice.incident
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_step();

-- The incident that one ends at which was merged into another, that one perhaps into a third; itself when it is no duplicate.
CREATE FUNCTION geoservice.original_of(incident uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH RECURSIVE way AS (
        SELECT i.id, i.duplicate_of FROM geoservice.incident AS i WHERE i.id = original_of.incident
        UNION SELECT i.id, i.duplicate_of FROM way JOIN geoservice.incident AS i ON i.id = way.duplicate_of
    )
    SELECT way.id FROM way WHERE way.duplicate_of IS NULL
$$;

-- How far the incident has come that a duplicate of another ends at. Null: it is none.
CREATE FUNCTION geoservice.status_of_original(merged_into uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT coalesce(i.original_status, i.status) FROM incident AS i WHERE i.id = merged_into
$$;

-- Duplicates follow their original, whatever becomes of it: each has a line of its own, so that whoever follows one hears.
CREATE FUNCTION geoservice.follow_original() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    -- Most have none, and an update of no row would still have its statement's triggers run.
    IF EXISTS (SELECT FROM incident AS i WHERE i.duplicate_of = new.id) THEN
        UPDATE incident AS i SET step_rule = 'followed' WHERE i.duplicate_of = new.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER follow_original AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN ((new.status, new.original_status) IS DISTINCT FROM (old.status, old.original_status))
    EXECUTE FUNCTION geoservice.follow_original();

-- What only some steps ask for.
CREATE FUNCTION geoservice.require_step(rule text, old geoservice.incident, new geoservice.incident) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF rule IN ('reopened', 'rated') AND old.closed_at < now() - lapses_after() THEN
        RAISE EXCEPTION 'The incident was closed more than 7 days ago.'
            USING ERRCODE = 'GS411', HINT = 'Report the matter anew.';
    ELSIF rule = 'rated' AND (old.rating IS NOT NULL OR new.rating IS NULL) THEN
        RAISE EXCEPTION 'The incident was rated already.' USING ERRCODE = 'GS411', HINT = 'One rating counts.';
    ELSIF rule = 'rated' AND old.status = 'duplicate' AND NOT EXISTS (
        SELECT FROM incident AS i WHERE i.id = original_of(old.id)
           AND (i.status = 'resolved' OR (i.status = 'closed' AND i.closed_at >= now() - lapses_after()))) THEN
        RAISE EXCEPTION 'The incident that it was merged into is not resolved, or was closed more than 7 days ago.'
            USING ERRCODE = 'GS411', HINT = 'It can be rated for 7 days from when that is resolved.';
    ELSIF rule = 'merged' AND new.duplicate_of = old.id THEN
        RAISE EXCEPTION 'An incident can not be merged into itself.'
            USING ERRCODE = 'check_violation', HINT = 'Give the id of the incident that stays, another one.';
    ELSIF rule = 'merged' THEN
        -- Held until this is committed: else two that are merged into each other at once would both be gone.
        PERFORM FROM incident AS i WHERE i.id = new.duplicate_of AND i.jurisdiction_id = old.jurisdiction_id
            AND i.status NOT IN ('duplicate', 'cancelled') FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The incident that stays must be one of the same jurisdiction, neither a duplicate nor cancelled.'
                USING ERRCODE = 'check_violation', HINT = 'Give the id of the incident that all others are merged into.';
        END IF;
    ELSIF rule IN ('dispatched', 'reassigned') AND new.assigned_officer_code IS NULL THEN
        RAISE EXCEPTION 'Nobody is named for the incident.'
            USING ERRCODE = 'not_null_violation', HINT = 'Write the code of a member of staff into assigned_officer_code.';
    END IF;
END $$;

-- Where an incident went decides who has it: an officer who is named has it dispatched to him, and where nobody is, it waits
-- in the queue. What is done already stays done.
CREATE FUNCTION geoservice.status_by_officer(status text, officer_before text, officer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN status IN ('dispatched', 'accepted') AND officer IS NULL THEN 'reported'
    WHEN status = 'reported' AND officer IS NOT NULL THEN 'dispatched'
    WHEN status = 'accepted' AND officer IS DISTINCT FROM officer_before THEN 'dispatched'
    ELSE status END;

-- What was resolved so long ago, and nobody rated or verified since, is closed; what was closed so long ago stays closed.
CREATE FUNCTION geoservice.lapses_after() RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN interval '7 days';

-- Close what was resolved long ago and what nobody rated or verified since. Whoever asks first does it.
CREATE FUNCTION geoservice.lapse_due(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    WITH due AS (
        SELECT i.id FROM incident AS i
         WHERE i.status = 'resolved' AND i.status_since < now() - lapses_after()
         ORDER BY i.status_since LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incident AS i SET status = 'closed', step_rule = 'lapsed', step_reason = NULL FROM due WHERE i.id = due.id;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;

-- Which grid an incident goes to, and who has it.

-- Route an incident on its way in, and again when its place, building or overrule changes. Nothing else may touch the
-- columns that say where it went: an UPDATE that tries is put right, not obeyed.
-- It runs with the writer's rights. What it asks on the way of every INSERT is fixed in meaning (ownership.sql); the rest has
-- a search path of its own.
CREATE FUNCTION geoservice.route_incident() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    answer geoservice.ownership;
    on_duty_at timestamptz;
    stale_routing_at timestamptz;
    fresh boolean;
    stands boolean;
BEGIN
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' THEN
        IF new.upkeep OPERATOR(pg_catalog.<>) old.upkeep THEN
            RETURN new;
        END IF;
        new := geoservice.incident_as_changed(old, new);
        IF new.method IS NOT NULL THEN  -- nothing changed that the route depends on
            RETURN new;
        END IF;
        new.routed_at := geoservice.reroute_at(old, new);
        on_duty_at := pg_catalog.clock_timestamp();
    ELSE
        new.recorded_at := pg_catalog.now();
        new.updated_at := pg_catalog.now();
        new.status_since := pg_catalog.now();
        new.version := 1;
        IF new.reported_at OPERATOR(pg_catalog.>) pg_catalog.now() THEN
            new.reported_at := geoservice.not_to_come(new.reported_at);
        END IF;
        new.routed_at := new.reported_at;
        new.step_rule := 'reported';
        new.step_reason := NULL;
        new.words_gone_at := NULL;
        new.upkeep := 0;
        new.original_status := CASE WHEN new.duplicate_of IS NOT NULL THEN geoservice.status_of_original(new.duplicate_of) END;
    END IF;
    answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
    IF tg_op OPERATOR(pg_catalog.=) 'INSERT' AND answer.jurisdiction_id IS NOT NULL THEN
        -- What nearly every report needs is done here: its turn, and a look at the edition. The function costs more than that.
        fresh := new.reported_at OPERATOR(pg_catalog.>=) pg_catalog.now();
        IF pg_catalog.current_setting('transaction_isolation') OPERATOR(pg_catalog.=) 'read committed' THEN
            PERFORM geoservice.lock_jurisdiction_shared(answer.jurisdiction_id);
            stands := geoservice.edition_at(
                answer.jurisdiction_id, CASE WHEN fresh THEN pg_catalog.clock_timestamp() ELSE new.routed_at END)
                IS NOT DISTINCT FROM answer.edition_id;
        END IF;
        IF stands IS NOT TRUE THEN
            stale_routing_at := geoservice.stale_routing_at(answer.jurisdiction_id, answer.edition_id, new.routed_at, fresh);
        END IF;
        IF stale_routing_at IS NOT NULL THEN
            new.routed_at := stale_routing_at;
            answer := geoservice.owner_of(new.geom, new.routed_at, new.accuracy_m, new.jurisdiction_id);
        END IF;
    END IF;
    new.received_x := coalesce(new.received_x, public.st_x(new.geom));
    new.received_y := coalesce(new.received_y, public.st_y(new.geom));
    IF public.st_x(new.geom) OPERATOR(pg_catalog.=) 180 THEN
        new.geom := geoservice.on_one_side(new.geom);
    END IF;
    IF answer.jurisdiction_id IS NULL OR new.building_code IS NOT NULL OR new.overrule_grid_code IS NOT NULL THEN
        answer := geoservice.owner_by_report(new, answer, old.building_code);
    END IF;
    IF answer.grid_code IS DISTINCT FROM old.grid_code THEN
        new.assigned_officer_code := NULL;
    END IF;
    new.jurisdiction_id := answer.jurisdiction_id;
    new.edition_id := answer.edition_id;
    new.grid_code := answer.grid_code;
    new.method := answer.method;
    new.distance_to_border_m := answer.distance_to_border_m;
    new.near_border := answer.near_border;
    new.candidates := answer.candidates;
    new.officer_code := new.assigned_officer_code;
    IF answer.grid_code IS NOT NULL AND new.officer_code IS NULL THEN
        SELECT o.staff_code INTO new.officer_code
          FROM geoservice.officer_posted(answer.jurisdiction_id, answer.grid_code, coalesce(on_duty_at, new.routed_at)) AS o;
    END IF;
    new.status := geoservice.status_by_officer(
        new.status, CASE WHEN tg_op OPERATOR(pg_catalog.=) 'INSERT' THEN new.officer_code ELSE old.officer_code END,
        new.officer_code);
    -- A step has said since when (guard_step); another grid, or nobody there, makes it another status here.
    IF tg_op OPERATOR(pg_catalog.=) 'UPDATE' AND new.status OPERATOR(pg_catalog.<>) old.status
        AND new.status_since OPERATOR(pg_catalog.=) old.status_since THEN
        new.status_since := pg_catalog.clock_timestamp();
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER route BEFORE INSERT OR UPDATE ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep >= 0) EXECUTE FUNCTION geoservice.route_incident();

-- Now, for a clock that is up to 5 minutes fast; a later instant is refused: nothing is reported before it happens.
CREATE FUNCTION geoservice.not_to_come(reported_at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF reported_at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'The report says that it was made at %, which is still to come.', reported_at
            USING ERRCODE = 'check_violation', HINT = 'Leave reported_at out for now, or put the clock right that it came from.';
    END IF;
    RETURN now();
END $$;

-- An incident as a writer changes it: what is fixed stays, what the trigger decides stays as it was decided. When its
-- place, accuracy, building, overrule or instant of routing changed, method is null: it must be routed anew.
CREATE FUNCTION geoservice.incident_as_changed(old geoservice.incident, new geoservice.incident)
RETURNS geoservice.incident
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    new.id := old.id;
    new.recorded_at := old.recorded_at;
    new.routed_at := greatest(old.routed_at, new.routed_at);
    new.reported_at := old.reported_at;
    new.updated_at := now();
    new.version := old.version + 1;
    new.method := NULL;
    IF (new.geom, new.building_code, new.accuracy_m, new.overrule_grid_code, new.routed_at)
        IS NOT DISTINCT FROM (old.geom, old.building_code, old.accuracy_m, old.overrule_grid_code, old.routed_at) THEN
        new.jurisdiction_id := old.jurisdiction_id;
        new.edition_id := old.edition_id;
        new.grid_code := old.grid_code;
        new.method := old.method;
        new.distance_to_border_m := old.distance_to_border_m;
        new.near_border := old.near_border;
        new.candidates := old.candidates;
        new.officer_code := old.officer_code;
        IF new.assigned_officer_code IS DISTINCT FROM old.assigned_officer_code OR new.step_rule = 'reopened' THEN
            new.officer_code := coalesce(new.assigned_officer_code, (
                SELECT o.staff_code FROM officer_posted(new.jurisdiction_id, new.grid_code, clock_timestamp()) AS o));
        END IF;
        IF new.officer_code IS NULL THEN
            new.status := status_by_officer(new.status, NULL, NULL);  -- the queue
            new.status_since := CASE WHEN new.status = old.status OR new.status_since <> old.status_since
                                     THEN new.status_since ELSE clock_timestamp() END;
        END IF;
    END IF;
    RETURN new;
END $$;

-- The instant by which a report on its way in must be looked up again, because a publication ran beside it and did not see it;
-- null: its look-up stands. Later publications wait until the report is committed, and treat it as any other.
-- fresh: it tells of this moment, not of an earlier day. It goes to the grid in force now unless open reports stay where they are.
CREATE FUNCTION geoservice.stale_routing_at(jurisdiction integer, edition bigint, looked_up_at timestamptz, fresh boolean)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lock_jurisdiction_shared(jurisdiction);
    IF fresh AND edition_at(jurisdiction, clock_timestamp()) IS DISTINCT FROM edition
        AND EXISTS (SELECT FROM jurisdiction AS j WHERE j.id = stale_routing_at.jurisdiction AND j.reroute <> 'keep') THEN
        RETURN clock_timestamp();
    ELSIF edition_at(jurisdiction, looked_up_at) IS DISTINCT FROM edition THEN
        RETURN looked_up_at;
    END IF;
    RETURN NULL;
END $$;

-- The instant by which a changed incident is routed. Whoever names a grid for an open one names one that is in force now: those
-- of the day when it was reported may be gone, and their officers with them. Whoever puts its place right means a place of now,
-- too, where open reports go along with their place, and where nobody owned the place that it had.
CREATE FUNCTION geoservice.reroute_at(old geoservice.incident, new geoservice.incident) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    goes_along CONSTANT boolean :=
        coalesce((SELECT j.reroute = 'move' FROM jurisdiction AS j WHERE j.id = old.jurisdiction_id), true);
BEGIN
    IF new.routed_at > old.routed_at OR NOT is_open(old.status) THEN
        RETURN new.routed_at;
    END IF;
    PERFORM lock_jurisdiction_shared(old.jurisdiction_id);
    IF (new.overrule_grid_code IS NOT NULL AND new.overrule_grid_code IS DISTINCT FROM old.overrule_grid_code)
        OR (goes_along AND (old.jurisdiction_id IS NULL
                            OR edition_at(old.jurisdiction_id, clock_timestamp()) IS DISTINCT FROM old.edition_id)) THEN
        RETURN greatest(old.routed_at, clock_timestamp());
    END IF;
    RETURN new.routed_at;
END $$;

-- The answer when a report says more than its place: it names a building, or a person overrules, or no jurisdiction is
-- there whose services the foreign key could look at.
CREATE FUNCTION geoservice.owner_by_report(
    report geoservice.incident, by_position geoservice.ownership, building_before text
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := by_position;
BEGIN
    IF answer.jurisdiction_id IS NULL
        AND NOT EXISTS (SELECT FROM service AS s WHERE s.code = report.service_code) THEN
        RAISE EXCEPTION 'There is no service %.', report.service_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Give the code of a service of a jurisdiction.';
    END IF;
    IF report.building_code IS NOT NULL THEN
        answer := owner_by_building(report, answer, report.building_code IS DISTINCT FROM building_before);
    END IF;
    IF report.overrule_grid_code IS NOT NULL THEN
        answer := owner_by_person(report, answer);
    END IF;
    RETURN answer;
END $$;

-- The building that a report of a place means by a code: the nearest of that code, of one jurisdiction or of all (null); and
-- whether the place is within that jurisdiction's snap tolerance of it. No row: there is none.
CREATE FUNCTION geoservice.building_meant(building text, place geometry, only_in integer)
RETURNS TABLE (geom geometry, jurisdiction_id integer, within_tolerance boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT b.geom, b.jurisdiction_id,
           distance_across_m(place, b.geom, lon_degree_m(st_y(place)), lat_degree_m(st_y(place))) <= j.snap_tolerance_m
      FROM building AS b JOIN jurisdiction AS j ON j.id = b.jurisdiction_id
     WHERE b.code = building_meant.building AND (only_in IS NULL OR b.jurisdiction_id = only_in)
     ORDER BY b.geom <-> place
     LIMIT 1
$$;

-- The answer for a report that names a building: the grid of that building, if the report lies within the snap tolerance
-- of it and a grid owns it, else the answer by position.
-- must_exist: an unknown building is refused, it would be a lost hint; one that was removed since is passed over.
CREATE FUNCTION geoservice.owner_by_building(
    report geoservice.incident, by_position geoservice.ownership, must_exist boolean
) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    near record;
    answer ownership;
BEGIN
    SELECT * INTO near FROM building_meant(report.building_code, report.geom, report.jurisdiction_id);
    IF near.geom IS NULL AND must_exist THEN
        RAISE EXCEPTION 'The incident names the unknown building %.', report.building_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Leave the building out, or give its code as in the layer.';
    ELSIF near.within_tolerance IS NOT TRUE THEN
        RETURN by_position;
    END IF;
    answer := owner_of(st_pointonsurface(near.geom), report.routed_at, 0, near.jurisdiction_id);
    IF answer.grid_code IS NULL THEN
        RETURN by_position;
    END IF;
    answer.method := 'building';
    RETURN answer;
END $$;

-- The answer when a person overrules: the grid named, which must be one of the edition that was in force.
CREATE FUNCTION geoservice.owner_by_person(report geoservice.incident, by_rule geoservice.ownership)
RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := by_rule;
BEGIN
    SELECT edition_at(t.jurisdiction_id, report.routed_at), t.id, t.code, t.name
      INTO answer.edition_id, answer.territory_id, answer.grid_code, answer.grid_name
      FROM territory AS t
     WHERE t.jurisdiction_id = by_rule.jurisdiction_id
       AND t.code = report.overrule_grid_code
       AND t.valid @> report.routed_at
       AND upper_inf(t.known);
    IF answer.territory_id IS NULL THEN
        RAISE EXCEPTION 'There is no grid % in the edition that was in force.', report.overrule_grid_code
            USING ERRCODE = 'foreign_key_violation', HINT = 'Overrule with the code of a grid of that edition.';
    END IF;
    answer.method := 'manual';
    RETURN answer;
END $$;

-- The grid code that an incident would have if it were routed at an instant; what a person decided stays while it can.
CREATE FUNCTION geoservice.incident_grid(report geoservice.incident, instant timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    answer ownership := owner_of(report.geom, instant, 0, report.jurisdiction_id);
BEGIN
    report.routed_at := instant;
    IF EXISTS (SELECT FROM territory AS t WHERE t.jurisdiction_id = report.jurisdiction_id
                  AND t.code = report.overrule_grid_code AND t.valid @> instant AND upper_inf(t.known)) THEN
        RETURN report.overrule_grid_code;
    ELSIF report.building_code IS NOT NULL THEN
        answer := owner_by_building(report, answer, false);
    END IF;
    RETURN answer.grid_code;
END $$;

-- A line's routing once more, by the grids as they were known then: what the rule says, whatever a person said. Of a building
-- that was moved or torn down since, nothing is known any more.
CREATE FUNCTION geoservice.route_again(line geoservice.incident_event, jurisdiction integer) RETURNS geoservice.ownership
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    report incident;
    answer ownership := owner_of(line.geom, line.routed_at, line.accuracy_m, jurisdiction, line.at);
BEGIN
    IF line.building_code IS NOT NULL THEN
        report.geom := line.geom;
        report.routed_at := line.routed_at;
        report.building_code := line.building_code;
        report.jurisdiction_id := jurisdiction;
        answer := owner_by_building(report, answer, false);
    END IF;
    RETURN answer;
END $$;

-- Working time: when people work, how long a matter may take, and when it is late.

-- When a jurisdiction works on a day of the week, local time. 1 is Monday (ISO 8601).
CREATE TABLE geoservice.working_hours (
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction ON DELETE CASCADE,
    weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens time NOT NULL,
    closes time NOT NULL CHECK (closes > opens),
    PRIMARY KEY (jurisdiction_id, weekday, opens),
    CONSTRAINT working_hours_do_not_overlap EXCLUDE USING gist (jurisdiction_id WITH =, weekday WITH =,
        numrange(extract(epoch FROM opens), extract(epoch FROM closes)) WITH &&)
);

-- Days that are not as their weekday: a holiday, or a day on which is worked like on another weekday.
CREATE TABLE geoservice.calendar_day (
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction ON DELETE CASCADE,
    day date NOT NULL CHECK (isfinite(day)),
    works_like smallint CHECK (works_like BETWEEN 1 AND 7),  -- null: nobody works
    label text NOT NULL CHECK (geoservice.is_name(label)),
    PRIMARY KEY (jurisdiction_id, day)
);

-- The two laid out: each stretch of work, and how many seconds were worked before it. Only the function below writes here.
CREATE TABLE geoservice.working_span (
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction ON DELETE CASCADE,
    opens timestamptz NOT NULL,
    closes timestamptz NOT NULL CHECK (closes > opens),
    worked_before_s double precision NOT NULL,
    PRIMARY KEY (jurisdiction_id, opens),
    UNIQUE (jurisdiction_id, worked_before_s)
);

-- Lay a jurisdiction's calendar out, from three months ago, or earlier if it was, to two years from now.
CREATE FUNCTION geoservice.lay_out_working_time(jurisdiction integer, since date DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    zone text;
    first_day date;
    last_day CONSTANT date := (now() + interval '2 years')::date;
BEGIN
    SELECT j.time_zone, least((now() - interval '3 months')::date, since, (SELECT min(s.opens)::date FROM working_span AS s
                                                                   WHERE s.jurisdiction_id = jurisdiction))
      INTO zone, first_day FROM jurisdiction AS j WHERE j.id = jurisdiction FOR NO KEY UPDATE;
    DELETE FROM working_span AS s WHERE s.jurisdiction_id = jurisdiction;
    INSERT INTO working_span (jurisdiction_id, opens, closes, worked_before_s)
    SELECT jurisdiction, d.opens, d.closes,
           coalesce(sum(extract(epoch FROM d.closes - d.opens)) OVER (
               ORDER BY d.opens ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
      FROM (
        SELECT (g.midnight::date + h.opens) AT TIME ZONE zone AS opens, (g.midnight::date + h.closes) AT TIME ZONE zone AS closes
          FROM generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') AS g (midnight)
          LEFT JOIN calendar_day AS c ON c.jurisdiction_id = jurisdiction AND c.day = g.midnight::date
          JOIN working_hours AS h ON h.jurisdiction_id = jurisdiction
           AND h.weekday = CASE WHEN c.day IS NULL THEN extract(isodow FROM g.midnight) ELSE c.works_like END
      ) AS d
     WHERE d.closes > d.opens;  -- a clock that is put forward can swallow a stretch
END $$;

-- Who changes hours or days changes the layout.
CREATE FUNCTION geoservice.keep_working_time() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    changed integer;
BEGIN
    FOR changed IN SELECT DISTINCT c.jurisdiction_id FROM changed_rows AS c
                     JOIN jurisdiction AS j ON j.id = c.jurisdiction_id LOOP
        PERFORM lay_out_working_time(changed);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER lay_out_after_insert AFTER INSERT ON geoservice.working_hours REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_update AFTER UPDATE ON geoservice.working_hours REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_delete AFTER DELETE ON geoservice.working_hours REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_insert AFTER INSERT ON geoservice.calendar_day REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_update AFTER UPDATE ON geoservice.calendar_day REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();
CREATE TRIGGER lay_out_after_delete AFTER DELETE ON geoservice.calendar_day REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.keep_working_time();

-- A jurisdiction begins with eight hours a day, Monday to Friday; its own hours replace them.
CREATE FUNCTION geoservice.begin_working_hours() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO working_hours (jurisdiction_id, weekday, opens, closes)
    SELECT new.id, weekday, stretch.opens, stretch.closes
      FROM generate_series(1, 5) AS weekday,
           (VALUES (time '08:30', time '12:30'), (time '14:00', time '18:00')) AS stretch (opens, closes);
    RETURN NULL;
END $$;
CREATE TRIGGER begin_working_hours AFTER INSERT ON geoservice.jurisdiction
    FOR EACH ROW EXECUTE FUNCTION geoservice.begin_working_hours();

-- Local hours are other instants in another time zone.
CREATE FUNCTION geoservice.follow_time_zone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM lay_out_working_time(new.id);
    RETURN NULL;
END $$;
CREATE TRIGGER follow_time_zone AFTER UPDATE OF time_zone ON geoservice.jurisdiction
    FOR EACH ROW WHEN (new.time_zone <> old.time_zone) EXECUTE FUNCTION geoservice.follow_time_zone();

-- Seconds worked from the beginning of the layout to an instant; no row before it and where nobody works. The planner takes this
-- and work_done into the query that asks; the functions without a row are for whoever asks about one instant.
CREATE FUNCTION geoservice.worked(jurisdiction integer, instant timestamptz, OUT worked_s double precision)
RETURNS SETOF double precision
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.worked_before_s + extract(epoch FROM least(s.closes, instant) - s.opens)
      FROM geoservice.working_span AS s
     WHERE s.jurisdiction_id = jurisdiction AND s.opens <= instant
     ORDER BY s.opens DESC LIMIT 1;
END;

CREATE FUNCTION geoservice.worked_s(jurisdiction integer, instant timestamptz) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT w.worked_s FROM geoservice.worked(jurisdiction, instant) AS w);

-- When so many seconds of work are done that begin at an instant. What ends with a stretch ends then, not when the next begins.
-- Null or no row beyond the layout, where nobody knows the holidays yet.
CREATE FUNCTION geoservice.work_done(jurisdiction integer, begins timestamptz, work_s double precision, OUT done_at timestamptz)
RETURNS SETOF timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN s.opens + make_interval(secs => t.target_s - s.worked_before_s) <= s.closes
                THEN s.opens + make_interval(secs => t.target_s - s.worked_before_s) END
      FROM (SELECT w.worked_s + work_s AS target_s FROM geoservice.worked(jurisdiction, begins) AS w) AS t,
           LATERAL (SELECT n.opens, n.closes, n.worked_before_s FROM geoservice.working_span AS n
                     WHERE n.jurisdiction_id = jurisdiction AND n.worked_before_s < t.target_s
                     ORDER BY n.worked_before_s DESC LIMIT 1) AS s;
END;

CREATE FUNCTION geoservice.work_done_at(jurisdiction integer, begins timestamptz, work_s double precision)
RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT d.done_at FROM geoservice.work_done(jurisdiction, begins, work_s) AS d);

-- The clock of an incident starts with the report. After `route`, by name. Every arrival passes here: without settings of its
-- own it takes a third of the time.
CREATE FUNCTION geoservice.time_arrival() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    limit_s CONSTANT double precision := geoservice.limit_s(new.jurisdiction_id, new.service_code);
BEGIN
    new.overdue_at := NULL;
    new.work_left_s := NULL;
    new.expected_at := CASE WHEN limit_s IS NOT NULL
                            THEN geoservice.work_done_at(new.jurisdiction_id, new.reported_at, limit_s) END;
    RETURN new;
END $$;
CREATE TRIGGER time_arrival BEFORE INSERT ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep >= 0) EXECUTE FUNCTION geoservice.time_arrival();

-- It stands while the matter is returned or waits for its reporter, ends when it is resolved, and starts anew when it is
-- reopened. After `route`, by name: another grid may have made it another status, and another officer's.
CREATE FUNCTION geoservice.time_incident() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    ran CONSTANT boolean := clock_runs(old.status) AND old.waiting_since IS NULL;
    runs CONSTANT boolean := clock_runs(new.status) AND new.waiting_since IS NULL;
BEGIN
    IF (new.status, new.officer_code) IS DISTINCT FROM (old.status, old.officer_code) THEN
        new.set_out_at := NULL;
    END IF;
    IF new.step_rule = 'reopened' AND old.status <> new.status THEN
        new.overdue_at := NULL;
        new.work_left_s := NULL;
        new.expected_at := work_done_at(
            new.jurisdiction_id, clock_timestamp(), limit_s(new.jurisdiction_id, new.service_code));
        RETURN new;
    END IF;
    new.expected_at := old.expected_at;
    new.work_left_s := old.work_left_s;
    IF new.step_rule = 'overdue' AND (old.overdue_at IS NOT NULL OR NOT coalesce(old.expected_at < now(), false)) THEN
        new.overdue_at := old.overdue_at;  -- it is not late, or that is known
    END IF;
    IF ran AND NOT runs AND (new.status = 'returned' OR new.waiting_since IS NOT NULL) AND old.expected_at IS NOT NULL THEN
        new.work_left_s := worked_s(new.jurisdiction_id, old.expected_at) - worked_s(new.jurisdiction_id, clock_timestamp());
        new.expected_at := NULL;
    ELSIF runs AND NOT ran AND old.work_left_s IS NOT NULL THEN
        new.expected_at := CASE WHEN old.work_left_s > 0
                                THEN work_done_at(new.jurisdiction_id, clock_timestamp(), old.work_left_s)
                                ELSE clock_timestamp() END;
        new.work_left_s := NULL;
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER time_incident BEFORE UPDATE ON geoservice.incident
    FOR EACH ROW EXECUTE FUNCTION geoservice.time_incident();

-- Find what is late and was not found before, and say so in its history, which the dispatcher hears of.
CREATE FUNCTION geoservice.mark_overdue(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    done integer;
BEGIN
    WITH late AS (
        SELECT i.id FROM incident AS i
         WHERE i.expected_at < now() AND i.overdue_at IS NULL AND clock_runs(i.status)
         ORDER BY i.expected_at LIMIT most FOR UPDATE SKIP LOCKED
    )
    UPDATE incident AS i SET overdue_at = now() FROM late WHERE i.id = late.id;
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END $$;

-- The layout reaches far enough for every limit; once a year it is carried on.
CREATE FUNCTION geoservice.renew_working_time() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    due integer;
    done integer := 0;
BEGIN
    FOR due IN SELECT s.jurisdiction_id FROM working_span AS s GROUP BY s.jurisdiction_id
               HAVING max(s.closes) < now() + interval '1 year' LOOP
        PERFORM lay_out_working_time(due);
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

-- Many reports at once: what is put into the inbox is routed as a set and stored in table incident, in the statement that brings it.
-- One query asks what the trigger `route` asks for each row, of the same functions (ownership.sql, staff.sql, working_time.sql), and
-- costs a fraction: executors are started once for all rows. What is not plain goes through that trigger as from any other door.

-- Keeps nothing: what comes in is in table incident when the statement ends. The columns that whoever reports may write, as there.
-- Unlogged, for it is empty at every commit; vacuumed early, for all of it is dead then. No row policies: PostgreSQL copies into no
-- table that has some. What a writer may put in is asked at the end (take_in_reports).
CREATE UNLOGGED TABLE geoservice.incident_inbox (
    id uuid DEFAULT gen_random_uuid(),
    jurisdiction_id integer,
    service_code text COLLATE "C",
    source text DEFAULT 'system',
    description text DEFAULT '',
    attributes jsonb DEFAULT '{}',
    geom geometry(Point, 4326),
    received_x double precision,
    received_y double precision,
    declared_crs text DEFAULT 'wgs84',
    accuracy_m double precision,
    building_code text COLLATE "C",
    reported_at timestamptz DEFAULT now(),
    assigned_officer_code text COLLATE "C",
    overrule_grid_code text COLLATE "C",
    overrule_reason text
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_scale_factor = 0);

-- Refuse a set of reports of which one reached a jurisdiction that whoever writes may not write.
CREATE FUNCTION geoservice.require_may_write(reached integer[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(reached) AS r (id) WHERE may_write(r.id) IS NOT TRUE) THEN
        RAISE EXCEPTION 'What was to be written belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
END $$;

-- Route what a statement put into the inbox, and store it.
-- Plain is what is told in one jurisdiction, of a service that is offered there, of the past or of this moment, at a place that one
-- grid alone covers, not on its border, and without a building or a person's own decision. For all else the columns that say where
-- it goes stay null, and upkeep tells the triggers of incident which rows are routed: see `routed` below.
CREATE FUNCTION geoservice.take_in_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    meant CONSTANT integer[] := ARRAY(SELECT DISTINCT a.jurisdiction_id FROM arrivals AS a WHERE a.jurisdiction_id IS NOT NULL ORDER BY 1);
    -- Where the edition of this moment is that of the beginning of the transaction, what is told of now is plain, too.
    steady integer[];
BEGIN
    -- Before locks are taken: one for each jurisdiction that a set names would leave nobody any. Those that places lead to follow below.
    PERFORM require_may_write(meant);
    -- Before anything is looked up: what was published is seen by what follows, and what is published later waits for our commit.
    PERFORM lock_jurisdiction_shared(m.id) FROM unnest(meant) AS m (id);
    steady := ARRAY(SELECT m.id FROM unnest(meant) AS m (id)
                     WHERE edition_at(m.id, clock_timestamp()) IS NOT DISTINCT FROM edition_at(m.id, now()));
    -- Planned anew for each set (EXECUTE): a plan for ten rows would be kept for a million. Nothing is left to be estimated: each row
    -- is asked about by itself (LATERAL), in the order of places, so that the shape of one grid serves many.
    EXECUTE $sql$
        WITH arrived AS MATERIALIZED (
            SELECT a.*, s.sensitive, s.limit_working_hours * 3600 AS limit_s,
                   coalesce(NOT s.retired AND a.building_code IS NULL AND a.overrule_grid_code IS NULL
                            AND is_position(a.geom) AND abs(st_x(a.geom)) <> 180
                            AND (a.accuracy_m IS NULL OR a.accuracy_m BETWEEN 0 AND 1000)
                            AND (a.reported_at < now() OR (a.reported_at = now() AND a.jurisdiction_id = ANY ($1))), false) AS plain,
                   (a.reported_at AT TIME ZONE j.time_zone)::date AS day
              FROM arrivals AS a
              LEFT JOIN service AS s ON s.jurisdiction_id = a.jurisdiction_id AND s.code = a.service_code
              LEFT JOIN jurisdiction AS j ON j.id = a.jurisdiction_id
             ORDER BY a.geom
        ), measured AS (
            SELECT a.*, CASE WHEN a.plain THEN lon_degree_m(st_y(a.geom)) END AS lon_m,
                   CASE WHEN a.plain THEN lat_degree_m(st_y(a.geom)) END AS lat_m
              FROM arrived AS a OFFSET 0
        ), routed AS (
            SELECT m.*, g.edition_id, g.territory_id, g.code, g.to_border_m, coalesce(m.accuracy_m, g.accuracy_m) AS reach_m
              FROM measured AS m
              LEFT JOIN LATERAL (
                SELECT c.* FROM grids_covering(m.geom, m.lon_m, m.lat_m, m.reported_at, m.jurisdiction_id, 'infinity') AS c
                 WHERE m.plain OFFSET 0) AS g ON g.to_border_m >= 0.001 OFFSET 0
        ), decided AS (
            SELECT r.*, r.code IS NOT NULL AS is_routed, r.to_border_m < r.reach_m AS near_border,
                   CASE WHEN r.code IS NOT NULL THEN (SELECT p.staff_code FROM posted_on(r.jurisdiction_id, r.code, r.day) AS p)
                        END AS officer_code
              FROM routed AS r OFFSET 0
        ), stored AS (
            INSERT INTO incident (
                id, jurisdiction_id, service_code, source, description, attributes, geom, received_x, received_y, declared_crs,
                accuracy_m, building_code, reported_at, assigned_officer_code, overrule_grid_code, overrule_reason, upkeep,
                edition_id, grid_code, method, distance_to_border_m, near_border, candidates, officer_code, routed_at, status,
                sensitive, expected_at)
            SELECT d.id, d.jurisdiction_id, d.service_code, d.source, d.description, d.attributes, d.geom,
                   CASE WHEN d.is_routed THEN coalesce(d.received_x, st_x(d.geom)) ELSE d.received_x END,
                   CASE WHEN d.is_routed THEN coalesce(d.received_y, st_y(d.geom)) ELSE d.received_y END,
                   d.declared_crs, d.accuracy_m, d.building_code, d.reported_at,
                   CASE WHEN NOT d.is_routed THEN d.assigned_officer_code END, d.overrule_grid_code, d.overrule_reason,
                   CASE WHEN d.is_routed THEN -1 ELSE 0 END,
                   d.edition_id, d.code, CASE WHEN d.is_routed THEN 'covers' END, d.to_border_m, d.near_border,
                   CASE WHEN d.near_border
                        THEN (SELECT w.candidates FROM grids_within(d.geom, d.lon_m, d.lat_m, d.jurisdiction_id, d.reported_at,
                                                                    'infinity', d.reach_m, d.territory_id) AS w) END,
                   d.officer_code, d.reported_at, status_by_officer('reported', d.officer_code, d.officer_code),
                   coalesce(d.sensitive, false),
                   CASE WHEN d.is_routed AND d.limit_s IS NOT NULL
                        THEN (SELECT w.done_at FROM work_done(d.jurisdiction_id, d.reported_at, d.limit_s) AS w) END
              FROM decided AS d
            RETURNING jurisdiction_id)
        -- Within the query: its foreign keys, which would tell whom another jurisdiction employs, are asked when it ends.
        SELECT require_may_write(array_agg(DISTINCT s.jurisdiction_id)) FROM stored AS s
    $sql$ USING steady;
    DELETE FROM incident_inbox;
    RETURN NULL;
END $$;
CREATE TRIGGER take_in_reports AFTER INSERT ON geoservice.incident_inbox
    REFERENCING NEW TABLE AS arrivals FOR EACH STATEMENT EXECUTE FUNCTION geoservice.take_in_reports();

-- A row that comes routed is marked by an upkeep below zero, which nobody may write but the owner of the schema, as whom the
-- function above runs (rights.sql): the triggers that route do not run for it. A CHECK keeps the mark from being stored. After
-- all others, by name.
CREATE FUNCTION geoservice.unmark_routed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    new.upkeep := 0;
    RETURN new;
END $$;
CREATE TRIGGER unmark_routed BEFORE INSERT ON geoservice.incident
    FOR EACH ROW WHEN (new.upkeep < 0) EXECUTE FUNCTION geoservice.unmark_routed();

-- What grid officers did, and where: codes, a building or a point, a minute. No words, nobody's name, and no track: one visit is
-- one line, and whoever wrote it can not write it anew.
CREATE TABLE geoservice.visit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    building_code text COLLATE "C" CHECK (geoservice.is_code(building_code)),  -- by code: a visit outlives its building
    geom geometry(Point, 4326) CHECK (geoservice.is_position(geom)),
    grid_code text COLLATE "C" NOT NULL,      -- of that minute
    staff_code text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('patrol', 'registration', 'hazard_check', 'dispute', 'request', 'service')),
    outcome text NOT NULL CHECK (outcome IN ('done', 'nobody_there', 'follow_up', 'handed_on')),
    at timestamptz NOT NULL CHECK (extract(epoch FROM at) % 60 = 0),
    FOREIGN KEY (jurisdiction_id, staff_code) REFERENCES geoservice.staff (jurisdiction_id, code),
    CONSTRAINT visit_at_a_building_or_a_point CHECK ((building_code IS NULL) <> (geom IS NULL))
);
CREATE INDEX ix_visit_jurisdiction_id_at ON geoservice.visit (jurisdiction_id, at);

-- A visit is of the minute, and of the grid that owned its place then.
CREATE FUNCTION geoservice.place_visit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    place geometry := on_one_side(new.geom);
BEGIN
    new.geom := place;
    IF new.at > clock_timestamp() + interval '5 minutes' THEN
        RAISE EXCEPTION 'A visit that is still to come can not be noted.' USING ERRCODE = 'check_violation',
            HINT = 'Give the instant at which it was, with its zone.';
    END IF;
    IF new.building_code IS NOT NULL THEN
        SELECT place_of(b.geom) INTO place FROM building AS b
         WHERE b.jurisdiction_id = new.jurisdiction_id AND b.code = new.building_code;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'There is no such building in the jurisdiction.' USING ERRCODE = 'foreign_key_violation',
                HINT = 'Name another, or give the place.';
        END IF;
    END IF;
    new.at := date_trunc('minute', new.at);
    new.grid_code := CASE WHEN place IS NOT NULL THEN (owner_of(place, new.at, 0, new.jurisdiction_id)).grid_code END;
    IF new.grid_code IS NULL THEN
        RAISE EXCEPTION 'No grid owned the place at that minute.' USING ERRCODE = 'check_violation',
            HINT = 'Look at the place, and at the instant.';
    END IF;
    RETURN new;
END $$;
CREATE TRIGGER place_visit BEFORE INSERT ON geoservice.visit
    FOR EACH ROW EXECUTE FUNCTION geoservice.place_visit();
CREATE TRIGGER append_only BEFORE UPDATE ON geoservice.visit
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();

-- Other systems hear of every event, once and in order.

-- What other systems are to hear of, in the transaction that did it. A row tells of a line of a history, or carries a payload of
-- its own. Its number is given after the commit, so that whoever has read up to one is never overtaken by another that was
-- committed later.
CREATE TABLE geoservice.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number bigint,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    topic text NOT NULL CHECK (geoservice.is_code(topic)),
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,
    incident_event_id bigint,  -- of a table that only grows: a foreign key would cost, and guard nothing
    payload jsonb,
    CONSTRAINT outbox_tells_one_thing CHECK ((payload IS NULL) = (incident_event_id IS NOT NULL))
);
CREATE UNIQUE INDEX outbox_tells_it_once ON geoservice.outbox (incident_event_id) WHERE incident_event_id IS NOT NULL;
CREATE UNIQUE INDEX outbox_one_of_a_number ON geoservice.outbox (number) WHERE number IS NOT NULL;
CREATE INDEX ix_outbox_id_without_number ON geoservice.outbox (id) WHERE number IS NULL;
CREATE INDEX ix_outbox_at ON geoservice.outbox (at);

-- The last number that was given.
CREATE TABLE geoservice.outbox_head (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    number bigint NOT NULL
);
INSERT INTO geoservice.outbox_head (number) VALUES (0);

-- What is written into a history is told.
CREATE FUNCTION geoservice.tell_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, jurisdiction_id, incident_event_id)
    SELECT 'incident', l.jurisdiction_id, l.id FROM lines AS l ORDER BY l.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_events AFTER INSERT ON geoservice.incident_event
    REFERENCING NEW TABLE AS lines FOR EACH STATEMENT EXECUTE FUNCTION geoservice.tell_events();

-- That a layer was changed is told once a change: which layer, and nothing of what is in it. Of layers of people it is not told.
CREATE FUNCTION geoservice.tell_layer_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO outbox (topic, jurisdiction_id, payload)
    SELECT 'layer.changed', new.jurisdiction_id, jsonb_build_object('layer', l.id, 'change', new.change_id)
      FROM layer AS l WHERE l.id = new.layer AND NOT l.personal;
    RETURN NULL;
END $$;
CREATE TRIGGER tell_layer_change AFTER INSERT ON geoservice.change_count
    FOR EACH ROW EXECUTE FUNCTION geoservice.tell_layer_change();

-- Give numbers to what was committed since, in the order in which it was written: two steps of one incident wait for each
-- other, so theirs is kept. Returns the last number given; null when somebody else gives them at this moment, unless it
-- waits for that: whoever must know that all that was committed has its number, waits, and has no end to `most`.
CREATE FUNCTION geoservice.number_outbox(most integer DEFAULT 5000, waits boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    head bigint;
    given integer;
BEGIN
    IF waits THEN
        SELECT h.number INTO head FROM outbox_head AS h FOR UPDATE;
    ELSE
        SELECT h.number INTO head FROM outbox_head AS h FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    WITH due AS (
        SELECT d.id, row_number() OVER (ORDER BY d.id) AS n
          FROM (SELECT o.id FROM outbox AS o WHERE o.number IS NULL ORDER BY o.id LIMIT most) AS d
    )
    UPDATE outbox AS o SET number = head + due.n FROM due WHERE o.id = due.id;
    GET DIAGNOSTICS given = ROW_COUNT;
    IF given > 0 THEN
        UPDATE outbox_head SET number = head + given;
    END IF;
    RETURN head + given;
END $$;

-- What everybody who wanted to has heard of long ago; the histories stay. Returns how many rows went.
CREATE FUNCTION geoservice.forget_told(most integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    gone integer;
BEGIN
    DELETE FROM outbox AS o WHERE o.id IN (
        SELECT d.id FROM outbox AS d WHERE d.at < now() - interval '30 days' AND d.number IS NOT NULL
         ORDER BY d.at LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- What a change of grids moves: features and open incidents whose stored grid is no longer the one that owns them.

CREATE TYPE geoservice.move AS (
    kind text,                                -- table of the layer, or undecided: an incident about which a person is asked
    id text,
    code text,                                -- null where the layer has none
    from_grid text,
    to_grid text,
    households integer,                       -- of a row of household, which may count several
    residents integer,
    floating integer
);

-- By which edition the features of a jurisdiction were assigned last. When another is in force, its day has come.
CREATE TABLE geoservice.applied_edition (
    jurisdiction_id integer PRIMARY KEY REFERENCES geoservice.jurisdiction,
    edition_id bigint NOT NULL REFERENCES geoservice.edition
);

-- The edition by which the features of a jurisdiction are assigned when one begins that is published now: for a day to come,
-- the one in force just before. It need not be the one that a draft was drawn from, which may be meant for a later day.
CREATE FUNCTION geoservice.assigned_by(jurisdiction integer, starts timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT CASE WHEN starts > now() THEN edition_at(assigned_by.jurisdiction, starts - interval '1 microsecond')
                ELSE (SELECT a.edition_id FROM applied_edition AS a WHERE a.jurisdiction_id = assigned_by.jurisdiction) END
$$;

-- The pieces of ground that lie in another grid, or belong to nobody, in one edition and not in the other, and the borders that
-- differ.
-- before: null, all of it.
CREATE FUNCTION geoservice.changed_area(before bigint, after bigint) RETURNS SETOF geometry
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    WITH shapes AS MATERIALIZED (
        SELECT c.old_geom, c.new_geom FROM changed_grids(changed_area.before, changed_area.after) AS c
        UNION ALL  -- on ground that belongs to nobody no grid is the nearest one
        SELECT f.old_geom, f.new_geom FROM changed_faces(changed_area.before, changed_area.after) AS f
         WHERE NOT coalesce(f.old_owned, false) AND NOT coalesce(f.new_owned, false)
    ),
    pieces AS (
        SELECT CASE WHEN old_geom IS NULL THEN new_geom WHEN new_geom IS NULL THEN old_geom
                    ELSE st_symdifference(old_geom, new_geom) END AS geom
          FROM shapes
        UNION ALL  -- an area too thin for the overlay still has borders
        SELECT st_symdifference(st_boundary(old_geom), st_boundary(new_geom))
          FROM shapes WHERE old_geom IS NOT NULL AND new_geom IS NOT NULL
    )
    SELECT st_subdivide(part.geom, 128)
      FROM pieces, st_dump(pieces.geom) AS part
     WHERE NOT st_isempty(part.geom) AND geometrytype(part.geom) <> 'POINT'
$$;

-- The statement that finds which features of a layer are to be moved. $1: the area that changed, in pieces; $2: how far from it
-- to look, degrees; $3: the instant; $4: the jurisdiction; $5: what was found of other layers.
-- Candidates are found from the area, each with its row: joining them to the whole table again would read it all. Whose they
-- are is asked of those found: asked before, it would leave hardly a row by the guess of a planner that does not know this
-- jurisdiction's features yet, and every feature would be measured from every piece.
CREATE FUNCTION geoservice.moves_statement(described geoservice.layer) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    told CONSTANT text := format('%L, f.id::text, %s, f.grid_code, %%s, %s', described.table_name,
        CASE WHEN described.key_column = 'code' THEN 'f.code' ELSE 'NULL::text' END,
        CASE WHEN described.personal THEN 'f.households, f.residents, f.floating' ELSE 'NULL::integer, NULL::integer, NULL::integer' END);
    by_place CONSTANT text := format($sql$
        SELECT %s
          FROM (SELECT DISTINCT ON (near.id) near.*
                  FROM unnest($1) AS g (piece) JOIN geoservice.%I AS near ON st_dwithin(near.geom, g.piece, $2)) AS f,
               LATERAL owner_of(place_of(f.geom), $3, 0, $4) AS o
         WHERE f.jurisdiction_id = $4 AND o.grid_code IS DISTINCT FROM f.grid_code$sql$,
        format(told, 'o.grid_code'), described.table_name);
BEGIN
    IF described.assignment = 'place' THEN
        RETURN by_place;
    END IF;
    RETURN by_place || ' AND f.building_code IS NULL' || format($sql$
        UNION ALL
        SELECT %s
          FROM unnest($5) AS m
          JOIN geoservice.%I AS f ON f.jurisdiction_id = $4 AND f.building_code = m.code
         WHERE m.kind = 'building'$sql$, format(told, 'm.to_grid'), described.table_name);
END $$;

-- Everything near some ground whose stored grid is not the one that owns it at an instant: what is to be moved.
-- Nothing farther from that ground than the snap tolerance can have got another owner; tolerance_m: null for that of now. What a publication would do with open
-- incidents is said here too, so a preview shows it and publishing does just that: where the jurisdiction's policy is to keep
-- them there is no move, where it is to ask the kind is undecided.
CREATE FUNCTION geoservice.moves(
    jurisdiction integer, area geometry[], instant timestamptz, tolerance_m double precision DEFAULT NULL
) RETURNS SETOF geoservice.move
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    reach double precision;  -- degrees, rather too far
    policy text;
    described layer%ROWTYPE;
    part move[];
    moved move[] := '{}';
BEGIN
    SELECT least(360, (coalesce(tolerance_m, j.snap_tolerance_m) + 0.1) / least(lon_degree_m(ground.farthest), 110000)), j.reroute
      INTO reach, policy
      FROM jurisdiction AS j,
           (SELECT coalesce(max(greatest(abs(st_ymin(g.piece)), abs(st_ymax(g.piece)))), 0) FROM unnest(area) AS g (piece)
           ) AS ground (farthest)
     WHERE j.id = jurisdiction;
    -- What stands in buildings goes where they go: these come first.
    FOR described IN SELECT * FROM layer AS l WHERE l.assignment IN ('place', 'building') ORDER BY l.assignment DESC, l.id LOOP
        EXECUTE 'SELECT coalesce(array_agg(m::geoservice.move), ARRAY[]::geoservice.move[]) FROM ('
                || moves_statement(described) || ') AS m'
           INTO part USING area, reach, instant, jurisdiction, moved;
        moved := moved || part;
    END LOOP;
    RETURN QUERY SELECT m.* FROM unnest(moved) AS m;
    IF policy = 'keep' THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT CASE policy WHEN 'ask' THEN 'undecided' ELSE 'incident' END, (i.report).id::text, NULL::text, (i.report).grid_code,
               owner.code, NULL::integer, NULL::integer, NULL::integer
          FROM (SELECT DISTINCT ON (c.id) c.report
                  FROM (
                    SELECT near.id, near AS report
                      FROM unnest(area) AS g (piece)
                      JOIN incident AS near ON near.jurisdiction_id = jurisdiction AND st_dwithin(near.geom, g.piece, reach)
                    UNION ALL  -- a report that names a building lies within the tolerance of it, not of the ground
                    SELECT near.id, near
                      FROM unnest(area) AS g (piece)
                      JOIN building AS b ON st_dwithin(b.geom, g.piece, reach)
                      JOIN incident AS near ON near.building_code = b.code AND st_dwithin(near.geom, b.geom, reach)
                    UNION ALL
                    SELECT near.id, near FROM incident AS near
                     WHERE near.jurisdiction_id = jurisdiction AND near.overrule_grid_code IS NOT NULL
                  ) AS c
                 WHERE (c.report).jurisdiction_id = jurisdiction
                   AND is_open((c.report).status)) AS i,
               LATERAL incident_grid(i.report, instant) AS owner (code)
         WHERE owner.code IS DISTINCT FROM (i.report).grid_code;
END $$;

-- Equal text, equal moves.
CREATE FUNCTION geoservice.fingerprint_of(moved geoservice.move[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT md5(coalesce(string_agg(concat_ws('|', m.kind, m.id, coalesce(m.from_grid, '-'), coalesce(m.to_grid, '-')), ';'
                                   ORDER BY m.kind, m.id), ''))
      FROM unnest(moved) AS m
$$;

-- The statement that carries out the moves $1 of a layer. What stands in a building goes along with it by its trigger.
CREATE FUNCTION geoservice.apply_statement(described geoservice.layer) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT format('UPDATE geoservice.%I AS f SET grid_code = m.to_grid FROM unnest($1) AS m'
                  ' WHERE m.kind = %L AND f.id = m.id::%s%s',
                  described.table_name, described.table_name, format_type(a.atttypid, NULL),
                  CASE described.assignment WHEN 'building' THEN ' AND f.building_code IS NULL' END)
      FROM pg_attribute AS a
     WHERE a.attrelid = format('geoservice.%I', described.table_name)::regclass AND a.attname = 'id'
$$;

-- Carry out moves: each feature is looked up anew by its own trigger, so that a wrong list could move nothing wrongly.
CREATE FUNCTION geoservice.apply_moves(jurisdiction integer, moved geoservice.move[], instant timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    described layer%ROWTYPE;
BEGIN
    FOR described IN SELECT * FROM layer AS l WHERE l.assignment IN ('place', 'building') LOOP
        EXECUTE apply_statement(described) USING moved;
    END LOOP;
    UPDATE incident AS i  -- later in any case: a report may have come in since this transaction began
       SET routed_at = greatest(instant, i.routed_at + interval '1 microsecond'),
           overrule_grid_code = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_grid_code END,
           overrule_reason = CASE WHEN i.overrule_grid_code = m.to_grid THEN i.overrule_reason END
      FROM unnest(moved) AS m
     WHERE m.kind = 'incident' AND i.id = m.id::uuid;
    INSERT INTO incident_event (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code,
                                edition_id, reason, jurisdiction_id, service_code, officer_code)
    SELECT i.id, actor(), 'reroute proposed', i.status, i.status, i.grid_code, m.to_grid,
           edition_at(jurisdiction, instant), 'Its place belongs to another grid now; a person decides.',
           i.jurisdiction_id, i.service_code, i.officer_code
      FROM unnest(moved) AS m JOIN incident AS i ON i.id = m.id::uuid
     WHERE m.kind = 'undecided';
    INSERT INTO applied_edition AS a (jurisdiction_id, edition_id)
    SELECT apply_moves.jurisdiction, now_in_force FROM edition_at(jurisdiction, instant) AS now_in_force
     WHERE now_in_force IS NOT NULL
        ON CONFLICT (jurisdiction_id) DO UPDATE SET edition_id = excluded.edition_id;
    -- Without what is personal: told with every publication, it would be a count of a few.
    RETURN (SELECT count(*) FROM unnest(moved) AS m
             WHERE m.kind NOT IN ('incident', 'undecided') AND m.kind NOT IN (SELECT l.table_name FROM layer AS l WHERE l.personal));
END $$;

-- Another snap tolerance gives places beside the grids another owner: features and open incidents there go along at once, as with
-- a publication. What may be concerned lies beside the outline, or on ground that belongs to nobody and ends there.
CREATE FUNCTION geoservice.reassign_beside_grids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    rim geometry[];
BEGIN
    PERFORM lock_jurisdiction_exclusive(new.id);
    rim := ARRAY(SELECT st_subdivide(st_boundary(outline_at(new.id, now())), 128));
    PERFORM apply_moves(new.id, ARRAY(
        SELECT m FROM moves(new.id, rim, now(), greatest(old.snap_tolerance_m, new.snap_tolerance_m)) AS m), now());
    RETURN NULL;
END $$;
CREATE TRIGGER reassign_beside_grids AFTER UPDATE OF snap_tolerance_m ON geoservice.jurisdiction FOR EACH ROW
    WHEN (new.snap_tolerance_m <> old.snap_tolerance_m) EXECUTE FUNCTION geoservice.reassign_beside_grids();

-- What was shown before publishing, to be compared with what is so then.

CREATE TABLE geoservice.preview (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    revision integer NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    fingerprint text NOT NULL,
    moves jsonb NOT NULL
);
CREATE INDEX ix_preview_edition_id ON geoservice.preview (edition_id);

-- Publishing costs what it changes, tells beforehand what it will move, and moves exactly that, measured from what the features
-- carry, whatever the edition was drawn from.

-- Publish a draft from an instant on, in one transaction: what was in force ends then, features and open incidents are
-- moved. Returns how many buildings, cameras and organisations changed grid, and features of own layers; of households nothing is told.
-- starts: before now corrects what was believed, after now is for that day. seen_revision: of the draft, as the publisher
-- saw it; seen_moves: fingerprint of the preview he saw. Null: not compared.
CREATE FUNCTION geoservice.publish_edition(
    edition bigint, starts timestamptz DEFAULT now(), seen_revision integer DEFAULT NULL, seen_moves text DEFAULT NULL
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    before_id bigint;
    moved move[];
    count_moved integer := 0;
BEGIN
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition;
    IF draft.id IS NULL THEN
        RAISE EXCEPTION 'There is no edition %.', edition USING ERRCODE = 'no_data_found';
    END IF;
    PERFORM lock_jurisdiction_exclusive(draft.jurisdiction_id);
    SELECT * INTO draft FROM edition AS e WHERE e.id = publish_edition.edition FOR UPDATE;
    PERFORM require_publishable_now(draft, starts, seen_revision);
    before_id := assigned_by(draft.jurisdiction_id, starts);
    UPDATE edition AS e SET status = 'superseded', valid_to = greatest(e.valid_from, starts)
     WHERE e.jurisdiction_id = draft.jurisdiction_id AND was_published(e.status)
       AND coalesce(e.valid_to, 'infinity') > greatest(e.valid_from, starts);
    UPDATE edition AS e SET status = 'published', valid_from = starts, published_at = now(), published_by = actor()
     WHERE e.id = draft.id;  -- its trigger lays it out
    PERFORM write_lineage(draft.id, draft.base_id);
    IF seen_moves IS NOT NULL OR starts <= now() THEN
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_area(before_id, draft.id)), greatest(starts, now())) AS m);
    END IF;
    IF seen_moves <> fingerprint_of(moved) THEN
        RAISE EXCEPTION 'What publishing edition % would move is no longer what the preview showed.', edition
            USING ERRCODE = 'GS410', HINT = 'Look at a new preview, then publish.';
    END IF;
    IF starts <= now() THEN
        count_moved := apply_moves(draft.jurisdiction_id, moved, now());
    END IF;
    INSERT INTO outbox (topic, jurisdiction_id, payload)
    VALUES ('edition.published', draft.jurisdiction_id, jsonb_build_object(
        'edition', draft.id, 'base', draft.base_id, 'valid_from', starts, 'features_moved', count_moved));
    DELETE FROM preview AS p WHERE p.edition_id = draft.id;
    RETURN count_moved;
END $$;

-- Raise unless a draft may be published at this moment: it is one, as its publisher saw it, drawn from what was published last.
CREATE FUNCTION geoservice.require_publishable_now(draft geoservice.edition, starts timestamptz, seen_revision integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    latest edition%ROWTYPE;
BEGIN
    SELECT * INTO latest FROM edition AS e WHERE e.id = latest_edition(draft.jurisdiction_id);
    IF draft.status <> 'draft' THEN
        RAISE EXCEPTION 'Edition % is %; only a draft can be published.', draft.id, draft.status
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF seen_revision <> draft.revision THEN
        RAISE EXCEPTION 'Edition % was edited meanwhile: it is at revision %, not %.', draft.id, draft.revision, seen_revision
            USING ERRCODE = 'GS412', HINT = 'Look at it as it is now, then publish.';
    ELSIF latest.id IS DISTINCT FROM draft.base_id THEN
        RAISE EXCEPTION 'Edition % was published since edition % was drawn (it began from %).', latest.id, draft.id,
            coalesce('edition ' || draft.base_id, 'nothing')
            USING ERRCODE = 'GS409', HINT = 'Rebase the draft on edition ' || latest.id || ', look at a preview, then publish.';
    END IF;
    PERFORM require_published_by_another(draft);
END $$;

-- What publishing a draft from an instant on would move. It is the publication itself, tried and taken back: no
-- second rule could differ from the first. Writers are not kept waiting.
CREATE FUNCTION geoservice.dry_run_publish(edition bigint, starts timestamptz DEFAULT now()) RETURNS geoservice.move[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    draft edition%ROWTYPE;
    before_id bigint;
    moved move[];
BEGIN
    BEGIN
        -- Another dry run, and who publishes, is waited for; writers are not kept waiting.
        PERFORM FROM jurisdiction AS j JOIN edition AS e ON e.jurisdiction_id = j.id
          WHERE e.id = dry_run_publish.edition FOR NO KEY UPDATE OF j;
        SELECT * INTO draft FROM edition AS e WHERE e.id = dry_run_publish.edition;
        IF draft.status IS DISTINCT FROM 'draft' THEN
            RAISE EXCEPTION 'Edition % is %; only a draft can be previewed.', edition, coalesce(draft.status, 'unknown')
                USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        before_id := assigned_by(draft.jurisdiction_id, starts);
        PERFORM apply_edition(edition, starts, clock_timestamp());
        moved := ARRAY(SELECT m FROM moves(
            draft.jurisdiction_id, ARRAY(SELECT changed_area(before_id, edition)), greatest(starts, now())) AS m);
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'GS000';
    EXCEPTION WHEN SQLSTATE 'GS000' THEN
        NULL;
    END;
    RETURN moved;
END $$;

-- Do what is due: an edition published for a day to come is in force now, and features still carry the grids of the last.
-- Returns how many jurisdictions it was due in.
CREATE FUNCTION geoservice.apply_due_editions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    due record;
    before_id bigint;
    current_id bigint;
    done integer := 0;
    patience CONSTANT text := current_setting('lock_timeout');
BEGIN
    FOR due IN SELECT j.id AS jurisdiction_id
                 FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id
                WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0)
                ORDER BY j.id LOOP
        PERFORM FROM jurisdiction AS j WHERE j.id = due.jurisdiction_id FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;  -- somebody publishes, or does this
        BEGIN  -- a writer who takes long is not waited for: whoever asks has more to do, and asks again
            PERFORM set_config('lock_timeout', '100ms', true);
            PERFORM lock_jurisdiction_exclusive(due.jurisdiction_id);
            PERFORM set_config('lock_timeout', patience, true);
        EXCEPTION WHEN lock_not_available THEN
            CONTINUE;
        END;
        SELECT a.edition_id, edition_at(j.id, now()) INTO before_id, current_id
          FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id WHERE j.id = due.jurisdiction_id;
        CONTINUE WHEN current_id = before_id;
        PERFORM apply_moves(due.jurisdiction_id, ARRAY(SELECT m FROM moves(
            due.jurisdiction_id, ARRAY(SELECT changed_area(before_id, current_id)), now()) AS m), now());
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;

-- Drafts that several people edit by several doors: each draft knows what it began from, every change of its grids is
-- kept as part of a step that can be undone, and no two writers change one draft at the same moment.

-- What one person or program did to a draft in one transaction.
CREATE TABLE geoservice.draft_step (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    number integer NOT NULL CHECK (number > 0),
    verb text NOT NULL CHECK (geoservice.is_code(verb)),       -- edit: straight in the database
    -- done: may be undone; undone: may be redone; dropped: undone, then something else was done; closed: done, and the draft was
    -- drawn anew since; turning: is itself an undo or redo
    state text NOT NULL DEFAULT 'done' CHECK (state IN ('done', 'undone', 'dropped', 'closed', 'turning')),
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    outline_before geometry(MultiPolygon, 4326),   -- of the draft, when the step gave it another; null: it did not
    outline_after geometry(MultiPolygon, 4326),
    CONSTRAINT draft_step_number UNIQUE (edition_id, number)
);

-- One grid before and after a step: {code, name, name_en, parent_code, properties, unowned_reason} and its shape; null: was not,
-- is not.
CREATE TABLE geoservice.draft_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step_id bigint NOT NULL REFERENCES geoservice.draft_step ON DELETE CASCADE,
    before jsonb,
    before_geom geometry(MultiPolygon, 4326),
    after jsonb,
    after_geom geometry(MultiPolygon, 4326),
    CONSTRAINT draft_change_of_something CHECK (before IS NOT NULL OR after IS NOT NULL)
);
CREATE INDEX ix_draft_change_step_id ON geoservice.draft_change (step_id);

-- Gaps and overlaps that somebody gave away. They go along into a draft that is made of this one, and into one that it is merged
-- into; who decided, and when, stays as it was.
CREATE TABLE geoservice.decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id bigint NOT NULL REFERENCES geoservice.edition ON DELETE CASCADE,
    step_id bigint REFERENCES geoservice.draft_step ON DELETE CASCADE,  -- that brought it; null: the draft began with it
    kind text NOT NULL CHECK (kind IN ('gap', 'overlap')),
    to_code text COLLATE "C" NOT NULL CHECK (geoservice.is_code(to_code)),  -- of the grid, or the ground of nobody, that got it
    area_m2 double precision NOT NULL CHECK (area_m2 >= 0),
    geom geometry(Point, 4326) NOT NULL CHECK (geoservice.is_position(geom)),  -- in it
    reason text NOT NULL CHECK (geoservice.is_reason(reason)),
    decided_by text NOT NULL DEFAULT geoservice.actor(),
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_decision_edition_id ON geoservice.decision (edition_id);
CREATE INDEX ix_decision_step_id ON geoservice.decision (step_id);

-- It is decided while the edition is a draft; what was found in that so far does not tell it, so it is looked at again.
CREATE FUNCTION geoservice.guard_decision() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET validated_hash = NULL WHERE e.id = new.edition_id AND e.status = 'draft';
    IF NOT found THEN
        RAISE EXCEPTION 'Only of a draft gaps and overlaps are decided.'
            USING ERRCODE = 'insufficient_privilege', HINT = 'Make a draft from the edition.';
    END IF;
    PERFORM note_drawer(new.edition_id);
    RETURN new;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON geoservice.decision
    FOR EACH ROW EXECUTE FUNCTION geoservice.guard_decision();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON geoservice.decision
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- The same when a step that decided something is undone, or done again.
CREATE FUNCTION geoservice.forget_validation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET validated_hash = NULL
     WHERE e.id = new.edition_id AND e.status = 'draft'
       AND EXISTS (SELECT FROM decision AS d WHERE d.step_id = new.id);
    RETURN NULL;
END $$;
CREATE TRIGGER forget_validation AFTER UPDATE OF state ON geoservice.draft_step FOR EACH ROW
    WHEN ((new.state = 'undone') <> (old.state = 'undone')) EXECUTE FUNCTION geoservice.forget_validation();

-- The step of this transaction in a draft, begun when first asked for. A new step ends what could be redone.
-- verb: of a new one; undo and redo are turning.
CREATE FUNCTION geoservice.begin_step(edition bigint, verb text DEFAULT 'edit') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step bigint;
    next_number integer;
BEGIN
    IF NOT (SELECT may_write(e.jurisdiction_id) FROM edition AS e WHERE e.id = begin_step.edition) THEN
        RAISE EXCEPTION 'The draft belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
    IF verb <> 'confirm-outline' THEN  -- of what somebody else drew
        PERFORM note_drawer(begin_step.edition);
    END IF;
    SELECT s.id INTO step FROM draft_step AS s
     WHERE s.edition_id = edition AND s.transaction_id = pg_current_xact_id()::text::bigint ORDER BY s.number DESC LIMIT 1;
    IF step IS NOT NULL THEN
        RETURN step;
    END IF;
    UPDATE edition AS e SET revision = e.revision + 1 WHERE e.id = begin_step.edition RETURNING e.revision INTO next_number;
    IF verb NOT IN ('undo', 'redo') THEN
        UPDATE draft_step AS s SET state = 'dropped' WHERE s.edition_id = edition AND s.state = 'undone';
    END IF;
    INSERT INTO draft_step (edition_id, number, verb, state, actor)
    VALUES (edition, next_number, verb, CASE WHEN verb IN ('undo', 'redo') THEN 'turning' ELSE 'done' END, actor())
    RETURNING id INTO step;
    RETURN step;
END $$;

-- Keep what was done to the outline of a draft as part of a step, but for what the transaction does that makes the draft.
CREATE FUNCTION geoservice.log_outline_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    step CONSTANT bigint := begin_step(new.id, 'outline');
BEGIN
    UPDATE draft_step AS s SET outline_before = coalesce(s.outline_before, old.outline), outline_after = new.outline
     WHERE s.id = step;
    RETURN NULL;
END $$;
CREATE TRIGGER log_outline AFTER UPDATE OF base_id, outline ON geoservice.edition FOR EACH ROW
    WHEN (new.status = 'draft' AND NOT new.outline = old.outline AND new.recorded_at <> now())
    EXECUTE FUNCTION geoservice.log_outline_change();

-- A grid without its shape, as a step keeps it.
CREATE FUNCTION geoservice.told(changed geoservice.grid) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('code', (changed).code, 'name', (changed).name, 'name_en', (changed).name_en,
                          'parent_code', (changed).parent_code, 'properties', (changed).properties,
                          'unowned_reason', (changed).unowned_reason);

-- Keep what a statement did to the grids of a draft. What is put in by the transaction that makes the draft is its
-- beginning, not a step. Steps of several drafts in one statement are kept apart. A GIS takes a statement that meets no
-- row for saved: who writes straight into the tables is told that what he edits is no more there to be edited.
CREATE FUNCTION geoservice.log_grid_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    -- Removing a draft without grids comes here too, from the foreign key; it does not name the view.
    IF (tg_op = 'UPDATE' OR (tg_op = 'DELETE' AND current_query() LIKE '%draft_grid%'))
        AND NOT is_service() THEN
        PERFORM FROM old_rows LIMIT 1;
        IF NOT found THEN
            RAISE EXCEPTION 'Nothing was changed: the grid is gone, or its edition is no longer a draft.'
                USING ERRCODE = 'no_data_found', HINT = 'Load the layer anew: somebody removed the grid or published.';
        END IF;
    END IF;
    IF tg_op = 'INSERT' THEN
        INSERT INTO draft_change (step_id, after, after_geom)
        SELECT s.step_id, told(n), n.geom
          FROM new_rows AS n
          JOIN (SELECT e.id, begin_step(e.id) AS step_id FROM edition AS e
                 WHERE e.id IN (SELECT DISTINCT edition_id FROM new_rows) AND e.recorded_at <> now()) AS s
            ON s.id = n.edition_id;
    ELSIF tg_op = 'DELETE' THEN
        INSERT INTO draft_change (step_id, before, before_geom)
        SELECT s.step_id, told(o), o.geom
          FROM old_rows AS o
          JOIN (SELECT e.id, begin_step(e.id) AS step_id FROM edition AS e
                 WHERE e.id IN (SELECT DISTINCT edition_id FROM old_rows) AND e.recorded_at <> now()) AS s
            ON s.id = o.edition_id;
    ELSE
        INSERT INTO draft_change (step_id, before, before_geom, after, after_geom)
        SELECT s.step_id, told(o), o.geom, told(n), n.geom
          FROM new_rows AS n
          JOIN old_rows AS o USING (id)
          JOIN (SELECT e.id, begin_step(e.id) AS step_id FROM edition AS e
                 WHERE e.id IN (SELECT DISTINCT edition_id FROM new_rows) AND e.recorded_at <> now()) AS s
            ON s.id = n.edition_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log_insert AFTER INSERT ON geoservice.grid
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION geoservice.log_grid_change();
CREATE TRIGGER log_update AFTER UPDATE ON geoservice.grid
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION geoservice.log_grid_change();
CREATE TRIGGER log_delete AFTER DELETE ON geoservice.grid
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION geoservice.log_grid_change();

-- The grids of drafts, for a GIS: an editable layer, one draft at a time by a filter on edition_id. No security barrier,
-- which would keep the map's rectangle from the index: who may read it may read every grid.
CREATE VIEW geoservice.draft_grid AS
SELECT g.id, g.edition_id, g.code, g.name, g.name_en, g.parent_code, g.unowned_reason, g.geom
  FROM geoservice.grid AS g
 WHERE EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = g.edition_id AND e.status = 'draft'
                 AND (geoservice.is_service() OR e.jurisdiction_id = ANY ((SELECT geoservice.login_jurisdictions())::integer[])))
  WITH CHECK OPTION;

-- An overlap this narrow may come of coordinates rounded to 6 decimals; what is wider is a mistake. Metres.
CREATE FUNCTION geoservice.overlap_tolerance_m() RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 0.5;

-- The shape that a grid of a draft had when this transaction began; null: it was not.
CREATE FUNCTION geoservice.shape_before(edition bigint, grid_code text) RETURNS geometry
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    first_change draft_change%ROWTYPE;
BEGIN
    SELECT c.* INTO first_change
      FROM draft_change AS c JOIN draft_step AS s ON s.id = c.step_id
     WHERE s.edition_id = edition AND s.transaction_id = pg_current_xact_id()::text::bigint
       AND grid_code IN (c.before ->> 'code', c.after ->> 'code')
     ORDER BY c.id LIMIT 1;
    IF found THEN
        RETURN first_change.before_geom;
    END IF;
    RETURN (SELECT g.geom FROM grid AS g WHERE g.edition_id = edition AND g.code = grid_code);
END $$;

-- Who writes straight into the tables (QGIS, psql) is told at once of an overlap that can not be meant. A changed border
-- is looked at when the transaction commits, for both its sides are saved one after the other; a new grid as soon as it
-- is put in: QGIS shows what a statement was refused for, but of a refused commit only that it was. An overlap that was
-- there before may stay or shrink, or a draft that has some could not be mended one after the other. The service's own
-- doors tell it as a finding.
CREATE FUNCTION geoservice.refuse_overlap() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    drawn grid%ROWTYPE;
    other record;
    lon_m double precision;
    lat_m double precision;
BEGIN
    SELECT * INTO drawn FROM grid AS g WHERE g.id = new.id;  -- as it is at commit
    IF drawn.id IS NULL THEN
        RETURN NULL;
    END IF;
    lon_m := lon_degree_m(st_y(st_centroid(drawn.geom)));
    lat_m := lat_degree_m(st_y(st_centroid(drawn.geom)));
    FOR other IN
        SELECT DISTINCT ON (g.code) g.code, st_area(piece) AS area_m2, st_pointonsurface(piece) AS place,
               st_area(st_intersection(g.geom, drawn.geom)) AS area_deg2
          FROM grid AS g,
               LATERAL st_dump(st_collectionextract(st_intersection(g.geom, drawn.geom), 3)) AS part,
               LATERAL st_affine(part.geom, lon_m, 0, 0, lat_m, 0, 0) AS piece
         WHERE g.edition_id = drawn.edition_id AND g.id <> drawn.id
           AND g.geom && drawn.geom AND st_relate(g.geom, drawn.geom, 'T********')
           AND 2 * st_area(piece) / nullif(st_perimeter(piece), 0) > overlap_tolerance_m()
         ORDER BY g.code, st_area(piece) DESC
    LOOP
        -- A millionth more is rounding.
        CONTINUE WHEN tg_op = 'UPDATE' AND other.area_deg2 <= 1.000001 * st_area(st_intersection(
            shape_before(drawn.edition_id, drawn.code), shape_before(drawn.edition_id, other.code)));
        RAISE EXCEPTION 'Grid % would overlap grid % by % m2 near %, %.', drawn.code, other.code,
            round(other.area_m2::numeric, 1), round((st_x(other.place) / lon_m)::numeric, 6),
            round((st_y(other.place) / lat_m)::numeric, 6)
            USING ERRCODE = 'check_violation',
                  HINT = 'Save both sides of a border together, with topological editing and snapping switched on;'
                         ' make room before you put a new grid there.';
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER refuse_overlap_of_new AFTER INSERT ON geoservice.grid FOR EACH ROW
    WHEN (NOT geoservice.is_service()) EXECUTE FUNCTION geoservice.refuse_overlap();
CREATE CONSTRAINT TRIGGER refuse_overlap AFTER UPDATE OF geom ON geoservice.grid
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT geoservice.is_service()) EXECUTE FUNCTION geoservice.refuse_overlap();

-- Four eyes: where a jurisdiction says so, who had a hand in a draft can neither publish it nor confirm its outline, by whatever door.

-- The person or program behind the name of a history: without the role in front, dispatcher:desk-1 is desk-1 as admin:desk-1 is.
CREATE FUNCTION geoservice.person_of(named text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(named, '^[^:]*:', '');

-- By whatever somebody is known who is named so in a history of a jurisdiction: his name, and the member of its staff whom his account or
-- his key was granted something as, at any time. So one person is one, by whichever of his accounts and keys he acts.
CREATE FUNCTION geoservice.known_as(named text, jurisdiction integer) RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(SELECT DISTINCT g.staff_code FROM access_grant AS g
                  WHERE (g.login = person_of(named) OR g.key_id = person_of(named))
                    AND g.jurisdiction_id = known_as.jurisdiction AND g.staff_code IS NOT NULL) || person_of(named);
END $$;

-- Note that whoever acts has a hand in a draft.
CREATE FUNCTION geoservice.note_drawer(edition bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    UPDATE edition AS e SET drawn_by = e.drawn_by || actor()
     WHERE e.id = note_drawer.edition AND e.status = 'draft' AND actor() <> ALL (e.drawn_by);
END $$;

-- Note that a draft took over what those drew who had a hand in another one.
CREATE FUNCTION geoservice.take_over_drawers(edition bigint, other bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF NOT (SELECT may_write(e.jurisdiction_id) FROM edition AS e WHERE e.id = take_over_drawers.edition) THEN
        RAISE EXCEPTION 'The draft belongs to another jurisdiction than yours.' USING ERRCODE = 'GS403';
    END IF;
    UPDATE edition AS e SET drawn_by = e.drawn_by || ARRAY(SELECT w.who FROM unnest(o.drawn_by) AS w (who) WHERE w.who <> ALL (e.drawn_by))
      FROM edition AS o
     WHERE e.id = take_over_drawers.edition AND e.status = 'draft' AND o.id = take_over_drawers.other;
END $$;

-- Whether somebody, as histories name him, had a hand in a draft whose jurisdiction wants four eyes.
CREATE FUNCTION geoservice.is_own_draft(draft geoservice.edition, named text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    RETURN (SELECT j.four_eyes FROM jurisdiction AS j WHERE j.id = draft.jurisdiction_id)
       AND EXISTS (SELECT FROM unnest(draft.drawn_by) AS w (who)
                    WHERE known_as(w.who, draft.jurisdiction_id) && known_as(named, draft.jurisdiction_id));
END $$;

-- Those who had a hand in a draft, as a sentence lists them: 20 at most, and how many more there are.
CREATE FUNCTION geoservice.drawers_told(draft geoservice.edition) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_string((draft).drawn_by[1:20], ', ')
    || CASE WHEN cardinality((draft).drawn_by) > 20 THEN format(' and %s more', cardinality((draft).drawn_by) - 20) ELSE '' END;

-- Raise when whoever acts confirms the outline of his own draft.
CREATE FUNCTION geoservice.require_confirmed_by_another(draft geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF is_own_draft(draft, actor()) THEN
        RAISE EXCEPTION 'Edition % was drawn by %, and its jurisdiction wants four eyes: who had a hand in a draft does not confirm its outline.',
            draft.id, drawers_told(draft)
            USING ERRCODE = 'GS413', HINT = 'Give the outline without a reason, and have somebody else confirm it.';
    END IF;
END $$;

-- Raise when whoever acts publishes his own draft, or its outline was confirmed by somebody who had a hand in it.
CREATE FUNCTION geoservice.require_published_by_another(draft geoservice.edition) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    IF is_own_draft(draft, actor()) THEN
        RAISE EXCEPTION 'Edition % was drawn by %, and its jurisdiction wants four eyes: who had a hand in a draft does not publish it.',
            draft.id, drawers_told(draft)
            USING ERRCODE = 'GS413', HINT = 'Have somebody else look at its preview and publish it.';
    ELSIF is_own_draft(draft, draft.outline_confirmed_by) THEN
        RAISE EXCEPTION 'The outline of edition % was confirmed by %, who had a hand in the draft, and its jurisdiction wants four eyes.',
            draft.id, draft.outline_confirmed_by
            USING ERRCODE = 'GS413', HINT = 'Have somebody else than ' || drawers_told(draft) || ' confirm it anew, validate it, then publish.';
    END IF;
END $$;

-- Webhooks, and the ledger of what was sent to each: every event that a webhook is meant to hear of, one row.

CREATE TABLE geoservice.webhook (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer REFERENCES geoservice.jurisdiction,       -- null: events of all of them
    url text NOT NULL CHECK (char_length(url) BETWEEN 1 AND 2000),
    topics jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(topics) = 'object'),
    label text NOT NULL DEFAULT '' CHECK (char_length(label) <= 200),
    -- Not hashes: messages are signed with them. Nobody but the service reads this table.
    secret text NOT NULL CHECK (secret LIKE 'whsec\_%'),
    previous_secret text CHECK (previous_secret LIKE 'whsec\_%'),
    previous_secret_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    disabled_at timestamptz,
    disabled_reason text CHECK (char_length(disabled_reason) BETWEEN 1 AND 200 AND geoservice.has_words(disabled_reason)),
    sent_up_to bigint NOT NULL CHECK (sent_up_to >= 0),               -- number of the last event that was fanned out
    CONSTRAINT webhook_previous_secret_ends CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL)),
    CONSTRAINT webhook_disabled_for_a_reason CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CONSTRAINT webhook_without_personal_numbers
        CHECK (NOT geoservice.holds_personal_number(label) AND NOT geoservice.holds_personal_number(disabled_reason))
);
CREATE INDEX ix_webhook_jurisdiction_id ON geoservice.webhook (jurisdiction_id);

CREATE TABLE geoservice.delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id bigint NOT NULL REFERENCES geoservice.webhook ON DELETE CASCADE,
    number bigint NOT NULL CHECK (number > 0),                        -- of the event
    -- Not made of the number: in a restored database a number may be another event's, and a receiver would drop it.
    message_id text NOT NULL DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    type text NOT NULL,
    incident_id uuid,
    -- Within a lane, deliveries of one webhook go one after the other.
    lane text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(incident_id::text, type)) STORED,
    body text NOT NULL,
    status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    claimed_until timestamptz,                                        -- somebody attempts it, and has until then
    hurried boolean NOT NULL DEFAULT false,                           -- was made due once before its time
    last_status smallint,
    last_reason text CHECK (char_length(last_reason) <= 200),
    at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    UNIQUE (webhook_id, number),
    CONSTRAINT delivery_delivered_at_an_instant CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT delivery_claimed_while_it_waits CHECK (claimed_until IS NULL OR status = 'waiting')
);
CREATE INDEX ix_delivery_due ON geoservice.delivery (webhook_id, due_at, number) WHERE status = 'waiting';
CREATE INDEX ix_delivery_lane ON geoservice.delivery (webhook_id, lane, number) WHERE status = 'waiting';
CREATE INDEX ix_delivery_webhook_id_status_number ON geoservice.delivery (webhook_id, status, number);
CREATE INDEX ix_delivery_at ON geoservice.delivery (at) WHERE status <> 'waiting';

-- How long what people wrote is kept, and how it goes: by its time, or because somebody asked. What stays are place, time, service and
-- every step: all that is counted.

-- That, when and why the words of a report were erased, and by whom; never which. The list of those that somebody asked for is kept
-- beside the backups as well, so that a restore erases them again.
CREATE TABLE geoservice.erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,                -- no foreign key: it is noted of what is gone as well
    jurisdiction_id integer,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL DEFAULT geoservice.actor(),
    -- Words of its own would be words again.
    because text NOT NULL CHECK (because IN ('retention', 'reporter', 'request', 'third-person', 'mistake', 'authority', 'restore'))
);
CREATE INDEX ix_erasure_incident_id ON geoservice.erasure (incident_id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.erasure
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.erasure
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- What a run of retention took away, a row a kind and piece.
CREATE TABLE geoservice.retention_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL DEFAULT geoservice.actor(),
    jurisdiction_id integer,                  -- null: of no jurisdiction, or of all
    kind text NOT NULL CHECK (kind IN ('words', 'deliveries', 'report_keys', 'sessions')),
    removed integer NOT NULL CHECK (removed > 0),
    oldest timestamptz NOT NULL
);
CREATE INDEX ix_retention_run_at ON geoservice.retention_run (at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.retention_run
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();

-- Until when what is kept for a time is past it. What belongs to no jurisdiction, or to all, is kept as briefly as in any.
CREATE FUNCTION geoservice.kept_since(kind text, jurisdiction integer) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT now() - make_interval(days => min(
               CASE kind WHEN 'words' THEN j.words_days WHEN 'deliveries' THEN j.deliveries_days
                         WHEN 'report_keys' THEN j.report_keys_days WHEN 'sessions' THEN j.sessions_days END))
      FROM jurisdiction AS j WHERE kept_since.jurisdiction IS NULL OR j.id = kept_since.jurisdiction
$$;

-- The same, for every jurisdiction and for none.
CREATE VIEW geoservice.retention_limit AS
SELECT k.kind, j.id AS jurisdiction_id, geoservice.kept_since(k.kind, j.id) AS until
  FROM unnest(ARRAY['words', 'deliveries', 'report_keys', 'sessions']) AS k (kind)
 CROSS JOIN (SELECT id FROM geoservice.jurisdiction UNION ALL SELECT NULL::integer) AS j;

-- Words that are kept: the first instant from which their time counts is `since`; null while nothing is over.
CREATE VIEW geoservice.kept_item AS
SELECT 'words' AS kind, i.jurisdiction_id, i.id::text AS id, CASE WHEN NOT geoservice.is_open(i.status) THEN i.status_since END AS since
  FROM geoservice.incident AS i WHERE i.words_gone_at IS NULL
UNION ALL
SELECT 'deliveries', w.jurisdiction_id, d.id::text, CASE WHEN d.status <> 'waiting' THEN d.at END
  FROM geoservice.delivery AS d JOIN geoservice.webhook AS w ON w.id = d.webhook_id
UNION ALL
SELECT 'report_keys', i.jurisdiction_id, encode(k.key_sha256, 'hex'), k.at
  FROM geoservice.report_key AS k JOIN geoservice.incident AS i ON i.id = k.incident_id
UNION ALL
SELECT 'sessions', geoservice.home_of_holder(s.login, NULL), encode(s.secret_sha256, 'hex'), CASE WHEN least(s.revoked_at, s.expires_at) < now() THEN least(s.revoked_at, s.expires_at) END
  FROM geoservice.session AS s;

-- What a run would take away now: by jurisdiction and kind, of how many, the oldest, and until when it was over. until: null, kept.
CREATE FUNCTION geoservice.retention_due()
RETURNS TABLE (jurisdiction text, kind text, due bigint, kept bigint, oldest timestamptz, until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT j.code, l.kind, count(i.id) FILTER (WHERE i.since < l.until), count(i.id), min(i.since) FILTER (WHERE i.since < l.until), l.until
      FROM retention_limit AS l
      LEFT JOIN jurisdiction AS j ON j.id = l.jurisdiction_id
      LEFT JOIN kept_item AS i ON i.kind = l.kind AND i.jurisdiction_id IS NOT DISTINCT FROM l.jurisdiction_id
     GROUP BY j.code, l.kind, l.until ORDER BY j.code NULLS LAST, l.kind
$$;

-- What a run would take away of one kind in a jurisdiction if it were kept for so many days.
CREATE FUNCTION geoservice.retention_due_after(of_kind text, jurisdiction integer, days integer)
RETURNS TABLE (due bigint, kept bigint, oldest timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT count(i.id) FILTER (WHERE i.since < now() - make_interval(days => days)), count(i.id),
           min(i.since) FILTER (WHERE i.since < now() - make_interval(days => days))
      FROM kept_item AS i WHERE i.kind = of_kind AND i.jurisdiction_id = jurisdiction
$$;

-- Take the words of reports away wherever they are kept, and tell everybody who heard of them: the report and what came with its last
-- step, its history, and what would show by trial what was sent. Returns of how many. Whoever may not write a jurisdiction erases none
-- of it, but the reporter his own.
CREATE FUNCTION geoservice.erase_words(ids uuid[], because text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    meant uuid[];
BEGIN
    meant := ARRAY(
        SELECT i.id FROM incident AS i
         WHERE i.id = ANY (ids) AND (may_write(i.jurisdiction_id) OR i.id = ANY (followed()) OR because IN ('retention', 'restore'))
         ORDER BY i.id FOR UPDATE);
    UPDATE incident AS i
       SET description = '', attributes = '{}', step_reason = NULL,
           overrule_reason = CASE WHEN i.overrule_grid_code IS NOT NULL THEN 'erased' END,
           words_gone_at = now(), updated_at = now(), version = i.version + 1, upkeep = i.upkeep + 1
     WHERE i.id = ANY (meant);
    UPDATE incident_event AS e SET reason = NULL WHERE e.incident_id = ANY (meant) AND e.reason IS NOT NULL;
    UPDATE report_key AS k SET request_sha256 = sha256(gen_random_uuid()::text::bytea) WHERE k.incident_id = ANY (meant);
    INSERT INTO incident_event (incident_id, actor, rule, from_status, to_status, from_grid_code, to_grid_code, officer_code,
                                jurisdiction_id, service_code, original_status)
    SELECT i.id, actor(), 'words erased', i.status, i.status, i.grid_code, i.grid_code, i.officer_code, i.jurisdiction_id,
           i.service_code, i.original_status
      FROM incident AS i WHERE i.id = ANY (meant) ORDER BY i.id;
    INSERT INTO erasure (incident_id, jurisdiction_id, because)
    SELECT i.id, i.jurisdiction_id, erase_words.because FROM incident AS i WHERE i.id = ANY (meant) ORDER BY i.id;
    RETURN cardinality(meant);
END $$;

-- Take away a piece of what is past its time, at most so many of each kind; returns the most that went of one: less than `most`, and
-- there is no more. It waits for nobody: what somebody works on at this moment stays until the next time.
CREATE FUNCTION geoservice.run_retention(most integer DEFAULT 200) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    of record;
    gone integer := 0;
    found integer;
    oldest timestamptz;
    ids uuid[];
BEGIN
    FOR of IN SELECT l.kind, l.jurisdiction_id, l.until FROM retention_limit AS l WHERE l.until IS NOT NULL ORDER BY l.kind, l.jurisdiction_id LOOP
        IF of.kind = 'words' THEN
            SELECT array_agg(d.id), count(*), min(d.status_since) INTO ids, found, oldest FROM (
                SELECT i.id, i.status_since FROM incident AS i
                 WHERE i.jurisdiction_id IS NOT DISTINCT FROM of.jurisdiction_id AND i.words_gone_at IS NULL AND NOT is_open(i.status)
                   AND i.status_since < of.until
                 ORDER BY i.status_since LIMIT most FOR UPDATE SKIP LOCKED) AS d;
            IF found > 0 THEN
                PERFORM erase_words(ids, 'retention');
            END IF;
        ELSIF of.kind = 'deliveries' THEN
            WITH gone AS (DELETE FROM delivery AS d WHERE d.id IN (
                SELECT p.id FROM delivery AS p JOIN webhook AS w ON w.id = p.webhook_id
                 WHERE w.jurisdiction_id IS NOT DISTINCT FROM of.jurisdiction_id AND p.status <> 'waiting' AND p.at < of.until
                 ORDER BY p.at LIMIT most FOR UPDATE OF p SKIP LOCKED) RETURNING d.at)
            SELECT count(*), min(g.at) INTO found, oldest FROM gone AS g;
        ELSIF of.kind = 'report_keys' THEN
            WITH gone AS (DELETE FROM report_key AS k WHERE k.key_sha256 IN (
                SELECT p.key_sha256 FROM report_key AS p JOIN incident AS i ON i.id = p.incident_id
                 WHERE i.jurisdiction_id IS NOT DISTINCT FROM of.jurisdiction_id AND p.at < of.until
                 ORDER BY p.at LIMIT most FOR UPDATE OF p SKIP LOCKED) RETURNING k.at)
            SELECT count(*), min(g.at) INTO found, oldest FROM gone AS g;
        ELSE
            WITH gone AS (DELETE FROM session AS s WHERE s.secret_sha256 IN (
                SELECT p.secret_sha256 FROM session AS p JOIN account AS a ON a.login = p.login
                 WHERE home_of_holder(a.login, NULL) IS NOT DISTINCT FROM of.jurisdiction_id AND least(p.revoked_at, p.expires_at) < of.until
                 LIMIT most FOR UPDATE OF p SKIP LOCKED) RETURNING least(s.revoked_at, s.expires_at) AS at)
            SELECT count(*), min(g.at) INTO found, oldest FROM gone AS g;
        END IF;
        IF found > 0 THEN
            INSERT INTO retention_run (jurisdiction_id, kind, removed, oldest) VALUES (of.jurisdiction_id, of.kind, found, oldest);
        END IF;
        gone := greatest(gone, found);
    END LOOP;
    RETURN gone;
END $$;

-- Rights that ended by their time: of each an entry of the audit is written, once, by the clock; late, with the true time of the end, where
-- nobody looked then.

-- Of what the entry is written. What was given another end has another one to be told.
CREATE TABLE geoservice.ended_right (
    kind text COLLATE "C",                    -- table of what ended
    id text COLLATE "C",                      -- its key there
    ended_at timestamptz,
    noted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, id, ended_at)
);

-- The ends, come or to come, of which none is: of grants, accounts, keys, and grants of logins of the database. What was taken back before,
-- or whose key or account was over before, ended otherwise.
CREATE FUNCTION geoservice.ends_of_rights() RETURNS TABLE (kind text, id text, told text, ended_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT e.* FROM (
        SELECT 'access_grant', g.id::text, coalesce(g.login, g.key_id) || ' ' || g.role, g.valid_to
          FROM access_grant AS g LEFT JOIN account AS a ON a.login = g.login LEFT JOIN api_key AS k ON k.id = g.key_id
         WHERE g.revoked_at IS NULL AND coalesce(least(a.expires_at, k.expires_at, k.revoked_at) > g.valid_to, true)
        UNION ALL SELECT 'account', a.login, a.login, a.expires_at FROM account AS a
        UNION ALL SELECT 'api_key', k.id, k.id, k.expires_at FROM api_key AS k WHERE k.revoked_at IS NULL
        UNION ALL SELECT 'login_grant', l.id::text, l.login, l.valid_to FROM login_grant AS l) AS e (kind, id, told, ended_at)
     WHERE isfinite(e.ended_at)
       AND NOT EXISTS (SELECT FROM ended_right AS n WHERE n.kind = e.kind AND n.id = e.id AND n.ended_at = e.ended_at)
$$;

-- Write the entries of what ended; returns how many. Of two that do it at once the second finds it done.
CREATE FUNCTION geoservice.note_ended_rights(most integer DEFAULT 100) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    ended record;
    noted integer := 0;
BEGIN
    FOR ended IN SELECT * FROM ends_of_rights() AS e WHERE e.ended_at <= now() ORDER BY e.ended_at, e.kind, e.id LIMIT most LOOP
        INSERT INTO ended_right (kind, id, ended_at) VALUES (ended.kind, ended.id, ended.ended_at) ON CONFLICT DO NOTHING;
        IF found THEN
            noted := noted + 1;
            PERFORM note_audit(ended.kind || '_ended', CASE ended.kind
                WHEN 'access_grant' THEN (SELECT g.jurisdiction_id FROM access_grant AS g WHERE g.id = ended.id::bigint)
                WHEN 'login_grant' THEN (SELECT l.jurisdiction_id FROM login_grant AS l WHERE l.id = ended.id::bigint)
                WHEN 'account' THEN home_of_holder(ended.id, NULL) ELSE home_of_holder(NULL, ended.id) END,
                jsonb_build_object('count', 1, 'ids', jsonb_build_array(ended.told),
                                   'ended_at', to_char(ended.ended_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
        END IF;
    END LOOP;
    RETURN noted;
END $$;

-- One clock: what is due is done by one process that always runs. It waits until the next thing is due, and is woken
-- when something comes that is due sooner.

-- What is done again and again, and when it was done last. Whoever does it holds the row meanwhile.
CREATE TABLE geoservice.scheduled_job (
    job text PRIMARY KEY,
    done_at timestamptz                                               -- null: never
);

-- When there is something to do next: an edition comes into force, an incident is late, one lapses, a right ends. Null: nothing is foreseen.
CREATE FUNCTION geoservice.next_due(OUT editions timestamptz, OUT overdue timestamptz, OUT lapses timestamptz, OUT ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT
        CASE WHEN EXISTS (SELECT FROM jurisdiction AS j LEFT JOIN applied_edition AS a ON a.jurisdiction_id = j.id
                           WHERE edition_at(j.id, now()) <> coalesce(a.edition_id, 0)) THEN now()
             ELSE (SELECT min(lower(p.valid)) FROM edition_period AS p
                    WHERE p.known @> 'infinity'::timestamptz AND lower(p.valid) > now()) END,
        (SELECT min(i.expected_at) FROM incident AS i
          WHERE i.overdue_at IS NULL AND clock_runs(i.status)),
        (SELECT min(i.status_since) FROM incident AS i WHERE i.status = 'resolved') + lapses_after(),
        (SELECT min(e.ended_at) FROM ends_of_rights() AS e)
$$;

-- Wakes the clock, and nobody else. A notification takes a lock at commit that is one for the whole cluster, so of reports
-- only those are announced that are due before the clock looks again by itself.
CREATE FUNCTION geoservice.announce_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('geoservice_due', tg_table_name);
    RETURN NULL;
END $$;
CREATE TRIGGER announce_due_report AFTER INSERT ON geoservice.incident FOR EACH ROW
    WHEN (new.overdue_at IS NULL AND new.expected_at < now() + interval '1 minute')
    EXECUTE FUNCTION geoservice.announce_due();
CREATE TRIGGER announce_due_change AFTER UPDATE ON geoservice.incident FOR EACH ROW
    WHEN (new.overdue_at IS NULL AND new.expected_at IS DISTINCT FROM old.expected_at
        AND new.expected_at < now() + interval '1 minute')
    EXECUTE FUNCTION geoservice.announce_due();
CREATE TRIGGER announce_due AFTER INSERT OR DELETE OR UPDATE OF disabled_at ON geoservice.webhook FOR EACH STATEMENT
    EXECUTE FUNCTION geoservice.announce_due();

-- Who keeps a copy of what look-ups need (grids in force, postings, keys, own layers) learns here when it is out of date: by a
-- notification, and, since notifications can be lost, by comparing fingerprints now and then.

-- Fingerprints of the four things that are kept in memory: equal text, equal content.
-- Published editions never change, so their ids and periods say what is in force. xmin: by which transaction the row was
-- written last, which stands for its outline.
-- Asked once a second by every web worker: in PL/pgSQL the plan is kept, which is more than half of what it costs.
CREATE FUNCTION geoservice.fingerprints(OUT editions text, OUT postings text, OUT keys text, OUT layers text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    SELECT q.editions, q.postings, q.keys, q.layers INTO editions, postings, keys, layers FROM (
    SELECT
        (SELECT md5(string_agg(concat_ws('|', j.id, j.code, j.xmin, j.time_zone, j.snap_tolerance_m, j.accuracy_m,
                    (SELECT string_agg(concat_ws(' ', e.id, extract(epoch FROM e.valid_from),
                            coalesce(extract(epoch FROM e.valid_to)::text, '-')), ',' ORDER BY e.id)
                       FROM geoservice.edition AS e
                      WHERE e.jurisdiction_id = j.id AND geoservice.was_published(e.status))), ';' ORDER BY j.id))
           FROM geoservice.jurisdiction AS j),
        (SELECT md5(string_agg(concat_ws('|', p.id, p.jurisdiction_id, p.grid_code, p.role, p.valid_from,
                    coalesce(p.valid_to::text, '-'), s.code, s.call_sign), ';' ORDER BY p.id))
           FROM geoservice.posting AS p
           JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code),
        (SELECT md5(string_agg(concat_ws('|', k.id, encode(k.secret_sha256, 'hex'),
                    (SELECT string_agg(concat_ws(' ', g.id, g.valid_from, coalesce(g.valid_to::text, '-'), coalesce(g.revoked_at::text, '-')), ','
                                       ORDER BY g.id) FROM geoservice.access_grant AS g WHERE g.key_id = k.id),
                    coalesce(k.expires_at::text, '-'), coalesce(k.revoked_at::text, '-'), k.networks,
                    encode(k.previous_sha256, 'hex'), k.previous_until), ';' ORDER BY k.id))
           FROM geoservice.api_key AS k),
        (SELECT md5(string_agg(concat_ws('|', l.id, l.xmin), ';' ORDER BY l.id)) FROM geoservice.layer AS l WHERE l.description IS NOT NULL)
    ) AS q (editions, postings, keys, layers);
END $$;

-- One notification for each statement that touches them, sent with its commit; the payload is the table's name.
CREATE FUNCTION geoservice.announce_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('geoservice_changed', tg_table_name);
    RETURN NULL;
END $$;
CREATE TRIGGER announce AFTER UPDATE OF status, valid_from, valid_to ON geoservice.edition
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.jurisdiction
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.staff
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.posting
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.api_key
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.access_grant
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON geoservice.layer
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.announce_change();

-- What is read of layers whose features are told with more, or less, than their tables hold. They ask with the rights of the
-- schema's owner; rights.sql says who may ask them.

-- Of population the rule is of small_counts.py: fewer than k of something, and more than none, are told to those alone who may see
-- single households.
CREATE FUNCTION geoservice.k_minimum() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 5;

-- Whether whoever asks is told every count of a grid: an officer of those that he serves today. own: those grids.
CREATE FUNCTION geoservice.is_told_whole(jurisdiction integer, grid text, own text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN geoservice.is_told('households', jurisdiction)
    OR (geoservice.is_told_own('households', jurisdiction) AND coalesce(grid = ANY (own), false));

-- A count as it may be told. whole: whoever asks is told every count.
CREATE FUNCTION geoservice.told_count(counted bigint, whole boolean) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN whole OR coalesce(counted, 0) = 0 OR counted >= geoservice.k_minimum() THEN coalesce(counted, 0) END;

-- Whether whoever asks is told of a sensitive report: an officer of those of his grids, and of those that he was named for. own: the grids.
CREATE FUNCTION geoservice.is_told_sensitive(jurisdiction integer, grid text, officer text, own text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN geoservice.is_told('sensitive', jurisdiction)
    OR (geoservice.is_told_own('sensitive', jurisdiction)
        AND (coalesce(grid = ANY (own), false) OR coalesce(officer = geoservice.scope_staff(), false)));

-- Incidents that whoever asks finds counted: those that he is not told of are in no count either. Else the count of a grid, taken from what
-- is listed there, would say when and in which grid a sensitive one was made.
CREATE VIEW geoservice.counted_incident AS
SELECT i.jurisdiction_id, i.grid_code, i.status, i.id, i.late, i.reported_at FROM geoservice.incident AS i
 WHERE NOT i.sensitive
    OR geoservice.is_told_sensitive(i.jurisdiction_id, i.grid_code, i.officer_code, (SELECT geoservice.scope_grids()));

-- Grids in every period, each with the figures of now: whoever does not ask for a figure does not pay for it.
CREATE VIEW geoservice.served_grid AS
SELECT t.jurisdiction_id, t.valid, t.known, t.code, t.name, t.name_en,
       geoservice.edition_at(t.jurisdiction_id, lower(t.valid)) AS edition,
       lower(t.valid) AS valid_from, upper(t.valid) AS valid_to,
       round(st_area(t.geom::geography)::numeric, 1)::double precision AS area_m2,
       o.officer, coalesce(o.police_officers, 0) AS police_officers,
       geoservice.told_count(h.households, whole.told) AS households, geoservice.told_count(h.residents, whole.told) AS residents,
       geoservice.told_count(h.floating, whole.told) AS floating,
       coalesce(i.received, 0) AS received, coalesce(i.in_hand, 0) AS in_hand, coalesce(i.closed, 0) AS closed,
       t.geom
  FROM geoservice.territory AS t
 CROSS JOIN LATERAL (
        SELECT geoservice.is_told_whole(t.jurisdiction_id, t.code, (SELECT geoservice.scope_grids())) AS told) AS whole
  LEFT JOIN (SELECT jurisdiction_id, grid_code, sum(households) AS households, sum(residents) AS residents, sum(floating) AS floating
               FROM geoservice.household GROUP BY jurisdiction_id, grid_code) AS h
         ON h.jurisdiction_id = t.jurisdiction_id AND h.grid_code = t.code
  LEFT JOIN (SELECT jurisdiction_id, grid_code, count(*) AS received, count(*) FILTER (WHERE status = 'closed') AS closed,
                    count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand
               FROM geoservice.counted_incident GROUP BY jurisdiction_id, grid_code) AS i
         ON i.jurisdiction_id = t.jurisdiction_id AND i.grid_code = t.code
  LEFT JOIN (SELECT p.jurisdiction_id, p.grid_code, min(s.call_sign) FILTER (WHERE p.role = 'grid_officer') AS officer,
                    count(*) FILTER (WHERE p.role = 'police_officer') AS police_officers
               FROM geoservice.posting AS p
               JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
               JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
              WHERE daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
              GROUP BY p.jurisdiction_id, p.grid_code) AS o
         ON o.jurisdiction_id = t.jurisdiction_id AND o.grid_code = t.code
 WHERE geoservice.is_seen(t.jurisdiction_id, (SELECT geoservice.seen_jurisdictions(false, true)));

-- Jurisdictions with the figures of now. A total of which a part may not be told is not told: others would give the part away.
CREATE VIEW geoservice.served_jurisdiction AS
SELECT j.id AS jurisdiction_id,
       CASE WHEN h.told_households THEN h.households END AS households, CASE WHEN h.told_residents THEN h.residents END AS residents,
       CASE WHEN h.told_floating THEN h.floating END AS floating,
       i.received, i.closed, i.in_hand, i.triage
  FROM geoservice.jurisdiction AS j
 CROSS JOIN LATERAL (
        SELECT coalesce(sum(g.households), 0)::bigint AS households, coalesce(sum(g.residents), 0)::bigint AS residents,
               coalesce(sum(g.floating), 0)::bigint AS floating,
               coalesce(bool_and(geoservice.told_count(g.households, g.whole) IS NOT NULL), true) AS told_households,
               coalesce(bool_and(geoservice.told_count(g.residents, g.whole) IS NOT NULL), true) AS told_residents,
               coalesce(bool_and(geoservice.told_count(g.floating, g.whole) IS NOT NULL), true) AS told_floating
          FROM (SELECT sum(households) AS households, sum(residents) AS residents, sum(floating) AS floating,
                       geoservice.is_told_whole(j.id, grid_code, (SELECT geoservice.scope_grids())) AS whole
                  FROM geoservice.household WHERE jurisdiction_id = j.id GROUP BY grid_code) AS g) AS h
 CROSS JOIN LATERAL (
        SELECT count(*) AS received, count(*) FILTER (WHERE status = 'closed') AS closed,
               count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand,
               count(*) FILTER (WHERE grid_code IS NULL AND geoservice.is_open(status)) AS triage
          FROM geoservice.counted_incident WHERE jurisdiction_id = j.id) AS i;

-- How many households each building has, and whether that may be told. Where some of a grid may not be, the smallest count that could
-- be is not told either: what all others leave of the grid's total would give those away.
CREATE VIEW geoservice.housed_building AS
SELECT h.jurisdiction_id, h.building_code, min(h.grid_code) AS grid_code, sum(h.households) AS households,
       sum(h.residents) AS residents,
       sum(h.households) >= geoservice.k_minimum() AND NOT (
           row_number() OVER (PARTITION BY h.jurisdiction_id, min(h.grid_code)
                              ORDER BY sum(h.households) < geoservice.k_minimum(), sum(h.households), h.building_code) = 1
           AND (bool_or(sum(h.households) < geoservice.k_minimum()) OVER (PARTITION BY h.jurisdiction_id, min(h.grid_code))
                OR EXISTS (SELECT FROM geoservice.household AS beside
                            WHERE beside.jurisdiction_id = h.jurisdiction_id AND beside.building_code IS NULL
                              AND beside.grid_code IS NOT DISTINCT FROM min(h.grid_code)))) AS told
  FROM geoservice.household AS h WHERE h.building_code IS NOT NULL GROUP BY h.jurisdiction_id, h.building_code;

-- Buildings with how many households each has; null where that is too few to be told, which is also said of those that have none.
CREATE VIEW geoservice.served_building AS
SELECT b.jurisdiction_id, b.code, b.name, b.kind, b.floors, b.address, b.in_use, b.grid_code,
       CASE WHEN geoservice.is_told_whole(b.jurisdiction_id, b.grid_code, (SELECT geoservice.scope_grids()))
            THEN coalesce(h.households, 0) WHEN h.told THEN h.households END AS households,
       b.geom
  FROM geoservice.building AS b
  LEFT JOIN geoservice.housed_building AS h ON h.jurisdiction_id = b.jurisdiction_id AND h.building_code = b.code
 WHERE geoservice.is_seen(b.jurisdiction_id, (SELECT geoservice.seen_jurisdictions(true, true)));

-- Households: a point a building, and how many live there, where that may be told; nothing of who they are. OFFSET: buildings are looked up
-- one by one for what was counted once. The planner knows nothing of such points, takes a box for one building, and would count for each.
CREATE VIEW geoservice.served_household AS
SELECT h.jurisdiction_id, h.building_code, b.grid_code, h.households, st_pointonsurface(b.geom) AS geom
  FROM geoservice.housed_building AS h
 CROSS JOIN LATERAL (
        SELECT each.jurisdiction_id, each.grid_code, each.geom FROM geoservice.building AS each
         WHERE each.jurisdiction_id = h.jurisdiction_id AND each.code = h.building_code OFFSET 0) AS b
 WHERE h.told OR geoservice.is_told_whole(b.jurisdiction_id, b.grid_code, (SELECT geoservice.scope_grids()));

-- Incidents without their words and without anything of their reporters; those that are sensitive to those who handle them.
CREATE VIEW geoservice.served_incident AS
SELECT i.jurisdiction_id, i.id, i.service_code, s.name AS service_name, s.name_en AS service_name_en, i.status, i.grid_code,
       i.method, i.near_border, i.source, i.reported_at, i.late, i.urgency, i.geom
  FROM geoservice.incident AS i
  JOIN geoservice.service AS s ON s.jurisdiction_id = i.jurisdiction_id AND s.code = i.service_code
 WHERE (NOT i.sensitive
        OR geoservice.is_told_sensitive(i.jurisdiction_id, i.grid_code, i.officer_code, (SELECT geoservice.scope_grids())))
   AND geoservice.is_seen(i.jurisdiction_id, (SELECT geoservice.seen_jurisdictions(true, true)));

-- Incidents as of an instant that is past, by id, those that come after one: what was in hand then, and what was reported or closed since
-- another instant. The last line of its history before then says how an incident stood; its first line counts from when it was reported,
-- which may be before it came in. Those that are told now are told of then, unless they were of a sensitive service. Null: all of them.
CREATE FUNCTION geoservice.incidents_as_of(
    jurisdiction integer, since timestamptz, until timestamptz, after uuid, most integer
) RETURNS TABLE (id uuid, geom geometry, status text, service_code text, source text, grid_code text, reported_at timestamptz,
                 late boolean, officer_code text, in_hand boolean, closed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
    SELECT f.id, l.geom, h.to_status, h.service_code, h.source, h.to_grid_code, f.reported_at,
           is_open(h.to_status) AND h.to_status <> 'resolved' AND coalesce(l.overdue > l.reopened, false), h.officer_code,
           is_open(h.to_status), CASE WHEN h.to_status = 'closed' THEN l.closed_at END
      FROM served_incident AS f
      JOIN incident AS i ON i.id = f.id
     CROSS JOIN LATERAL (
            SELECT e.* FROM incident_event AS e
             WHERE e.incident_id = f.id AND (e.at < incidents_as_of.until OR e.rule = 'reported') ORDER BY e.id DESC LIMIT 1) AS h
     CROSS JOIN LATERAL (
            SELECT (array_agg(e.geom ORDER BY e.id DESC) FILTER (WHERE e.geom IS NOT NULL))[1] AS geom,
                   max(e.id) FILTER (WHERE e.rule = 'overdue') AS overdue,
                   coalesce(max(e.id) FILTER (WHERE e.rule = 'reopened'), 0) AS reopened,
                   max(e.at) FILTER (WHERE e.to_status = 'closed' AND e.from_status IS DISTINCT FROM 'closed') AS closed_at
              FROM incident_event AS e
             WHERE e.incident_id = f.id AND (e.at < incidents_as_of.until OR e.rule = 'reported')) AS l
      LEFT JOIN service AS s ON s.jurisdiction_id = f.jurisdiction_id AND s.code = h.service_code
     WHERE f.jurisdiction_id = incidents_as_of.jurisdiction AND f.reported_at < incidents_as_of.until
       AND f.id > coalesce(incidents_as_of.after, '00000000-0000-0000-0000-000000000000')
       -- What nobody has had to do anything about since before the span was not in it: its history need not be read.
       AND (is_open(i.status) OR i.status_since >= incidents_as_of.since OR f.reported_at >= incidents_as_of.since)
       AND (is_open(h.to_status) OR f.reported_at >= incidents_as_of.since
            OR (h.to_status = 'closed' AND l.closed_at >= incidents_as_of.since))
       AND (NOT coalesce(s.sensitive, true)
            OR is_told_sensitive(f.jurisdiction_id, h.to_grid_code, h.officer_code, (SELECT scope_grids())))
     ORDER BY f.id LIMIT incidents_as_of.most
$$;

-- Figures per grid: how much is in hand in each grid in force, how matters were handled there, how many live there. They are described
-- once, in served_figure, as whoever asks is told them; grid_figure holds what everybody is told, from which tiles are cut.

-- Of so few that were resolved, or rated, no median and no mean is told but to those who read all reports: it would be one report's own.
CREATE FUNCTION geoservice.told_of_several(value double precision, counted bigint, jurisdiction integer) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN counted >= geoservice.k_minimum() OR geoservice.is_told('sensitive', jurisdiction) THEN value END;

-- A day is 24 hours here: what is told changes with every minute, not at midnight. What is late and what was received are counted apart, as
-- each has an index: of both at once every incident there ever was would be looked at.
CREATE VIEW geoservice.served_figure AS
SELECT g.jurisdiction_id, g.code, g.name, g.name_en, g.edition, g.in_hand, coalesce(l.late, 0) AS late,
       coalesce(r.received, 0) AS received_30_days,
       geoservice.told_of_several(round(h.resolve_s / 60), h.resolved, g.jurisdiction_id) AS resolve_minutes,
       geoservice.told_of_several(round(h.rating::numeric, 1)::double precision, h.ratings, g.jurisdiction_id) AS rating,
       g.households, g.residents, g.floating, g.geom
  FROM geoservice.served_grid AS g
  LEFT JOIN (SELECT jurisdiction_id, grid_code, count(*) AS late
               FROM geoservice.counted_incident WHERE late GROUP BY jurisdiction_id, grid_code) AS l
         ON l.jurisdiction_id = g.jurisdiction_id AND l.grid_code = g.code
  LEFT JOIN (SELECT jurisdiction_id, grid_code, count(*) AS received
               FROM geoservice.counted_incident WHERE reported_at >= now() - interval '720 hours'
              GROUP BY jurisdiction_id, grid_code) AS r
         ON r.jurisdiction_id = g.jurisdiction_id AND r.grid_code = g.code
  LEFT JOIN (SELECT e.jurisdiction_id, e.to_grid_code AS grid_code,
                    count(e.took_s) FILTER (WHERE e.rule = 'resolved') AS resolved,
                    percentile_cont(0.5) WITHIN GROUP (ORDER BY e.took_s) FILTER (WHERE e.rule = 'resolved') AS resolve_s,
                    count(e.rating) FILTER (WHERE e.rule = 'rated') AS ratings,
                    avg(e.rating::double precision) FILTER (WHERE e.rule = 'rated') AS rating
               FROM geoservice.incident_event AS e JOIN geoservice.counted_incident AS c ON c.id = e.incident_id
              WHERE e.at >= now() - interval '720 hours' AND e.rule IN ('resolved', 'rated')
              GROUP BY e.jurisdiction_id, e.to_grid_code) AS h
         ON h.jurisdiction_id = g.jurisdiction_id AND h.grid_code = g.code
 WHERE g.valid @> now() AND upper_inf(g.known);

-- The same as visitors are told it, as it was when somebody asked for tiles last.
CREATE TABLE geoservice.grid_figure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    jurisdiction_id integer NOT NULL REFERENCES geoservice.jurisdiction,
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    name_en text,
    edition bigint,
    in_hand bigint NOT NULL,
    late bigint NOT NULL,
    received_30_days bigint NOT NULL,
    resolve_minutes double precision,
    rating double precision,
    households bigint,
    residents bigint,
    floating bigint,
    geom geometry(MultiPolygon, 4326) NOT NULL CHECK (geoservice.is_sound(geom)),
    UNIQUE (jurisdiction_id, code)
);
CREATE INDEX ix_grid_figure_geom ON geoservice.grid_figure USING gist (geom);
INSERT INTO geoservice.layer (id, table_name, tiled, min_zoom, redrawn_whole)
VALUES ('figures', 'grid_figure', '{code,name,name_en,in_hand,late,received_30_days,resolve_minutes,rating,households,residents,floating}',
        0, true);
SELECT geoservice.attach_tiles('figures');

-- Bring what everybody is told to what it is now, whoever asks; only what differs is written. Returns how many grids differed.
CREATE FUNCTION geoservice.gather_figures(jurisdiction integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    differed bigint;
    -- A SET clause would be for superusers alone.
    told_to_caller CONSTANT text := coalesce(current_setting('geoservice.told', true), '');
BEGIN
    PERFORM set_config('geoservice.told', '', true);
    PERFORM pg_advisory_xact_lock(tile_lock(), hashtext('figures') # jurisdiction);  -- as those do who take its changes up
    WITH told AS MATERIALIZED (SELECT f.* FROM served_figure AS f WHERE f.jurisdiction_id = jurisdiction),
    gone AS (
        DELETE FROM grid_figure AS f WHERE f.jurisdiction_id = jurisdiction AND NOT EXISTS (SELECT FROM told AS t WHERE t.code = f.code)
        RETURNING 1),
    kept AS (
        INSERT INTO grid_figure AS f (jurisdiction_id, code, name, name_en, edition, in_hand, late, received_30_days, resolve_minutes,
                                      rating, households, residents, floating, geom)
        SELECT t.jurisdiction_id, t.code, t.name, t.name_en, t.edition, t.in_hand, t.late, t.received_30_days, t.resolve_minutes,
               t.rating, t.households, t.residents, t.floating, t.geom FROM told AS t ORDER BY t.code
            ON CONFLICT (jurisdiction_id, code) DO UPDATE
           SET name = excluded.name, name_en = excluded.name_en, edition = excluded.edition, in_hand = excluded.in_hand,
               late = excluded.late, received_30_days = excluded.received_30_days, resolve_minutes = excluded.resolve_minutes,
               rating = excluded.rating, households = excluded.households, residents = excluded.residents,
               floating = excluded.floating, geom = excluded.geom
         WHERE NOT f.geom = excluded.geom
            OR (f.name, f.name_en, f.edition, f.in_hand, f.late, f.received_30_days, f.resolve_minutes, f.rating, f.households,
                f.residents, f.floating)
               IS DISTINCT FROM
               (excluded.name, excluded.name_en, excluded.edition, excluded.in_hand, excluded.late, excluded.received_30_days,
                excluded.resolve_minutes, excluded.rating, excluded.households, excluded.residents, excluded.floating)
        RETURNING 1)
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM kept) INTO differed;
    PERFORM set_config('geoservice.told', told_to_caller, true);
    RETURN differed;
END $$;

-- Who did what. An entry is written in the transaction that does it, and never changed. Entries that are final are sealed, in one order,
-- into a chain of hashes: whoever changes, removes, adds or reorders some afterwards breaks it, and whoever makes it anew as a whole, or
-- cuts its end off, differs from the anchors that were told elsewhere. Entries hold no words, tokens, keys or passwords, and no address
-- of anybody: what was touched is told by ids, codes, names of columns, and counts.

CREATE TABLE geoservice.audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    era integer NOT NULL,                     -- of the numbers of transactions: a cluster that was restored into counts anew
    tx bigint NOT NULL DEFAULT geoservice.this_transaction(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    who text NOT NULL CHECK (char_length(who) BETWEEN 1 AND 200),
    role text CHECK (role ~ '^[a-z]{1,40}$'),  -- null: whoever owns the database, or the service itself
    jurisdiction_id integer,                  -- whose matter it was; null: nobody's, or everybody's
    what text NOT NULL CHECK (what ~ '^[a-z][a-z_]{1,39}$'),
    purpose text CHECK (purpose ~ '^[a-z][a-z0-9_]{0,39}$'),  -- the permission that the door asked for, the command, sql
    touched jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(touched) = 'object' AND octet_length(touched::text) <= 4000),
    request uuid                              -- as answers with an error and the log of the service name it
);
CREATE INDEX ix_audit_entry_era_tx_id ON geoservice.audit_entry (era, tx, id);
CREATE INDEX ix_audit_entry_jurisdiction_id_id ON geoservice.audit_entry (jurisdiction_id, id);
CREATE INDEX ix_audit_entry_at ON geoservice.audit_entry (at);
-- Who touched an incident: those that name one, and the few that list several.
CREATE INDEX ix_audit_entry_incident ON geoservice.audit_entry ((touched ->> 'incident')) WHERE touched ->> 'incident' IS NOT NULL;
CREATE INDEX ix_audit_entry_incidents ON geoservice.audit_entry (id)
    WHERE what IN ('erasure_added', 'incident_added', 'incident_changed', 'incident_removed');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.audit_entry
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- The chain. An entry that was removed leaves its seal: no foreign key.
CREATE TABLE geoservice.audit_seal (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    entry_id bigint NOT NULL UNIQUE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON geoservice.audit_seal
    FOR EACH ROW EXECUTE FUNCTION geoservice.refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON geoservice.audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION geoservice.refuse_change();

-- How far it goes: the last seal, and where the entry that it seals stands in the order.
CREATE TABLE geoservice.audit_head (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    seq bigint NOT NULL DEFAULT 0,
    hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    sealed_era integer NOT NULL DEFAULT 0,
    sealed_tx bigint NOT NULL DEFAULT 0,
    sealed_id bigint NOT NULL DEFAULT 0,
    era integer NOT NULL DEFAULT 1,           -- of entries that are written now
    cluster text NOT NULL                     -- PostgreSQL's number of the cluster that counts them
);
INSERT INTO geoservice.audit_head (cluster) SELECT c.system_identifier::text FROM pg_control_system() AS c;

-- The one text of an entry: what is hashed, exported and verified. Its keys are in the order that jsonb has.
CREATE FUNCTION geoservice.audit_line(entry geoservice.audit_entry) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN jsonb_build_object(
    'id', entry.id, 'era', entry.era, 'tx', entry.tx, 'at_us', (extract(epoch FROM entry.at) * 1000000)::bigint,
    'who', entry.who, 'role', entry.role, 'jurisdiction_id', entry.jurisdiction_id, 'what', entry.what, 'purpose', entry.purpose,
    'touched', entry.touched, 'request', entry.request)::text;

-- Whether the service acts and says for whom; not somebody who works straight in the tables, the owner among them.
CREATE FUNCTION geoservice.by_service() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN geoservice.is_service() AND coalesce(current_setting('geoservice.actor', true), '') <> '';

-- Write an entry: the one way there is.
CREATE FUNCTION geoservice.note_audit(
    what text, jurisdiction integer DEFAULT NULL, touched jsonb DEFAULT '{}', role text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    INSERT INTO audit_entry (era, who, role, jurisdiction_id, what, purpose, touched, request)
    SELECT h.era, actor(),
           CASE WHEN by_service() THEN coalesce(note_audit.role, nullif(current_setting('geoservice.role', true), ''))
                WHEN is_service() THEN NULL
                WHEN pg_has_role(session_user, 'geoservice_analyst', 'MEMBER') THEN 'analyst' ELSE 'reader' END,
           note_audit.jurisdiction, note_audit.what,
           CASE WHEN by_service() THEN nullif(current_setting('geoservice.purpose', true), '') ELSE 'sql' END,
           note_audit.touched,
           CASE WHEN by_service() THEN nullif(current_setting('geoservice.request', true), '')::uuid END
      FROM audit_head AS h;
END $$;

-- Seal entries that are final: whatever was begun before them has ended, so none can come that stands before them. Returns how many.
CREATE FUNCTION geoservice.seal_audit(most integer DEFAULT 5000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    head audit_head%ROWTYPE;
    entry audit_entry%ROWTYPE;
    sealed integer := 0;
BEGIN
    SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
    FOR entry IN
        SELECT e.* FROM audit_entry AS e
         WHERE (e.era, e.tx, e.id) > (head.sealed_era, head.sealed_tx, head.sealed_id)
           AND (e.era < head.era OR e.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
         ORDER BY e.era, e.tx, e.id LIMIT most
    LOOP
        sealed := sealed + 1;
        head.seq := head.seq + 1;
        head.hash := sha256(head.hash || convert_to(audit_line(entry), 'UTF8'));
        INSERT INTO audit_seal (seq, entry_id, hash) VALUES (head.seq, entry.id, head.hash);
    END LOOP;
    IF sealed > 0 THEN
        UPDATE audit_head SET seq = head.seq, hash = head.hash,
            sealed_era = entry.era, sealed_tx = entry.tx, sealed_id = entry.id;
    END IF;
    RETURN sealed;
END $$;

-- Begin an era when the database was restored into another cluster, where transactions are counted from elsewhere. Of the one before all is
-- final. Returns the present one.
CREATE FUNCTION geoservice.begin_audit_era() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    here CONSTANT text := (SELECT c.system_identifier::text FROM pg_control_system() AS c);
BEGIN
    UPDATE audit_head AS h SET era = h.era + 1, cluster = here WHERE h.cluster <> here;
    RETURN (SELECT h.era FROM audit_head AS h);
END $$;

-- An entry for each jurisdiction of which a statement wrote rows, however many. Arguments: the columns that a row is known by in both tables
-- of an UPDATE; what is told of it, and its jurisdiction, as SQL about r; and the columns that do not count.
CREATE FUNCTION geoservice.audit_rows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    verb CONSTANT text := CASE tg_op WHEN 'INSERT' THEN 'added' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END;
    rows CONSTANT text := CASE tg_op
        WHEN 'INSERT' THEN 'after AS r, (SELECT '''' AS names) AS c'
        WHEN 'DELETE' THEN 'before AS r, (SELECT '''' AS names) AS c'
        -- Of what somebody wrote, the names of columns alone; each row is told as jsonb once (OFFSET 0), and not for each of its columns.
        ELSE format('after AS r JOIN before AS o USING (%s), LATERAL (SELECT to_jsonb(r) AS new, to_jsonb(o) AS old OFFSET 0) AS v,'
                    ' LATERAL (SELECT string_agg(d.name, '','') AS names FROM jsonb_each(v.new) AS d (name, value)'
                    ' WHERE d.value IS DISTINCT FROM v.old -> d.name AND d.name <> ALL (%L::text[])) AS c',
                    tg_argv[0], tg_argv[3]) END;
    counted record;
BEGIN
    FOR counted IN EXECUTE format('SELECT %s AS j, count(*) AS n, array_agg(DISTINCT (%s)::text) AS told, string_agg(c.names, '','') AS names'
                                  ' FROM %s WHERE c.names IS NOT NULL GROUP BY 1', tg_argv[2], tg_argv[1], rows) LOOP
        PERFORM note_audit(tg_table_name || '_' || verb, counted.j, jsonb_strip_nulls(jsonb_build_object(
            'count', counted.n, 'ids', counted.told[1:20],
            'columns', CASE tg_op WHEN 'UPDATE' THEN ARRAY(SELECT DISTINCT unnest(string_to_array(counted.names, ',')) ORDER BY 1) END)));
    END LOOP;
    RETURN NULL;
END $$;

-- Have whatever is written to a table leave entries. Arguments as of audit_rows; of what the service itself writes there may be a record elsewhere.
CREATE FUNCTION geoservice.attach_audit(
    home regclass, known_by text, told text, jurisdiction text DEFAULT 'r.jurisdiction_id', uncounted text[] DEFAULT '{}',
    service boolean DEFAULT true
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
DECLARE
    operation text;
    tables text;
BEGIN
    FOR operation, tables IN VALUES ('INSERT', 'NEW TABLE AS after'), ('UPDATE', 'OLD TABLE AS before NEW TABLE AS after'),
                                    ('DELETE', 'OLD TABLE AS before') LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT %s'
                       ' EXECUTE FUNCTION geoservice.audit_rows(%L, %L, %L, %L)', 'audit_' || lower(operation), operation, home, tables,
                       CASE WHEN service THEN '' ELSE 'WHEN (NOT geoservice.by_service())' END, known_by, told, jurisdiction, uncounted);
    END LOOP;
END $$;

-- Administration, by whatever door.
SELECT geoservice.attach_audit('geoservice.api_key', 'id', 'r.id', 'home_of_holder(NULL, r.id)');
SELECT geoservice.attach_audit('geoservice.access_grant', 'id', 'coalesce(r.login, r.key_id) || '' '' || r.role');
-- That somebody signed in has an entry of its own.
SELECT geoservice.attach_audit('geoservice.account', 'login', 'r.login', 'home_of_holder(r.login, NULL)', uncounted => ARRAY['signed_in_at']);
-- Of which step the last code was is in what it was shown for.
SELECT geoservice.attach_audit('geoservice.second_factor', 'login', 'r.login', 'home_of_holder(r.login, NULL)', ARRAY['last_step']);
SELECT geoservice.attach_audit('geoservice.account_link', 'issuer, subject', 'r.login', 'home_of_holder(r.login, NULL)');
SELECT geoservice.attach_audit('geoservice.login_grant', 'id', 'r.login');
SELECT geoservice.attach_audit('geoservice.jurisdiction', 'id', 'r.code', 'r.id');
SELECT geoservice.attach_audit('geoservice.staff', 'id', 'r.code');
SELECT geoservice.attach_audit('geoservice.posting', 'id', 'r.staff_code');
SELECT geoservice.attach_audit('geoservice.service', 'id', 'r.code');
SELECT geoservice.attach_audit('geoservice.working_hours', 'jurisdiction_id, weekday, opens', 'r.weekday');
SELECT geoservice.attach_audit('geoservice.calendar_day', 'jurisdiction_id, day', 'r.day');
SELECT geoservice.attach_audit('geoservice.layer', 'id', 'r.id', 'NULL::integer');
-- How far a webhook has come is no administration.
SELECT geoservice.attach_audit('geoservice.webhook', 'id', 'r.id', uncounted => ARRAY['sent_up_to']);
-- What the service does with an incident is in its history; who writes straight in the table is here.
SELECT geoservice.attach_audit('geoservice.incident', 'id', 'r.id', service => false);
-- Words that were erased, and what went by its time.
SELECT geoservice.attach_audit('geoservice.erasure', 'id', 'r.incident_id');
SELECT geoservice.attach_audit('geoservice.retention_run', 'id', 'r.kind');

-- Drafts, and what becomes of them.
CREATE FUNCTION geoservice.audit_edition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM note_audit(CASE tg_op WHEN 'INSERT' THEN 'draft_added' WHEN 'DELETE' THEN 'draft_removed' ELSE 'edition_' || new.status END,
                       coalesce(new.jurisdiction_id, old.jurisdiction_id),
                       jsonb_build_object('edition', coalesce(new.id, old.id)));
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR DELETE ON geoservice.edition
    FOR EACH ROW EXECUTE FUNCTION geoservice.audit_edition();
CREATE TRIGGER audit_status AFTER UPDATE OF status ON geoservice.edition FOR EACH ROW
    WHEN (new.status <> old.status AND new.status IN ('published', 'withdrawn')) EXECUTE FUNCTION geoservice.audit_edition();

-- What was done to a draft, once a transaction; the grids are in the step.
CREATE FUNCTION geoservice.audit_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM note_audit('draft_changed', e.jurisdiction_id, jsonb_build_object('edition', e.id, 'step', new.number, 'verb', new.verb,
                       'grids', (SELECT count(*) FROM draft_change AS c WHERE c.step_id = new.id)))
       FROM edition AS e WHERE e.id = new.edition_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit AFTER INSERT ON geoservice.draft_step DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION geoservice.audit_step();

-- What was done to a layer, once a transaction, by whatever door; what the rows were is in the change.
CREATE FUNCTION geoservice.audit_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, geoservice, public, pg_temp AS $$
BEGIN
    PERFORM note_audit('layer_written', n.jurisdiction_id, jsonb_build_object('change', n.change_id, 'layer', n.layer,
                       'added', n.added, 'changed', n.changed, 'removed', n.removed))
       FROM change_count AS n WHERE (n.change_id, n.layer, n.jurisdiction_id) = (new.change_id, new.layer, new.jurisdiction_id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit AFTER INSERT ON geoservice.change_count DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION geoservice.audit_change();

-- Who may do what. Three group roles:
--   geoservice_reader    the map without people
--   geoservice_analyst   also edits drafts and the layers that stand in the landscape, and hands in incidents; no households, no keys
--   geoservice_app       the service: everything but what only triggers write and what is never removed
-- Which rows of these each sees is in row_policies.sql.

GRANT USAGE ON SCHEMA geoservice TO geoservice_reader, geoservice_analyst, geoservice_app;

-- Of the tables of layers: attach_layer says it for each (layers.sql); whoever may read the map reads what is not personal,
-- the analyst writes it, and the service does both, to what is personal as well.
GRANT SELECT ON geoservice.served_grid, geoservice.served_figure, geoservice.served_building, geoservice.served_incident
    TO geoservice_analyst, geoservice_app;
GRANT SELECT ON geoservice.served_household, geoservice.served_jurisdiction, geoservice.housed_building TO geoservice_app;

-- What everybody reads.
GRANT SELECT ON
    geoservice.jurisdiction, geoservice.edition, geoservice.edition_period, geoservice.grid, geoservice.grid_lineage,
    geoservice.territory, geoservice.finding, geoservice.reassigned_code, geoservice.draft_grid,
    geoservice.layer, geoservice.service, geoservice.lifecycle,
    geoservice.working_hours, geoservice.calendar_day, geoservice.working_span
    TO geoservice_reader, geoservice_analyst, geoservice_app;
-- Readiness compares the revision.
GRANT SELECT ON public.geoservice_schema_version TO geoservice_reader, geoservice_analyst, geoservice_app;

-- What the analyst reads and writes beside that, as does the service.
GRANT SELECT ON geoservice.draft_step, geoservice.draft_change, geoservice.decision, geoservice.posting, geoservice.change,
    geoservice.change_count TO geoservice_analyst, geoservice_app;
GRANT SELECT ON geoservice.incident TO geoservice_app;
-- Whether it is sensitive, whether its words are gone, and whether it is routed already, is said by functions of ours alone.
DO $$
BEGIN
    EXECUTE format('GRANT INSERT (%s) ON geoservice.incident TO geoservice_app', (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = 'geoservice.incident'::regclass AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
           AND a.attname NOT IN ('sensitive', 'words_gone_at', 'upkeep')));
    EXECUTE format('GRANT UPDATE (%s) ON geoservice.incident TO geoservice_app', (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
         WHERE a.attrelid = 'geoservice.incident'::regclass AND a.attnum > 0 AND a.attgenerated = '' AND NOT a.attisdropped
           AND a.attname NOT IN ('sensitive', 'words_gone_at', 'upkeep')));
END $$;
-- No words of residents and nothing of a reporter; a report that the analyst hands in has no token that somebody else may know.
GRANT SELECT (id, service_code, source, geom, received_x, received_y, declared_crs, accuracy_m, building_code, reported_at,
        jurisdiction_id, edition_id, grid_code, method, distance_to_border_m, near_border, candidates, officer_code, routed_at,
        overrule_grid_code, assigned_officer_code, status, status_since, step_rule, waiting_since, set_out_at, expected_at, work_left_s, overdue_at,
        late, duplicate_of, original_status, closed_at, rating, recorded_at, updated_at, version),
    INSERT (id, service_code, source, description, attributes, geom, received_x, received_y, declared_crs, accuracy_m, building_code,
        reported_at, jurisdiction_id, assigned_officer_code, overrule_grid_code, overrule_reason)
    ON geoservice.incident TO geoservice_analyst;
GRANT INSERT, UPDATE, DELETE ON
    geoservice.grid TO geoservice_analyst, geoservice_app;
GRANT INSERT (edition_id, code, reason), DELETE ON geoservice.reassigned_code TO geoservice_analyst, geoservice_app;

-- Many reports at once, of their own jurisdictions: take_in_reports asks. Who works as no scope, and visitors, have no such door.
GRANT INSERT ON geoservice.incident_inbox
    TO geoservice_analyst, geoservice_everywhere, geoservice_within, geoservice_officer;

-- An edition is made, named and thrown away while it is a draft. What is in force changes by publishing alone: the service may
-- mark a draft validated, move its base, withdraw it.
GRANT INSERT (jurisdiction_id, title, source, outline, outline_reason), UPDATE (title, source, outline, outline_reason), DELETE
    ON geoservice.edition TO geoservice_analyst, geoservice_app;
GRANT INSERT (ballpark), UPDATE (ballpark) ON geoservice.edition TO geoservice_app;
GRANT UPDATE (validated_hash, base_id, status, note, asked_by, asked_revision) ON geoservice.edition TO geoservice_app;

-- The analyst alone: the editable layer of a GIS.
GRANT INSERT, UPDATE, DELETE ON geoservice.draft_grid TO geoservice_analyst;

-- The service alone. What only triggers and functions write (territory, edition_period, grid_lineage, draft_change, incident_event,
-- working_span, outbox) is not here.
GRANT INSERT, UPDATE ON geoservice.jurisdiction TO geoservice_app;
-- What was given is taken back, and not written anew.
GRANT SELECT, INSERT, UPDATE (revoked_at, revoked_by) ON geoservice.access_grant TO geoservice_app;
GRANT SELECT, INSERT, UPDATE ON geoservice.staff, geoservice.api_key, geoservice.key_use TO geoservice_app;
GRANT SELECT, INSERT, UPDATE (password_hash, must_change, disabled_at, signed_in_at) ON geoservice.account TO geoservice_app;
GRANT SELECT, INSERT, UPDATE (seen_at, revoked_at), DELETE ON geoservice.session TO geoservice_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON geoservice.sign_in_attempt, geoservice.second_factor TO geoservice_app;
GRANT SELECT, INSERT, DELETE ON geoservice.recovery_code, geoservice.pending_sign_in, geoservice.account_link, geoservice.provider_sign_in
    TO geoservice_app;
GRANT INSERT, UPDATE, DELETE ON geoservice.posting, geoservice.service, geoservice.working_hours, geoservice.calendar_day
    TO geoservice_app;
GRANT INSERT, DELETE ON geoservice.finding TO geoservice_app;
GRANT UPDATE (state) ON geoservice.draft_step TO geoservice_app;
GRANT INSERT ON geoservice.decision TO geoservice_app;
GRANT SELECT, INSERT ON geoservice.visit, geoservice.preview, geoservice.report_key, geoservice.tile_edition, geoservice.tile_grid
    TO geoservice_app;
GRANT SELECT ON geoservice.tile_set, geoservice.tile_version, geoservice.tile_change, geoservice.tile_cell, geoservice.grid_figure
    TO geoservice_app;
GRANT SELECT, INSERT, UPDATE (done_at) ON geoservice.scheduled_job TO geoservice_app;
-- Of what was done everything is told, and nothing written but by functions; who reads it, the guards and row policies say.
GRANT SELECT ON geoservice.audit_entry, geoservice.audit_seal, geoservice.audit_head TO geoservice_app;
GRANT SELECT ON geoservice.erasure, geoservice.retention_run, geoservice.incident_event, geoservice.outbox, geoservice.outbox_head TO geoservice_app;
-- What a webhook is for, and what was sent, is not written anew.
GRANT SELECT, INSERT, DELETE ON geoservice.webhook, geoservice.delivery TO geoservice_app;
GRANT UPDATE (secret, previous_secret, previous_secret_until, disabled_at, disabled_reason, sent_up_to)
    ON geoservice.webhook TO geoservice_app;
GRANT UPDATE (status, attempts, due_at, claimed_until, hurried, last_status, last_reason, delivered_at)
    ON geoservice.delivery TO geoservice_app;

-- PostgreSQL lets everybody run every routine, and whoever may run a trigger function may hang it on a table of his own
-- and feed it rows. So nobody may run one that is not named below.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA geoservice FROM PUBLIC;

-- What look-ups, CHECKs and triggers ask with the rights of whoever reads or writes.
GRANT EXECUTE ON FUNCTION
    geoservice.scope_jurisdictions(), geoservice.scope_post(), geoservice.scope_staff(), geoservice.scope_grids(), geoservice.followed(),
    geoservice.open_jurisdictions(), geoservice.closed_jurisdictions(), geoservice.login_jurisdictions(), geoservice.may_write(integer),
    geoservice.seen_jurisdictions(boolean, boolean), geoservice.is_seen(integer, integer[]),
    geoservice.is_told(text, integer), geoservice.is_told_own(text, integer), geoservice.told_jurisdictions(text), geoservice.is_told_whole(integer, text, text[]),
    geoservice.is_told_sensitive(integer, text, text, text[]), geoservice.told_count(bigint, boolean), geoservice.told_of_several(double precision, bigint, integer),
    geoservice.k_minimum(), geoservice.actor(), geoservice.is_service(), geoservice.by_service(), geoservice.is_code(text), geoservice.is_name(text), geoservice.is_instant(timestamptz), geoservice.has_form(text, text),
    geoservice.holds_personal_number(text), geoservice.personal_numbers(), geoservice.plain_words(text),
    geoservice.has_words(text), geoservice.is_reason(text),
    geoservice.is_position(geometry), geoservice.is_on_earth(geometry),
    geoservice.max_vertices(), geoservice.is_sound(geometry), geoservice.place_of(geometry), geoservice.web_mercator(geometry),
    geoservice.require_position(geometry, text), geoservice.require_sound(geometry, text),
    geoservice.lon_degree_m(double precision), geoservice.lat_degree_m(double precision),
    geoservice.distance_m(geometry, geometry, double precision, double precision),
    geoservice.on_one_side(geometry), geoservice.on_both_sides(geometry), geoservice.is_near_antimeridian(geometry),
    geoservice.lies_across(geometry),
    geoservice.box_around(geometry, double precision, double precision),
    geoservice.distance_across_m(geometry, geometry, double precision, double precision),
    geoservice.view_sector(geometry, double precision, double precision, double precision),
    geoservice.is_open(text), geoservice.clock_runs(text), geoservice.urgency(geoservice.incident),
    geoservice.urgency_of(text, timestamptz, timestamptz, timestamptz),
    geoservice.was_published(text), geoservice.posting_rank(text),
    geoservice.overlap_tolerance_m(), geoservice.latest_edition(integer), geoservice.edition_hash(bigint),
    geoservice.require_publishable(geoservice.edition),
    geoservice.edition_at(integer, timestamptz, timestamptz), geoservice.known_since(integer),
    geoservice.outline_before(integer, bigint), geoservice.ballpark_before(integer, bigint), geoservice.outline_at(integer, timestamptz, timestamptz),
    geoservice.jurisdiction_around(geometry, timestamptz, timestamptz),
    geoservice.wait_for_publications(timestamptz, integer),
    geoservice.grids_covering(geometry, double precision, double precision, timestamptz, integer, timestamptz),
    geoservice.grid_nearest(geometry, double precision, double precision, timestamptz, integer, double precision, timestamptz),
    geoservice.grids_within(geometry, double precision, double precision, integer, timestamptz, timestamptz, double precision, bigint),
    geoservice.unowned_at(geometry, timestamptz, integer, timestamptz),
    geoservice.owner_of(geometry, timestamptz, double precision, integer, timestamptz),
    geoservice.owner_outside(geometry, timestamptz, double precision, integer, timestamptz),
    geoservice.officer_posted(integer, text, timestamptz), geoservice.limit_s(integer, text),
    geoservice.worked_s(integer, timestamptz), geoservice.work_done_at(integer, timestamptz, double precision),
    geoservice.worked(integer, timestamptz), geoservice.work_done(integer, timestamptz, double precision),
    geoservice.incident_as_changed(geoservice.incident, geoservice.incident),
    geoservice.owner_by_report(geoservice.incident, geoservice.ownership, text),
    geoservice.owner_by_building(geoservice.incident, geoservice.ownership, boolean),
    geoservice.owner_by_person(geoservice.incident, geoservice.ownership),
    geoservice.building_meant(text, geometry, integer)
    TO geoservice_reader, geoservice_analyst, geoservice_app;
-- What the routing of a report asks, with the rights of its writer; and the turn that whoever writes takes.
GRANT EXECUTE ON FUNCTION
    geoservice.lock_jurisdiction_shared(integer),
    geoservice.stale_routing_at(integer, bigint, timestamptz, boolean),
    geoservice.reroute_at(geoservice.incident, geoservice.incident), geoservice.status_by_officer(text, text, text),
    geoservice.not_to_come(timestamptz), geoservice.status_of_original(uuid), geoservice.original_of(uuid)
    TO geoservice_analyst, geoservice_app;
-- What the service alone does.
GRANT EXECUTE ON FUNCTION
    geoservice.publish_edition(bigint, timestamptz, integer, text), geoservice.dry_run_publish(bigint, timestamptz),
    geoservice.fingerprint_of(geoservice.move[]), geoservice.apply_due_editions(),
    geoservice.person_of(text), geoservice.known_as(text, integer), geoservice.is_own_draft(geoservice.edition, text),
    geoservice.begin_step(bigint, text), geoservice.take_over_drawers(bigint, bigint), geoservice.changed_faces(bigint, bigint), geoservice.changed_grids(bigint, bigint),
    geoservice.reused_codes(bigint),
    geoservice.route_again(geoservice.incident_event, integer), geoservice.lapse_due(integer), geoservice.mark_overdue(integer),
    geoservice.lineage_between(bigint, bigint), geoservice.incidents_as_of(integer, timestamptz, timestamptz, uuid, integer),
    geoservice.erase_words(uuid[], text), geoservice.run_retention(integer), geoservice.retention_due(),
    geoservice.retention_due_after(text, integer, integer),
    geoservice.renew_working_time(), geoservice.next_due(), geoservice.number_outbox(integer, boolean), geoservice.forget_told(integer),
    geoservice.gather_figures(integer), geoservice.take_up_tile_changes(text, integer), geoservice.tile_state(integer, text, integer, integer, integer, geometry),
    geoservice.tile_drawn_by(bigint, integer, geometry), geoservice.lock_drawing(integer),
    geoservice.begin_change(text, text, text, bigint), geoservice.changed_since(bigint), geoservice.undo_change(bigint, text), geoservice.look_over_layer(text),
    geoservice.create_layer(text, jsonb, text[], integer, integer, text[]), geoservice.drop_layer(text, text),
    geoservice.is_in_force(geoservice.access_grant), geoservice.gives_until(text, integer), geoservice.note_ended_rights(integer),
    geoservice.note_audit(text, integer, jsonb, text), geoservice.seal_audit(integer), geoservice.audit_line(geoservice.audit_entry),
    geoservice.fingerprints()  -- of the keys, too
    TO geoservice_app;

-- Which rows whom: the second wall, behind the guards of the doors (geoservice/auth/permissions.py). For each table that holds more
-- than the map: a line a role. Roles (scopes.sql):
--   geoservice_everywhere   whoever runs the service, programs for all jurisdictions, what is told as counts
--   geoservice_within       those who work in some jurisdictions
--   geoservice_officer      an officer: what his grids have today, and what he was named for
--   geoservice_several      an officer who is something else beside it, there or elsewhere: what both of these see
--   geoservice_visitor      nobody known: what is open to all, and the report whose token is shown
--   geoservice_analyst, geoservice_reader   logins of people, by their grants
-- geoservice_app itself has none: whoever did not choose sees nothing. The owner of the tables sees all, and so do the functions
-- that run as it.

DO $$
DECLARE
    within CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.scope_jurisdictions())::integer[])';
    handled CONSTANT text := '(NOT sensitive OR geoservice.is_told_sensitive(jurisdiction_id, grid_code, officer_code,'
                             ' (SELECT geoservice.scope_grids())))';
    drawn CONSTANT text := '(geoservice.was_published(status) OR geoservice.is_told(''drafts'', jurisdiction_id))';
    post CONSTANT text := 'jurisdiction_id = (SELECT geoservice.scope_post())';
    named CONSTANT text := post || ' AND (grid_code = ANY ((SELECT geoservice.scope_grids())::text[])'
                           ' OR %I = (SELECT geoservice.scope_staff()))';  -- of an officer's grids, or himself in this column
    own CONSTANT text := post || ' AND grid_code = ANY ((SELECT geoservice.scope_grids())::text[])';
    told CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.told_jurisdictions(%L))::integer[])';
    granted CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.login_jurisdictions())::integer[])';
    seen CONSTANT text := 'jurisdiction_id = ANY ((SELECT geoservice.seen_jurisdictions(false))::integer[])';
    home text;
    own_column text;
    login text;
BEGIN
    -- Whoever runs the service.
    FOREACH home IN ARRAY ARRAY['incident', 'incident_event', 'household', 'household_history', 'visit', 'staff', 'posting', 'webhook',
                                'delivery', 'outbox', 'edition', 'draft_step', 'draft_change', 'decision', 'preview',
                                'change', 'change_count', 'account', 'session', 'second_factor', 'recovery_code', 'pending_sign_in', 'account_link',
                                'provider_sign_in', 'erasure', 'retention_run', 'access_grant'] LOOP
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_everywhere', 'true', 'true');
    END LOOP;
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_everywhere', handled, 'true');
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_everywhere', drawn, 'true');

    -- Incidents. A report may come from anywhere: where it belongs is the trigger's.
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_within', within || ' AND ' || handled, within);
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_officer', format(named, 'officer_code'), post);
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_visitor',
        'id = ANY ((SELECT geoservice.followed())::uuid[])'
        ' OR (NOT sensitive AND jurisdiction_id = ANY ((SELECT geoservice.open_jurisdictions())::integer[]))');
    CREATE POLICY geoservice_visitor_insert ON geoservice.incident FOR INSERT TO geoservice_visitor WITH CHECK (true);
    CREATE POLICY geoservice_visitor_update ON geoservice.incident FOR UPDATE TO geoservice_visitor
        USING (id = ANY ((SELECT geoservice.followed())::uuid[]));
    PERFORM geoservice.set_row_policy('geoservice.incident', 'geoservice_analyst', granted, granted);

    -- What became of them: whoever sees an incident sees its history.
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_officer', 'geoservice_visitor'] LOOP
        PERFORM geoservice.set_row_policy('geoservice.incident_event', home,
            'EXISTS (SELECT FROM geoservice.incident AS i WHERE i.id = incident_id)');
    END LOOP;

    -- That words were erased, and how much retention took away.
    PERFORM geoservice.set_row_policy('geoservice.erasure', 'geoservice_within', within);
    PERFORM geoservice.set_row_policy('geoservice.retention_run', 'geoservice_within', within);

    -- Households: counts, for those who are told of single ones there, and for those who draw grids of so many.
    PERFORM geoservice.set_row_policy('geoservice.household', 'geoservice_within',
        format(told, 'households') || ' OR ' || format(told, 'drafts'), within);
    PERFORM geoservice.set_row_policy('geoservice.household', 'geoservice_officer', own, own);
    PERFORM geoservice.set_row_policy('geoservice.household_history', 'geoservice_within', format(told, 'households'));
    PERFORM geoservice.set_row_policy('geoservice.household_history', 'geoservice_officer', post);

    -- Staff, and what they did.
    PERFORM geoservice.set_row_policy('geoservice.staff', 'geoservice_within', within, within);
    PERFORM geoservice.set_row_policy('geoservice.staff', 'geoservice_officer', post);
    PERFORM geoservice.set_row_policy('geoservice.posting', 'geoservice_within', within, within);
    PERFORM geoservice.set_row_policy('geoservice.posting', 'geoservice_officer', post);
    PERFORM geoservice.set_row_policy('geoservice.posting', 'geoservice_analyst', granted);
    PERFORM geoservice.set_row_policy('geoservice.visit', 'geoservice_within', within, within);
    PERFORM geoservice.set_row_policy('geoservice.visit', 'geoservice_officer',
        format(named, 'staff_code'), post || ' AND staff_code = (SELECT geoservice.scope_staff())');

    -- Whoever is an officer and something else beside it sees all of these where that reads incidents: else he would see by two roles
    -- what neither reads. Who is told of sensitive reports is who reads them.
    FOR home, own_column IN VALUES ('incident', 'officer_code'), ('visit', 'staff_code') LOOP
        EXECUTE format('CREATE POLICY geoservice_several_read ON geoservice.%I AS RESTRICTIVE FOR SELECT TO geoservice_several USING (%s)',
                       home, format(told, 'sensitive') || ' OR (' || format(named, own_column) || ')');
    END LOOP;

    -- What was changed of layers, in the jurisdictions where it was.
    PERFORM geoservice.set_row_policy('geoservice.change_count', 'geoservice_within', within);
    PERFORM geoservice.set_row_policy('geoservice.change_count', 'geoservice_officer', post);
    PERFORM geoservice.set_row_policy('geoservice.change_count', 'geoservice_analyst', granted);
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_officer', 'geoservice_analyst'] LOOP
        PERFORM geoservice.set_row_policy('geoservice.change', home,
            'EXISTS (SELECT FROM geoservice.change_count AS n WHERE n.change_id = id)');
    END LOOP;

    -- What is told to other systems. A webhook of all jurisdictions is for whoever runs the service.
    PERFORM geoservice.set_row_policy('geoservice.webhook', 'geoservice_within', format(told, 'webhooks'), format(told, 'webhooks'));
    PERFORM geoservice.set_row_policy('geoservice.delivery', 'geoservice_within',
        'EXISTS (SELECT FROM geoservice.webhook AS w WHERE w.id = webhook_id)',
        'EXISTS (SELECT FROM geoservice.webhook AS w WHERE w.id = webhook_id)');
    PERFORM geoservice.set_row_policy('geoservice.outbox', 'geoservice_within', within || ' OR jurisdiction_id IS NULL');

    -- Who did what: of their jurisdiction, for those whose role it is (READ_AUDIT in geoservice/auth/permissions.py).
    PERFORM geoservice.set_row_policy('geoservice.audit_entry', 'geoservice_everywhere', 'true');
    PERFORM geoservice.set_row_policy('geoservice.audit_seal', 'geoservice_everywhere', 'true');
    PERFORM geoservice.set_row_policy('geoservice.audit_entry', 'geoservice_within', format(told, 'audit'));
    PERFORM geoservice.set_row_policy('geoservice.audit_seal', 'geoservice_within',
        'EXISTS (SELECT FROM geoservice.audit_entry AS e WHERE e.id = entry_id)');

    -- What was in force is public; a draft is for those who work on it.
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_app', 'geoservice.was_published(status)');
    CREATE POLICY geoservice_visitor_not_closed ON geoservice.edition AS RESTRICTIVE FOR SELECT TO geoservice_visitor
        USING (jurisdiction_id <> ALL ((SELECT geoservice.closed_jurisdictions())::integer[]));
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_officer'] LOOP  -- who works elsewhere is a visitor here
        EXECUTE format('CREATE POLICY %I ON geoservice.edition AS RESTRICTIVE FOR SELECT TO %I USING (%s OR %s OR jurisdiction_id <> ALL'
                       ' ((SELECT geoservice.closed_jurisdictions())::integer[]))', home || '_not_closed', home, within, post);
    END LOOP;
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_within', within || ' AND ' || drawn, within);
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_reader', 'geoservice.was_published(status) AND ' || seen);
    PERFORM geoservice.set_row_policy('geoservice.edition', 'geoservice_analyst',
        granted || ' OR (geoservice.was_published(status) AND ' || seen || ')', granted);
    FOREACH home IN ARRAY ARRAY['draft_step', 'decision', 'preview'] LOOP
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_within',
            'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)',
            'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)');
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_analyst',
            'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)');
    END LOOP;
    FOREACH home IN ARRAY ARRAY['geoservice_within', 'geoservice_analyst'] LOOP
        PERFORM geoservice.set_row_policy('geoservice.draft_change', home,
            'EXISTS (SELECT FROM geoservice.draft_step AS s WHERE s.id = step_id)');
    END LOOP;

    -- What is not about people, and of editions what belongs to those that are seen. Tables that are written by COPY, those of
    -- layers and grids and the inbox, have no row policies: PostgreSQL copies into none that has. Histories have (attach_layer).
    PERFORM geoservice.show_logins('geoservice.jurisdiction', 'id', singly => false);
    FOREACH home IN ARRAY ARRAY['territory', 'edition_period', 'service', 'working_hours', 'calendar_day', 'working_span'] LOOP
        PERFORM geoservice.show_logins(format('geoservice.%I', home)::regclass, 'jurisdiction_id', singly => false);
    END LOOP;
    FOREACH home IN ARRAY ARRAY['finding', 'reassigned_code', 'grid_lineage'] LOOP
        PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, 'geoservice_app', 'true', 'true');
        FOREACH login IN ARRAY ARRAY['geoservice_reader', 'geoservice_analyst'] LOOP
            PERFORM geoservice.set_row_policy(format('geoservice.%I', home)::regclass, login,
                'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id)',
                CASE login WHEN 'geoservice_analyst' THEN
                    'EXISTS (SELECT FROM geoservice.edition AS e WHERE e.id = edition_id AND e.' || granted || ')' END);
        END LOOP;
    END LOOP;
END $$;
