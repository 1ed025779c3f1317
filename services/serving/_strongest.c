/* Which pieces of an entry are told, the strongest first: see `services/serving/reasons.py`, which describes the rule. In
 * numpy it is six calls on arrays of a few hundred numbers, and their overhead is most of what reasons cost a list. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

enum { MOST_AT_ONCE = 16 };

/* The columns of at most `most` values from `bound` on, falling; the first of equal ones first. Answers how many. */
static int best_of(const double *values, Py_ssize_t width, double bound, int most, Py_ssize_t *columns) {
    int count = 0;
    for (Py_ssize_t column = 0; column < width; column++) {
        if (!(values[column] >= bound)) continue;
        int place = count < most ? count : most;
        while (place > 0 && values[columns[place - 1]] < values[column]) place--;
        if (place >= most) continue;
        int last = count < most ? count++ : most - 1;
        for (; last > place; last--) columns[last] = columns[last - 1];
        columns[place] = column;
    }
    return count;
}

static PyObject *row_of(const double *values, Py_ssize_t width, double share, double least, int most) {
    Py_ssize_t columns[MOST_AT_ONCE];
    double lifts = 0.0;
    for (Py_ssize_t column = 0; column < width; column++) lifts += values[column] > 0.0 ? values[column] : 0.0;
    int count = best_of(values, width, lifts * share + least, most, columns);
    PyObject *row = PyList_New(count);
    for (int place = 0; row != NULL && place < count; place++) {
        PyObject *column = PyLong_FromSsize_t(columns[place]);
        if (column == NULL) Py_CLEAR(row);
        else PyList_SET_ITEM(row, place, column);
    }
    return row;
}

static PyObject *strongest(PyObject *self, PyObject *arguments) {
    PyObject *object, *rows = NULL;
    Py_buffer pieces;
    double share, least;
    int most;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "Oddi", &object, &share, &least, &most)) return NULL;
    if (PyObject_GetBuffer(object, &pieces, PyBUF_C_CONTIGUOUS) < 0) return NULL;
    if (pieces.ndim != 2 || pieces.itemsize != sizeof(double) || most < 1 || most > MOST_AT_ONCE) {
        PyErr_SetString(PyExc_ValueError, "pieces must be (K, P) float64 in C order, and 1 to 16 of a row are told");
    } else {
        const Py_ssize_t height = pieces.shape[0], width = pieces.shape[1];
        rows = PyList_New(height);
        for (Py_ssize_t row = 0; rows != NULL && row < height; row++) {
            PyObject *found = row_of((const double *)pieces.buf + row * width, width, share, least, most);
            if (found == NULL) Py_CLEAR(rows);
            else PyList_SET_ITEM(rows, row, found);
        }
    }
    PyBuffer_Release(&pieces);
    return rows;
}

static PyMethodDef methods[] = {
    {"strongest", strongest, METH_VARARGS, "(K, P) float64, share, least, most -> the columns that are told of each row."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_strongest", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__strongest(void) { return PyModule_Create(&module); }
