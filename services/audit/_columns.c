/* Columns of numbers in few bytes, to the bit, and names: `services/audit/documents.py` describes the form. The record of a
 * served list has some twenty columns, and in numpy each would be a call or more. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { CONSTANT, WHOLE, BYTES, SHORTS, THOUSANDTHS, SINGLES, SPARSE, ALIKE };
enum { MOST = 65535 };

/* Twin of `services.ranking.auction.CANDIDATE`. */
typedef struct {
    int32_t entry;
    int16_t rank;
    uint8_t per_order, outcome;
    double value, clicks, bid, reserve, pace, orders;
} Candidate;

typedef struct {
    unsigned char *at;
    double *values, *before;
    Py_ssize_t known; /* length of `before`, 0 where there is none */
} Packer;

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static int is_same(double one, double other) { return bits_of(one) == bits_of(other); }

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the form is little-endian, and so must the machine be"
#endif

static void put(Packer *p, const void *bytes, size_t count) {
    memcpy(p->at, bytes, count);
    p->at += count;
}

/* Whether a value is an integer that 16 bits hold, and not -0. */
static int is_short(double value) { return value >= 0.0 && value <= 65535.0 && is_same((double)(uint16_t)value, value); }

static uint16_t thousandths_of(double value) { return (uint16_t)(value * 1000.0 + 0.5); }

/* Whether a value is what such an integer gives, divided by 1000. */
static int is_thousandths(double value) {
    if (!(value >= 0.0 && value <= 65.535)) return 0;
    const double off = value * 1000.0 - (double)thousandths_of(value);
    return off < 1e-6 && off > -1e-6 && is_same((double)thousandths_of(value) / 1000.0, value);
}

static int is_single(double value) { return value == value && is_same((double)(float)value, value); }

/* Which values are not those of `other`: a bit each, then the values themselves. */
static void put_exceptions(Packer *p, Py_ssize_t n, const double *other) {
    unsigned char *mask = p->at;
    const size_t width = (size_t)(n + 7) / 8;
    memset(mask, 0, width);
    p->at += width;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (is_same(p->values[i], other == NULL ? 0.0 : other[i])) continue;
        mask[i / 8] |= (unsigned char)(1u << (i % 8));
        put(p, &p->values[i], sizeof(double));
    }
}

/* The form of fewest bytes, or nearly. */
static int form_of(const Packer *p, Py_ssize_t n) {
    const double *values = p->values;
    const int comparable = p->known == n;
    const Py_ssize_t mask = (n + 7) / 8;
    Py_ssize_t set = 0, unlike = 0, varied = 0, kept = 0;
    double largest = 0.0;
    for (Py_ssize_t i = 0; i < n; i++) {
        set += bits_of(values[i]) != 0;
        varied += !is_same(values[i], values[0]);
        largest = values[i] > largest ? values[i] : largest;
    }
    if (varied == 0) return n > 0 ? CONSTANT : WHOLE;
    for (Py_ssize_t i = 0; comparable && i < n; i++) unlike += !is_same(values[i], p->before[i]);
    int form = WHOLE;
    Py_ssize_t least = 8 * n;
    /* How far all values go with a form: mostly not beyond the first of them. */
    while (kept < n && is_short(values[kept])) kept++;
    if (kept == n) form = largest <= 255.0 ? BYTES : SHORTS, least = largest <= 255.0 ? n : 2 * n;
    for (kept = least < 8 * n ? n : 0; kept < n && is_thousandths(values[kept]);) kept++;
    if (kept == n && form == WHOLE) form = THOUSANDTHS, least = 2 * n;
    for (kept = least < 8 * n ? n : 0; kept < n && is_single(values[kept]);) kept++;
    if (kept == n && form == WHOLE) form = SINGLES, least = 4 * n;
    if (mask + 8 * set < least) form = SPARSE, least = mask + 8 * set;
    if (comparable && mask + 8 * unlike < least) form = ALIKE;
    return form;
}

