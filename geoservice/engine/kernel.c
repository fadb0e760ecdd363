/* The engine's tables read by compiled code: owners of many positions, and the whole answer for one.

   Nothing is built here. Python makes the tables (building.py, nearest.py); this reads them as search.py, scalar.py and
   borders.py do, operation by operation, so the answers are the same to the last bit (which is why it is compiled with
   -ffp-contract=off). What those ask of GEOS, or work out from all edges of a grid, is left to them:
   `owners` writes -2 there and `at` returns None.

   The tables are trusted: only their types and lengths are looked at, and a test holds the builders to the rest (every
   entry points to a row that is there). This file is what Python sees; the work is in the headers. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernel_tables.h"
#include "kernel_owners.h"
#include "kernel_borders.h"

/* Take the memory of an array of one type, one piece, of whole rows. */
static int take(PyObject *array, Py_buffer *view, const char *name, char type, int width, int writable)
{
    if (PyObject_GetBuffer(array, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0)) < 0)
        return -1;
    Py_ssize_t size = type == 'i' || type == 'f' ? 4 : 8;
    if (view->format && view->format[0] == type && !view->format[1] && view->itemsize == size &&
        view->len % (size * width) == 0 && (uintptr_t)view->buf % size == 0)
        return 0;
    PyErr_Format(PyExc_TypeError, "%s must be an array of type '%c' in rows of %d", name, type, width);
    PyBuffer_Release(view);
    return -1;
}

static void name_tables(Tables *t)
{
    const void *held[TABLES];
    for (int k = 0; k < TABLES; k++)
        held[k] = t->held[k].buf;
    t->first = held[FIRST], t->lines = held[LINES], t->heads = held[HEADS], t->shadows = held[PAIRS];
    t->patches = held[PATCHES], t->entries = held[ENTRIES], t->leaf = held[LEAF], t->low_m = held[LOW_M];
    t->start = held[START], t->count = held[COUNT], t->edge = held[EDGE], t->ends = held[ENDS];
    t->low = held[LOW], t->high = held[HIGH];
}

static PyObject *tables_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    PyObject *of[TABLES] = {NULL};
    double lattice[4], region[5] = {0};
    Py_ssize_t columns, rows;
    PyObject *found = NULL, *methods[3] = {NULL};
    if (names && PyDict_Size(names))
        return PyErr_Format(PyExc_TypeError, "Tables takes no keywords");
    if (!PyArg_ParseTuple(args, "(ddddnn)(OOOOOO)|(ddddd)(OOOOOOOO)O(OOO)", lattice, lattice + 1, lattice + 2, lattice + 3,
                          &columns, &rows, of, of + 1, of + 2, of + 3, of + 4, of + 5, region, region + 1, region + 2,
                          region + 3, region + 4, of + 6, of + 7, of + 8, of + 9, of + 10, of + 11, of + 12, of + 13,
                          &found, methods, methods + 1, methods + 2))
        return NULL;
    if (of[LEAF] && !(found && PyType_Check(found) && PyType_IsSubtype((PyTypeObject *)found, &PyTuple_Type)))
        return PyErr_Format(PyExc_TypeError, "answers must be of a class of tuples");
    Tables *t = (Tables *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (!t)
        return NULL;
    for (int k = 0; k < TABLES && of[k]; k++) {
        if (take(of[k], &t->held[k], SHAPES[k].name, SHAPES[k].type, SHAPES[k].width, 0) < 0)
            goto failed;
        t->rows[k] = t->held[k].len / t->held[k].itemsize / SHAPES[k].width;
    }
    t->west = lattice[0], t->south = lattice[1], t->per_lon = lattice[2], t->per_lat = lattice[3];
    t->columns = (double)columns, t->last_column = columns - 1.0, t->last_row = rows - 1.0;
    t->near_west = region[0], t->near_south = region[1], t->near_per_lon = region[2], t->near_per_lat = region[3];
    t->side = region[4];
    name_tables(t);
    if (columns < 1 || rows < 1 || columns > INT32_MAX / rows || t->rows[FIRST] != columns * rows ||
        t->rows[ENTRIES] != t->rows[PATCHES] * PATCH_SIDE * PATCH_SIDE || t->rows[LEAF] != t->rows[LOW_M] ||
        (t->leaf && t->rows[LEAF] != t->side * t->side + 1) || t->rows[START] != t->rows[COUNT] ||
        t->rows[ENDS] != t->rows[LOW] || t->rows[ENDS] != t->rows[HIGH]) {
        PyErr_SetString(PyExc_ValueError, "these tables do not belong together");
        goto failed;
    }
    t->found = Py_XNewRef(found);
    for (int k = 0; k < 3; k++)
        t->methods[k] = Py_XNewRef(methods[k]);
    return (PyObject *)t;
failed:
    Py_DECREF(t);
    return NULL;
}

