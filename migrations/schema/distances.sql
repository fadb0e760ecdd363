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
