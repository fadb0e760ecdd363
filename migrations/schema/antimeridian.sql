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
