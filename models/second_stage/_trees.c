/* Sums of regression trees over rows of features, in the order of the trees: the same additions, and so the same bits, as
 * LightGBM's own. `models/second_stage/trees.py` checks the trees before they come here and describes their arrays. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

typedef struct {
    double threshold;
    int32_t feature, left, right, unused;
} Node;

enum { NODES, ROOTS, VALUES, FEATURES, SUMS, ARRAYS };

/* One row down one tree: a child below 0 is the leaf ~child. */
static inline int32_t leaf_of(const Node *nodes, int32_t at, const double *row) {
    while (at >= 0) {
        const Node *node = nodes + at;
        at = row[node->feature] <= node->threshold ? node->left : node->right;
    }
    return ~at;
}

/* Tree by tree, so that a tree's nodes stay in the nearest cache for all rows. */
static void add_tree(const Node *nodes, int32_t root, const double *values, const double *features, Py_ssize_t width,
                     Py_ssize_t rows, double *sums) {
    for (Py_ssize_t row = 0; row < rows; row++) sums[row] += values[leaf_of(nodes, root, features + row * width)];
}

static PyObject *add(PyObject *self, PyObject *arguments) {
    PyObject *objects[ARRAYS];
    Py_buffer views[ARRAYS];
    static const Py_ssize_t sizes[ARRAYS] = {sizeof(Node), sizeof(int32_t), sizeof(double), sizeof(double), sizeof(double)};
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOOOO", &objects[NODES], &objects[ROOTS], &objects[VALUES], &objects[FEATURES],
                          &objects[SUMS]))
        return NULL;
    PyObject *result = NULL;
    int taken = 0;
    for (; taken < ARRAYS; taken++) {
        const int flags = taken == SUMS ? PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE : PyBUF_C_CONTIGUOUS;
        if (PyObject_GetBuffer(objects[taken], &views[taken], flags) < 0) goto done;
        if (views[taken].itemsize != sizes[taken]) {
            PyErr_Format(PyExc_ValueError, "array %d has items of %zd bytes", taken, views[taken].itemsize);
            taken++;
            goto done;
        }
    }
    {
        const Py_ssize_t trees = views[ROOTS].len / (Py_ssize_t)sizeof(int32_t);
        const Py_ssize_t rows = views[SUMS].len / (Py_ssize_t)sizeof(double);
        if (views[FEATURES].ndim != 2 || views[FEATURES].shape[0] != rows) {
            PyErr_SetString(PyExc_ValueError, "features must be (rows, width) for (rows,) sums");
            goto done;
        }
        const Py_ssize_t width = views[FEATURES].shape[1];
        const int32_t *roots = views[ROOTS].buf;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t tree = 0; tree < trees; tree++)
            add_tree(views[NODES].buf, roots[tree], views[VALUES].buf, views[FEATURES].buf, width, rows, views[SUMS].buf);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    }
done:
    while (taken--) PyBuffer_Release(&views[taken]);
    return result;
}

static PyMethodDef methods[] = {
    {"add", add, METH_VARARGS, "Add what the trees say of each row to its sum; see models.second_stage.trees.Trees."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_trees", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__trees(void) { return PyModule_Create(&module); }
