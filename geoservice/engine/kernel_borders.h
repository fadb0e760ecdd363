/* How far the border of one position is and which grids are near: borders.py, with the plane of plane.py. */

/* plane.py and answers.py */
#define SEMI_MAJOR_M 6378137.0
#define ECCENTRICITY2 0.00669437999014
#define RADIAN (3.14159265358979323846 / 180)
#define HIGHEST_LAT 89.999999
#define STEPS_PER_METRE 1e6
#define SAME_M 1e-6

/* Candidates are worked out here for accuracies up to this (borders.py, _KEPT_REACH_M), in a window of at most so many
   cells, and for at most so many grids. */
#define REACH_M 100.0
#define WINDOW 4096
#define GRIDS 32

static inline double far2_of(const double *ends, double lon, double lat, double lon_m, double lat_m)
{
    double ax = (ends[0] - lon) * lon_m, ay = (ends[1] - lat) * lat_m;
    double bx = (ends[2] - lon) * lon_m, by = (ends[3] - lat) * lat_m;
    double ex = bx - ax, ey = by - ay;
    double foot = -(ax * ex + ay * ey), length2 = ex * ex + ey * ey;
    if (foot <= 0)
        return ax * ax + ay * ay;
    if (foot >= length2)
        return bx * bx + by * by;
    double across = ax * ey - ay * ex;
    return across * across / (length2 > 1e-300 ? length2 : 1e-300);
}

typedef struct { double lon, lat, lon_m, lat_m; } Place;

static Place place_of(double lon, double lat)
{
    double distance = fabs(lat);
    double cosine = cos((distance < HIGHEST_LAT ? distance : HIGHEST_LAT) * RADIAN);
    double swell = 1 - ECCENTRICITY2 * (1 - cosine * cosine), root = sqrt(swell);
    double lon_m = cosine / root * (SEMI_MAJOR_M * RADIAN);
    double lat_m = SEMI_MAJOR_M * (1 - ECCENTRICITY2) * RADIAN / (swell * root);
    return (Place){lon, lat, lon_m, lat_m};
}

typedef struct { double nearest_m, own_m; int32_t smallest; } Measured;

/* As BorderTables.nearest_m: the nearest edge of a list, the nearest of the owner's, who is smallest where none owns. */
static Measured measure(const Tables *t, int32_t leaf, Place p, int32_t owner)
{
    const int32_t *edge = t->edge + t->start[leaf], *end = edge + t->count[leaf];
    double best2 = INFINITY, own2 = INFINITY;
    for (const int32_t *e = edge; e < end; e++) {
        double far2 = far2_of(t->ends + 4 * (Py_ssize_t)*e, p.lon, p.lat, p.lon_m, p.lat_m);
        best2 = far2 < best2 ? far2 : best2;
        if (far2 < own2 && (t->low[*e] == owner || t->high[*e] == owner))
            own2 = far2;
    }
    Measured found = {sqrt(best2), sqrt(own2), INT32_MAX};
    if (owner >= 0)
        return found;
    double step = rint(found.nearest_m * STEPS_PER_METRE);
    for (const int32_t *e = edge; e < end; e++) {
        double far2 = far2_of(t->ends + 4 * (Py_ssize_t)*e, p.lon, p.lat, p.lon_m, p.lat_m);
        if (rint(sqrt(far2) * STEPS_PER_METRE) == step && t->low[*e] < found.smallest)
            found.smallest = t->low[*e];
    }
    return found;
}

typedef struct { int32_t grid; double metres; } Candidate; /* the metres' square, until they are sorted */

static int nearer(Candidate *found, int count, int32_t grid, double far2) /* the new count */
{
    for (int k = 0; k < count; k++)
        if (found[k].grid == grid) {
            found[k].metres = far2 < found[k].metres ? far2 : found[k].metres;
            return count;
        }
    if (count < GRIDS)
        found[count] = (Candidate){grid, far2};
    return count + 1;
}

/* The grids whose border is within reach, as BorderTables.within; -1 where it is left to that.

   An edge is in the list of every cell that it runs through, because there it is nearest. So the lists of the cells
   within reach hold every edge within reach; a cell that no edge is nearer to than some metres has none in it. */
static int candidates_of(const Tables *t, Place p, int32_t owner, double reach_m, Candidate *found)
{
    double width = 1.001 * reach_m / p.lon_m, height = 1.001 * reach_m / p.lat_m;
    double west = (p.lon - width - t->near_west) * t->near_per_lon, east = (p.lon + width - t->near_west) * t->near_per_lon;
    double south = (p.lat - height - t->near_south) * t->near_per_lat;
    double north = (p.lat + height - t->near_south) * t->near_per_lat;
    if (!(reach_m <= REACH_M && west >= 0 && south >= 0 && east < t->side && north < t->side &&
          (east - west + 1) * (north - south + 1) <= WINDOW))
        return -1;
    int count = 0;
    double bound2 = reach_m * reach_m * (1 + 1e-9);
    for (Py_ssize_t row = (Py_ssize_t)south; row <= (Py_ssize_t)north; row++)
        for (Py_ssize_t cell = row * (Py_ssize_t)t->side + (Py_ssize_t)west,
                        last = row * (Py_ssize_t)t->side + (Py_ssize_t)east; cell <= last; cell++) {
            if (t->low_m[cell] > 0)
                continue;
            const int32_t *edge = t->edge + t->start[t->leaf[cell]], *end = edge + t->count[t->leaf[cell]];
            for (; edge < end; edge++) {
                double far2 = far2_of(t->ends + 4 * (Py_ssize_t)*edge, p.lon, p.lat, p.lon_m, p.lat_m);
                if (far2 > bound2)
                    continue;
                count = nearer(found, count, t->low[*edge], far2);
                if (count <= GRIDS)
                    count = nearer(found, count, t->high[*edge], far2);
                if (count > GRIDS)
                    return -1;
            }
        }
    if (owner >= 0 && (count = nearer(found, count, owner, 0.0)) > GRIDS)
        return -1;
    int kept = 0;
    for (int k = 0; k < count; k++) { /* sorted by distance, then by code, as they are moved up */
        Candidate one = {found[k].grid, sqrt(found[k].metres)};
        int at = kept;
        if (one.metres > reach_m)
            continue;
        for (; at && (found[at - 1].metres > one.metres ||
                      (found[at - 1].metres == one.metres && found[at - 1].grid > one.grid)); at--)
            found[at] = found[at - 1];
        found[at] = one;
        kept++;
    }
    return kept;
}
