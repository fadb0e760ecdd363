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
