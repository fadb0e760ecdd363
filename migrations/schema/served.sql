-- What is read of layers whose features are told with more, or less, than their tables hold. They ask with the rights of the
-- schema's owner; rights.sql says who may ask them.

-- Grids in every period, each with the figures of now: whoever does not ask for a figure does not pay for it.
CREATE VIEW geoservice.served_grid AS
SELECT t.jurisdiction_id, t.valid, t.known, t.code, t.name, t.name_en,
       geoservice.edition_at(t.jurisdiction_id, lower(t.valid)) AS edition,
       lower(t.valid) AS valid_from, upper(t.valid) AS valid_to,
       round(st_area(t.geom::geography)::numeric, 1)::double precision AS area_m2,
       o.officer, coalesce(o.police_officers, 0) AS police_officers,
       coalesce(h.households, 0) AS households, coalesce(h.residents, 0) AS residents, coalesce(h.floating, 0) AS floating,
       coalesce(i.received, 0) AS received, coalesce(i.in_hand, 0) AS in_hand, coalesce(i.closed, 0) AS closed,
       t.geom
  FROM geoservice.territory AS t
  LEFT JOIN (SELECT jurisdiction_id, grid_code, sum(households) AS households, sum(residents) AS residents, sum(floating) AS floating
               FROM geoservice.household GROUP BY jurisdiction_id, grid_code) AS h
         ON h.jurisdiction_id = t.jurisdiction_id AND h.grid_code = t.code
  LEFT JOIN (SELECT jurisdiction_id, grid_code, count(*) AS received, count(*) FILTER (WHERE status = 'closed') AS closed,
                    count(*) FILTER (WHERE geoservice.is_open(status)) AS in_hand
               FROM geoservice.incident GROUP BY jurisdiction_id, grid_code) AS i
         ON i.jurisdiction_id = t.jurisdiction_id AND i.grid_code = t.code
  LEFT JOIN (SELECT p.jurisdiction_id, p.grid_code, min(s.call_sign) FILTER (WHERE p.role = 'grid_officer') AS officer,
                    count(*) FILTER (WHERE p.role = 'police_officer') AS police_officers
               FROM geoservice.posting AS p
               JOIN geoservice.jurisdiction AS j ON j.id = p.jurisdiction_id
               JOIN geoservice.staff AS s ON s.jurisdiction_id = p.jurisdiction_id AND s.code = p.staff_code
              WHERE daterange(p.valid_from, p.valid_to) @> (now() AT TIME ZONE j.time_zone)::date
              GROUP BY p.jurisdiction_id, p.grid_code) AS o
         ON o.jurisdiction_id = t.jurisdiction_id AND o.grid_code = t.code;

-- Buildings with how many households each has.
CREATE VIEW geoservice.served_building AS
SELECT b.jurisdiction_id, b.code, b.name, b.kind, b.floors, b.address, b.in_use, b.grid_code, coalesce(h.households, 0) AS households,
       b.geom
  FROM geoservice.building AS b
  LEFT JOIN (SELECT jurisdiction_id, building_code, sum(households) AS households
               FROM geoservice.household GROUP BY jurisdiction_id, building_code) AS h
         ON h.jurisdiction_id = b.jurisdiction_id AND h.building_code = b.code;

-- Households: a point a building, and how many live there; nothing of who they are.
CREATE VIEW geoservice.served_household AS
SELECT b.jurisdiction_id, b.code AS building_code, b.grid_code, h.households, st_pointonsurface(b.geom) AS geom
  FROM geoservice.building AS b
  JOIN (SELECT jurisdiction_id, building_code, sum(households) AS households
          FROM geoservice.household GROUP BY jurisdiction_id, building_code) AS h
    ON h.jurisdiction_id = b.jurisdiction_id AND h.building_code = b.code;

-- Incidents without their words and without anything of their reporters.
CREATE VIEW geoservice.served_incident AS
SELECT i.jurisdiction_id, i.id, i.service_code, s.name AS service_name, s.name_en AS service_name_en, i.status, i.grid_code,
       i.method, i.near_border, i.source, i.reported_at, i.late, i.geom
  FROM geoservice.incident AS i
  JOIN geoservice.service AS s ON s.jurisdiction_id = i.jurisdiction_id AND s.code = i.service_code;