static void put_column(Packer *p, Py_ssize_t n) {
    const int form = form_of(p, n);
    const uint16_t length = (uint16_t)n;
    put(p, &length, sizeof length);
    *p->at++ = (unsigned char)form;
    switch (form) {
    case CONSTANT:
        put(p, p->values, sizeof(double));
        break;
    case SPARSE:
        put_exceptions(p, n, NULL);
        break;
    case ALIKE:
        put_exceptions(p, n, p->before);
        break;
    case WHOLE:
        put(p, p->values, (size_t)n * sizeof(double));
        break;
    case SINGLES:
        for (Py_ssize_t i = 0; i < n; i++) {
            const float single = (float)p->values[i];
            put(p, &single, sizeof single);
        }
        break;
    default:
        for (Py_ssize_t i = 0; i < n; i++) {
            const uint16_t kept = form == THOUSANDTHS ? thousandths_of(p->values[i]) : (uint16_t)p->values[i];
            put(p, &kept, form == BYTES ? 1 : 2);
        }
    }
    double *latest = p->values;
    p->values = p->before;
    p->before = latest;
    p->known = n;
}

static void put_doubles(Packer *p, const Py_buffer *view) {
    const int flat = view->ndim == 1;
    const Py_ssize_t rows = flat ? 1 : view->shape[0], n = view->shape[flat ? 0 : 1], stride = view->strides[flat ? 0 : 1];
    for (Py_ssize_t row = 0; row < rows; row++) {
        const char *from = (const char *)view->buf + (flat ? 0 : row * view->strides[0]);
        for (Py_ssize_t i = 0; i < n; i++) memcpy(&p->values[i], from + i * stride, sizeof(double));
        put_column(p, n);
    }
}

/* Fields that are mostly alike stand beside each other. */
static void put_candidates(Packer *p, const Py_buffer *view) {
    const Candidate *found = view->buf;
    const Py_ssize_t n = view->shape[0];
#define FIELD(name)                                                          \
    for (Py_ssize_t i = 0; i < n; i++) p->values[i] = (double)found[i].name; \
    put_column(p, n)
    FIELD(entry);
    FIELD(rank);
    FIELD(per_order);
    FIELD(outcome);
    FIELD(value);
    FIELD(orders);
    FIELD(clicks);
    FIELD(bid);
    FIELD(reserve);
    FIELD(pace);
#undef FIELD
}

static int is_of_doubles(const Py_buffer *view) {
    return (view->ndim == 1 || view->ndim == 2) && view->itemsize == sizeof(double) && view->shape[view->ndim - 1] <= MOST;
}

static int is_of_candidates(const Py_buffer *view) {
    return view->ndim == 1 && view->itemsize == sizeof(Candidate) && view->strides[0] == sizeof(Candidate) &&
           view->shape[0] <= MOST;
}

static PyObject *packed_of(const Py_buffer *views, Py_ssize_t count) {
    Py_ssize_t most = 0, longest = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        const Py_buffer *view = &views[i];
        if (!is_of_doubles(view) && !is_of_candidates(view)) {
            PyErr_SetString(PyExc_ValueError, "columns are float64 arrays of one or two dimensions or an array of candidates, "
                                              "of 65,535 numbers at most");
            return NULL;
        }
        const Py_ssize_t n = view->shape[view->ndim - 1];
        longest = n > longest ? n : longest;
        most += (is_of_candidates(view) ? 10 : view->ndim == 1 ? 1 : view->shape[0]) * (3 + 8 * n + (n + 7) / 8);
    }
    const size_t ahead = sizeof(Packer) + 2 * (size_t)longest * sizeof(double);
    Packer *p = PyMem_Malloc(ahead + (size_t)most);
    if (p == NULL) return PyErr_NoMemory();
    p->values = (double *)(p + 1);
    p->before = p->values + longest;
    unsigned char *start = p->at = (unsigned char *)p + ahead;
    p->known = -1;
    for (Py_ssize_t i = 0; i < count; i++) (is_of_candidates(&views[i]) ? put_candidates : put_doubles)(p, &views[i]);
    PyObject *packed = PyBytes_FromStringAndSize((const char *)start, p->at - start);
    PyMem_Free(p);
    return packed;
}

static PyObject *pack(PyObject *self, PyObject *const *arrays, Py_ssize_t count) {
    enum { ARRAYS = 8 };
    Py_buffer views[ARRAYS];
    Py_ssize_t open = 0;
    PyObject *packed = NULL;
    (void)self;
    if (count > ARRAYS) {
        PyErr_SetString(PyExc_ValueError, "at most 8 arrays are packed at once");
        return NULL;
    }
    while (open < count && PyObject_GetBuffer(arrays[open], &views[open], PyBUF_STRIDES) == 0) open++;
    if (open == count) packed = packed_of(views, count);
    while (open > 0) PyBuffer_Release(&views[--open]);
    return packed;
}