static void tables_free(PyObject *self)
{
    Tables *t = (Tables *)self;
    PyTypeObject *type = Py_TYPE(self);
    for (int k = 0; k < TABLES; k++)
        PyBuffer_Release(&t->held[k]);
    for (int k = 0; k < 3; k++)
        Py_CLEAR(t->methods[k]);
    Py_CLEAR(t->found);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(owners_doc, "owners(lon, lat, found, cells=None)\n--\n\n"
    "Write each position's owner, -1 for nobody, -2 where GEOS must be asked; return how many of those there are.\n\n"
    "lon, lat: (n,) float64, degrees. found: (n,) int32. cells: (n,) int64, each position's cell of the first level.");

static PyObject *tables_owners(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    static const struct { const char *name; char type; } columns[4] = {
        {"lon", 'd'}, {"lat", 'd'}, {"found", 'i'}, {"cells", 'l'}};
    Py_buffer views[4] = {{0}};
    Py_ssize_t undecided = -1;
    int held = 0, wanted = given == 4 && args[3] == Py_None ? 3 : (int)given;
    if (wanted != 3 && wanted != 4)
        return PyErr_Format(PyExc_TypeError, "owners takes lon, lat, found and perhaps cells");
    for (; held < wanted; held++)
        if (take(args[held], &views[held], columns[held].name, columns[held].type, 1, held >= 2) < 0)
            goto done;
    Py_ssize_t n = views[0].len / 8;
    if (views[1].len / 8 != n || views[2].len / 4 != n || (held == 4 && views[3].len / 8 != n)) {
        PyErr_SetString(PyExc_ValueError, "all columns must be of one length");
        goto done;
    }
    undecided = 0;
    Py_BEGIN_ALLOW_THREADS
    const double *lon = views[0].buf, *lat = views[1].buf;
    int32_t *found = views[2].buf;
    int64_t *cells = held == 4 ? views[3].buf : NULL;
    for (Py_ssize_t begin = 0; begin < n; begin += BLOCK)
        undecided += block_owners((Tables *)self, lon + begin, lat + begin, found + begin, cells ? cells + begin : NULL,
                                  n - begin < BLOCK ? (int)(n - begin) : BLOCK);
    Py_END_ALLOW_THREADS
done:
    while (held)
        PyBuffer_Release(&views[--held]);
    return undecided < 0 ? NULL : PyLong_FromSsize_t(undecided);
}

/* The answer as an instance of the class of answers; steals nothing. `metres` < 0: None. */
static PyObject *answer(const Tables *t, long owner, int method, double metres, int is_near, int count, Candidate *near)
{
    PyObject *grids = PyTuple_New(count), *row = NULL, *arguments = NULL, *found = NULL;
    for (int k = 0; grids && k < count; k++) {
        PyObject *pair = Py_BuildValue("(id)", near[k].grid, near[k].metres);
        if (!pair)
            Py_CLEAR(grids);
        else
            PyTuple_SetItem(grids, k, pair);
    }
    if (grids)
        row = metres < 0 ? Py_BuildValue("(lOOON)", owner, t->methods[method], Py_None, Py_False, grids)
                         : Py_BuildValue("(lOdON)", owner, t->methods[method], metres, is_near ? Py_True : Py_False, grids);
    if (row)
        arguments = PyTuple_Pack(1, row);
    if (arguments)
        found = ((newfunc)PyType_GetSlot(&PyTuple_Type, Py_tp_new))((PyTypeObject *)t->found, arguments, NULL);
    Py_XDECREF(arguments);
    Py_XDECREF(row);
    return found;
}

PyDoc_STRVAR(at_doc, "at(lon, lat, accuracy_m, snap_tolerance_m)\n--\n\n"
    "Return the answer for one position in degrees, as scalar.answer; None where that must be asked.");

static PyObject *tables_at(PyObject *self, PyObject *const *args, Py_ssize_t given)
{
    enum { COVERS, NEAREST, NONE }; /* answers.py */
    const Tables *t = (Tables *)self;
    double number[4];
    Candidate near[GRIDS];
    if (given != 4 || !t->leaf)
        return PyErr_Format(PyExc_TypeError, "at takes lon, lat, accuracy_m and snap_tolerance_m, and lists of edges");
    for (int k = 0; k < 4; k++)
        if ((number[k] = PyFloat_AsDouble(args[k])) == -1 && PyErr_Occurred())
            return NULL;
    double lon = number[0], lat = number[1], accuracy_m = number[2], snap_m = number[3];
    int32_t owner = owner_of(t, lon, lat);
    double x = (lon - t->near_west) * t->near_per_lon, y = (lat - t->near_south) * t->near_per_lat;
    if (owner == UNDECIDED)
        Py_RETURN_NONE;
    double reach_m = owner >= 0 ? INFINITY : accuracy_m < snap_m ? snap_m : accuracy_m;
    Py_ssize_t cell = 0;
    int is_told = x >= 0 && x < t->side && y >= 0 && y < t->side;
    if (is_told) {
        cell = (Py_ssize_t)(x + (double)(int32_t)y * t->side);
        is_told = !(t->low_m[cell] > reach_m);
    }
    if (!is_told && owner < 0)
        return answer(t, -1, NONE, -1, 0, 0, near);
    if (!is_told)
        Py_RETURN_NONE;
    Place place = place_of(lon, lat);
    Measured found = measure(t, t->leaf[cell], place, owner);
    /* Where the nearest border is not the own one grids overlap: all the own edges are asked, elsewhere. */
    if (owner >= 0 && !(found.own_m <= found.nearest_m + SAME_M))
        Py_RETURN_NONE;
    double metres = owner >= 0 ? found.own_m : found.nearest_m;
    if (metres > reach_m || isinf(metres))
        return answer(t, -1, NONE, -1, 0, 0, near);
    int is_near = metres < accuracy_m;
    int count = is_near ? candidates_of(t, place, owner, accuracy_m, near) : 0;
    if (count < 0)
        Py_RETURN_NONE;
    if (owner >= 0)
        return answer(t, owner, COVERS, metres, is_near, count, near);
    return metres <= snap_m ? answer(t, found.smallest, NEAREST, metres, is_near, count, near)
                            : answer(t, -1, NONE, metres, is_near, count, near);
}

static PyMethodDef methods_of_tables[] = {
    {"owners", (PyCFunction)(void (*)(void))tables_owners, METH_FASTCALL, owners_doc},
    {"at", (PyCFunction)(void (*)(void))tables_at, METH_FASTCALL, at_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, tables_new}, {Py_tp_dealloc, tables_free}, {Py_tp_methods, methods_of_tables},
    {Py_tp_doc, "Tables(lattice, cells, region, lists, answers, methods): see engines.py, which makes them."},
    {0, NULL},
};

static PyType_Spec spec = {"geoservice.engine.kernel.Tables", sizeof(Tables), 0, Py_TPFLAGS_DEFAULT, slots};

static int fill_module(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&spec);
    int failed = !type || PyModule_AddType(module, (PyTypeObject *)type) < 0;
    Py_XDECREF(type);
    return failed || PyModule_AddStringConstant(module, "SOURCE_SHA256", SOURCE_SHA256) < 0 ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, fill_module}, {0, NULL}};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "kernel", "The engine's tables read by compiled code.", 0, NULL, module_slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_kernel(void) { return PyModuleDef_Init(&module); }
