/* Who owns a position, or many: search.py and scalar.py. -2 where that is not decided here. */

/* search.py: a cell's entry is an owner, -1 for none, or -2 - (4 * row + kind). */
enum { LINE, SHADOWS, PATCH, ASK, KINDS };
#define KIND(entry) ((-2 - (entry)) & 3)
#define ROW(entry) ((-2 - (entry)) >> 2)
#define UNDECIDED (-2)
#define PATCH_SIDE 4   /* sides.py */
#define ONE 4294967296.0 /* edges.py: the weight of one grid, beside its number */

/* Positions worked on together: their lists stay in the core's nearest cache while many rows are fetched at once.
   Waiting for memory is what costs: one position after the other was slower than numpy. */
#define BLOCK 1024

#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

static inline double clipped(double value, double last) /* 0 for NaN, as numpy.fmax */
{
    value = value > 0 ? value : 0;
    return value < last ? value : last;
}

static inline int32_t cell_of(const Tables *t, double lon, double lat)
{
    double x = clipped((lon - t->west) * t->per_lon, t->last_column);
    double y = clipped((lat - t->south) * t->per_lat, t->last_row);
    return (int32_t)(x + (double)(int32_t)y * t->columns);
}

static inline int32_t below(const Tables *t, int32_t row, double lon, double lat)
{
    const double *patch = t->patches + 4 * (Py_ssize_t)row;
    int column_in = (int)clipped((lon - patch[0]) * patch[2], PATCH_SIDE - 1);
    int row_in = (int)clipped((lat - patch[1]) * patch[3], PATCH_SIDE - 1);
    return t->entries[((Py_ssize_t)row * PATCH_SIDE + row_in) * PATCH_SIDE + column_in];
}

static inline int32_t beside(const Tables *t, int32_t row, double lon, double lat)
{
    const double *line = t->lines + 4 * (Py_ssize_t)row;
    const int32_t *owners = (const int32_t *)(line + 3);
    double v = line[0] * lon + line[1] * lat + line[2];
    int32_t owner = v > 0 ? owners[1] : owners[0];
    return fabs(v) > 1 ? owner : UNDECIDED;
}

static inline int32_t among(const Tables *t, int32_t row, double lon, double lat)
{
    const double *head = t->heads + 4 * (Py_ssize_t)row;
    const int32_t *pairs = (const int32_t *)(head + 3);
    double dx = lon - head[0], dy = lat - head[1], weight = head[2];
    const double *s = t->shadows + 8 * (Py_ssize_t)pairs[0];
    for (const double *end = s + 8 * (Py_ssize_t)pairs[1]; s < end; s += 8) {
        double least = s[0] * dx + s[1] * dy + s[2];
        double after = s[3] * dx + s[4] * dy, before = s[5] * dx + s[6] * dy;
        least = least < after ? least : after;
        least = least < before ? least : before;
        if (least > 1)
            weight += s[7];
        else if (least >= -1)
            return UNDECIDED;
    }
    if (weight > ONE && weight < 2 * ONE)
        return (int32_t)(int64_t)(weight - ONE - 1);
    return weight == 0 ? -1 : UNDECIDED;
}

static int32_t owner_of(const Tables *t, double lon, double lat)
{
    int32_t entry = t->first[cell_of(t, lon, lat)];
    while (entry < -1 && KIND(entry) == PATCH)
        entry = below(t, ROW(entry), lon, lat);
    if (entry >= -1)
        return entry;
    switch (KIND(entry)) {
    case LINE: return beside(t, ROW(entry), lon, lat);
    case SHADOWS: return among(t, ROW(entry), lon, lat);
    default: return UNDECIDED;
    }
}

/* Which positions of a block have an entry of each kind. */
typedef struct { uint16_t at[KINDS][BLOCK]; int count[KINDS]; } Lists;

static inline void put(const Tables *t, Lists *lists, int32_t entry, int i)
{
    int kind = KIND(entry);
    Py_ssize_t row = ROW(entry);
    lists->at[kind][lists->count[kind]++] = (uint16_t)i;
    if (kind == LINE)
        FETCH(t->lines + 4 * row);
    else if (kind == SHADOWS)
        FETCH(t->heads + 4 * row);
    else if (kind == PATCH)
        FETCH(t->patches + 4 * row);
}

static Py_ssize_t settle(const Tables *t, const double *lon, const double *lat, int32_t *found, Lists *lists)
{
    Py_ssize_t undecided = lists->count[ASK];
    for (int k = 0; k < lists->count[SHADOWS]; k++) {
        const double *head = t->heads + 4 * (Py_ssize_t)ROW(found[lists->at[SHADOWS][k]]);
        const int32_t *pairs = (const int32_t *)(head + 3);
        for (int pair = 0; pair < pairs[1] && pair < 4; pair++)
            FETCH(t->shadows + 8 * ((Py_ssize_t)pairs[0] + pair));
    }
    for (int k = 0; k < lists->count[LINE]; k++) {
        int i = lists->at[LINE][k];
        found[i] = beside(t, ROW(found[i]), lon[i], lat[i]);
        undecided += found[i] == UNDECIDED;
    }
    for (int k = 0; k < lists->count[SHADOWS]; k++) {
        int i = lists->at[SHADOWS][k];
        found[i] = among(t, ROW(found[i]), lon[i], lat[i]);
        undecided += found[i] == UNDECIDED;
    }
    for (int k = 0; k < lists->count[ASK]; k++)
        found[lists->at[ASK][k]] = UNDECIDED;
    return undecided;
}

static Py_ssize_t block_owners(const Tables *t, const double *lon, const double *lat, int32_t *found, int64_t *cells, int n)
{
    int32_t cell[BLOCK];
    uint16_t open[BLOCK + 1]; /* one more is written than counted */
    Lists lists;
    int pending = 0;
    for (int kind = 0; kind < KINDS; kind++)
        lists.count[kind] = 0;
    for (int i = 0; i < n; i++)
        cell[i] = cell_of(t, lon[i], lat[i]);
    for (int i = 0; cells && i < n; i++)
        cells[i] = cell[i];
    for (int i = 0; i < n; i++) {
        found[i] = t->first[cell[i]];
        open[pending] = (uint16_t)i;
        pending += found[i] < -1;
    }
    for (int k = 0; k < pending; k++)
        put(t, &lists, found[open[k]], open[k]);
    while ((pending = lists.count[PATCH])) { /* level by level; the list is rewritten behind the one that reads it */
        lists.count[PATCH] = 0;
        for (int k = 0; k < pending; k++) {
            int i = lists.at[PATCH][k];
            found[i] = below(t, ROW(found[i]), lon[i], lat[i]);
            if (found[i] < -1)
                put(t, &lists, found[i], i);
        }
    }
    return settle(t, lon, lat, found, &lists);
}