/* -- names */

enum { LONGEST = 1023, LONG = 255 }; /* bytes; where so many follow, two bytes more say how many */

static int index_at(const Py_buffer *view, Py_ssize_t i, Py_ssize_t *found) {
    const char *at = (const char *)view->buf + i * view->strides[0];
    if (view->itemsize == sizeof(int64_t)) {
        int64_t one;
        memcpy(&one, at, sizeof one);
        *found = (Py_ssize_t)one;
        return 1;
    }
    if (view->itemsize != sizeof(Candidate)) return 0;
    int32_t entry;
    memcpy(&entry, at, sizeof entry);
    *found = entry;
    return 1;
}

static PyObject *named(PyObject *names, const Py_buffer *view) {
    const Py_ssize_t n = view->ndim == 1 ? view->shape[0] : -1, known = PySequence_Fast_GET_SIZE(names);
    if (n < 0 || n > MOST) {
        PyErr_SetString(PyExc_ValueError, "names are chosen by one dimension of int64 or of candidates, of 65,535 at most");
        return NULL;
    }
    PyObject *packed = PyBytes_FromStringAndSize(NULL, 2 + n * (4 + LONGEST));
    if (packed == NULL) return NULL;
    unsigned char *const start = (unsigned char *)PyBytes_AS_STRING(packed), *at = start + 2;
    const uint16_t count = (uint16_t)n;
    memcpy(start, &count, sizeof count);
    const char *before = "";
    Py_ssize_t length_before = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_ssize_t which, length, shared = 0;
        if (!index_at(view, i, &which) || which < 0 || which >= known) {
            PyErr_SetString(PyExc_ValueError, "there is no name of that number");
            Py_CLEAR(packed);
            return NULL;
        }
        const char *name = PyUnicode_AsUTF8AndSize(PySequence_Fast_GET_ITEM(names, which), &length);
        if (name == NULL || length > LONGEST) {
            if (name != NULL) PyErr_SetString(PyExc_ValueError, "names are of 1,023 bytes at most");
            Py_CLEAR(packed);
            return NULL;
        }
        while (shared < length && shared < length_before && shared < LONG && name[shared] == before[shared]) shared++;
        *at++ = (unsigned char)shared;
        const uint16_t more = (uint16_t)(length - shared);
        *at++ = (unsigned char)(more < LONG ? more : LONG);
        if (more >= LONG) memcpy(at, &more, sizeof more), at += sizeof more;
        memcpy(at, name + shared, more);
        at += more;
        before = name;
        length_before = length;
    }
    _PyBytes_Resize(&packed, at - start);
    return packed;
}

static PyObject *pack_names(PyObject *self, PyObject *arguments) {
    PyObject *object, *rows, *packed = NULL;
    Py_buffer view;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OO", &object, &rows)) return NULL;
    PyObject *names = PySequence_Fast(object, "names must be a sequence");
    if (names == NULL) return NULL;
    if (PyObject_GetBuffer(rows, &view, PyBUF_STRIDES) == 0) {
        packed = named(names, &view);
        PyBuffer_Release(&view);
    }
    Py_DECREF(names);
    return packed;
}

static PyObject *unpack_names(PyObject *self, PyObject *arguments) {
    Py_buffer view;
    Py_ssize_t at;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*n", &view, &at)) return NULL;
    const unsigned char *from = view.buf;
    const Py_ssize_t end = view.len;
    PyObject *names = NULL;
    uint16_t count;
    char name[LONGEST];
    Py_ssize_t length = 0;
    if (at < 0 || at + 2 > end) goto damaged;
    memcpy(&count, from + at, sizeof count);
    at += 2;
    names = PyList_New(count);
    for (Py_ssize_t i = 0; names != NULL && i < count; i++) {
        if (at + 2 > end) goto damaged;
        const Py_ssize_t shared = from[at++];
        uint16_t more = from[at++];
        if (more == LONG) {
            if (at + 2 > end) goto damaged;
            memcpy(&more, from + at, sizeof more);
            at += sizeof more;
        }
        if (shared > length || shared + more > LONGEST || at + more > end) goto damaged;
        memcpy(name + shared, from + at, more);
        length = shared + more;
        at += more;
        PyObject *one = PyUnicode_DecodeUTF8(name, length, NULL);
        if (one == NULL) Py_CLEAR(names);
        else PyList_SET_ITEM(names, i, one);
    }
    PyBuffer_Release(&view);
    return names == NULL ? NULL : Py_BuildValue("Nn", names, at);
damaged:
    PyBuffer_Release(&view);
    Py_XDECREF(names);
    PyErr_SetString(PyExc_ValueError, "it ends within its names");
    return NULL;
}

