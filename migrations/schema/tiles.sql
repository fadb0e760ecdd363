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
