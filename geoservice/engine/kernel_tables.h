/* What the kernel reads: see Tables in search.py and NearestEdges in nearest.py. */

enum { FIRST, LINES, HEADS, PAIRS, PATCHES, ENTRIES, LEAF, LOW_M, START, COUNT, EDGE, ENDS, LOW, HIGH, TABLES };

/* Columns, and the type as the struct module writes it. */
static const struct { const char *name; int width; char type; } SHAPES[TABLES] = {
    {"first", 1, 'i'}, {"lines", 4, 'd'}, {"heads", 4, 'd'}, {"shadows", 8, 'd'}, {"patches", 4, 'd'},
    {"patch_entries", 1, 'i'}, {"leaf", 1, 'i'}, {"low_m", 1, 'f'}, {"start", 1, 'l'}, {"count", 1, 'i'},
    {"edge", 1, 'i'}, {"ends", 4, 'd'}, {"low", 1, 'i'}, {"high", 1, 'i'},
};

typedef struct {
    PyObject_HEAD
    double west, south, per_lon, per_lat, columns, last_column, last_row;   /* the lattice of `first` */
    double near_west, near_south, near_per_lon, near_per_lat, side;         /* the lattice of `leaf` */
    Py_buffer held[TABLES]; /* keeps numpy's memory */
    Py_ssize_t rows[TABLES];
    const int32_t *first, *entries, *leaf, *count, *edge, *low, *high;
    const double *lines, *heads, *shadows, *patches, *ends;
    const float *low_m;
    const int64_t *start;
    PyObject *found, *methods[3]; /* the class of answers; COVERS, NEAREST and NONE */
} Tables;