/* -- reading columns */

typedef struct {
    const unsigned char *at, *end;
} Reader;

static int get(Reader *r, void *into, size_t count) {
    if ((size_t)(r->end - r->at) < count) return 0;
    memcpy(into, r->at, count);
    r->at += count;
    return 1;
}

static int get_exceptions(Reader *r, Py_ssize_t n, double *values) {
    const unsigned char *mask = r->at;
    const Py_ssize_t width = (n + 7) / 8;
    if (r->end - r->at < width) return 0;
    r->at += width;
    for (Py_ssize_t i = 0; i < 8 * width; i++) {
        if (!(mask[i / 8] >> (i % 8) & 1)) continue;
        if (i >= n || !get(r, &values[i], sizeof(double))) return 0;
    }
    return 1;
}

/* `values` holds the column before, of `known` values. */
static int get_column(Reader *r, int form, Py_ssize_t n, Py_ssize_t known, double *values) {
    uint8_t byte;
    uint16_t both;
    float single;
    switch (form) {
    case CONSTANT:
        if (!get(r, values, sizeof(double))) return 0;
        for (Py_ssize_t i = 1; i < n; i++) values[i] = values[0];
        return n > 0;
    case WHOLE: return get(r, values, (size_t)n * sizeof(double));
    case BYTES:
        for (Py_ssize_t i = 0; i < n; i++) {
            if (!get(r, &byte, sizeof byte)) return 0;
            values[i] = byte;
        }
        return 1;
    case SHORTS:
    case THOUSANDTHS:
        for (Py_ssize_t i = 0; i < n; i++) {
            if (!get(r, &both, sizeof both)) return 0;
            values[i] = form == SHORTS ? (double)both : (double)both / 1000.0;
        }
        return 1;
    case SINGLES:
        for (Py_ssize_t i = 0; i < n; i++) {
            if (!get(r, &single, sizeof single)) return 0;
            values[i] = (double)single;
        }
        return 1;
    case SPARSE:
        for (Py_ssize_t i = 0; i < n; i++) values[i] = 0.0;
        return get_exceptions(r, n, values);
    case ALIKE: return known == n && get_exceptions(r, n, values);
    default: return 0;
    }
}

static PyObject *list_of(const double *values, Py_ssize_t n) {
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyObject *one = PyFloat_FromDouble(values[i]);
        if (one == NULL) Py_CLEAR(list);
        else PyList_SET_ITEM(list, i, one);
    }
    return list;
}

static PyObject *unpack(PyObject *self, PyObject *arguments) {
    Py_buffer view;
    Py_ssize_t at, known = -1;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "y*n", &view, &at)) return NULL;
    double *values = PyMem_Malloc((MOST + 1) * sizeof(double));
    PyObject *columns = values == NULL ? PyErr_NoMemory() : PyList_New(0);
    Reader r = {(const unsigned char *)view.buf + at, (const unsigned char *)view.buf + view.len};
    if (columns != NULL && (at < 0 || at > view.len)) r.at = r.end;
    while (columns != NULL && r.at < r.end) {
        uint16_t n;
        uint8_t form;
        PyObject *column = NULL;
        if (!get(&r, &n, sizeof n) || !get(&r, &form, sizeof form) || !get_column(&r, form, n, known, values))
            PyErr_SetString(PyExc_ValueError, "a column is damaged");
        else column = list_of(values, n);
        if (column == NULL || PyList_Append(columns, column) < 0) Py_CLEAR(columns);
        Py_XDECREF(column);
        known = n;
    }
    PyMem_Free(values);
    PyBuffer_Release(&view);
    return columns;
}

static PyMethodDef methods[] = {
    {"pack", (PyCFunction)(void (*)(void))pack, METH_FASTCALL, "arrays -> their columns, the rows of those of two dimensions, as bytes."},
    {"unpack", unpack, METH_VARARGS, "bytes, where to begin -> a list of floats for each column."},
    {"pack_names", pack_names, METH_VARARGS, "names, which of them -> these as bytes."},
    {"unpack_names", unpack_names, METH_VARARGS, "bytes, where to begin -> the names, and where they end."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_columns", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__columns(void) { return PyModule_Create(&module); }
