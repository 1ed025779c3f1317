/* The loops of the request's path, compiled: who is on the shortlist, in which order, and what the list counts for.

   What is computed is written down in services/ranking/rank.py and fairness.py; their only faces are rank.py, counting.py
   and auction.py. They exist because a request has a few hundred restaurants to score in full: some thirty calls of numpy
   on so few cost more than the arithmetic, and each that lets go of the interpreter's lock may wait milliseconds for it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define KM_PER_DEGREE 111.195 /* twins of data/geo.py */
#define MINUTES_TO_SET_OUT 4.0
#define MINUTES_PER_KM 4.0
#define HALF_DEGREE (0.5 * 3.14159265358979323846 / 180.0)

#define BIN_BITS 11
#define BINS (1 << BIN_BITS)
#define SAMPLE_STEP 16
#define BLOCK 16
#define SAMPLING_PAYS_FROM 4096
#define RUN 8                /* insertion sort up to here */
#define WITHOUT_THE_LOCK 8   /* requests at once from which letting others run pays */

/* ---- the best m of n ------------------------------------------------------------------------------------------ */

static uint32_t rising(float value) { /* numbers that are ordered as the floats are; NaN is below all */
    uint32_t bits;
    if (value != value) return 0;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t key) {
    const uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void swap(uint32_t *a, uint32_t *b) {
    const uint32_t held = *a;
    *a = *b;
    *b = held;
}

static uint32_t quickselect(uint32_t *keys, Py_ssize_t n, Py_ssize_t rank) { /* the rank-th largest, from 0 */
    Py_ssize_t low = 0, high = n - 1;
    while (low < high) {
        const Py_ssize_t middle = low + (high - low) / 2;
        if (keys[middle] > keys[low]) swap(&keys[middle], &keys[low]);
        if (keys[high] > keys[low]) swap(&keys[high], &keys[low]);
        if (keys[high] > keys[middle]) swap(&keys[high], &keys[middle]);
        const uint32_t pivot = keys[middle];
        Py_ssize_t left = low, right = high;
        while (left <= right) {
            while (keys[left] > pivot) left++;
            while (keys[right] < pivot) right--;
            if (left <= right) swap(&keys[left++], &keys[right--]);
        }
        if (rank <= right) high = right;
        else if (rank >= left) low = left;
        else break;
    }
    return keys[rank];
}

/* The rank-th largest of n keys, from 0: a histogram finds its bin, and few keys are left to look at. */
static uint32_t ranked_key(const uint32_t *keys, Py_ssize_t n, Py_ssize_t rank, uint32_t *scratch) {
    uint32_t counts[BINS];
    memset(counts, 0, sizeof counts);
    for (Py_ssize_t at = 0; at < n; at++) counts[keys[at] >> (32 - BIN_BITS)]++;
    int bin = BINS - 1;
    while (rank >= (Py_ssize_t)counts[bin]) rank -= counts[bin--];
    Py_ssize_t kept = 0;
    for (Py_ssize_t at = 0; at < n; at++)
        if (keys[at] >> (32 - BIN_BITS) == (uint32_t)bin) scratch[kept++] = keys[at];
    return quickselect(scratch, kept, rank);
}

typedef struct {
    const float *values;
    const uint8_t *allowed; /* NULL: all are */
    Py_ssize_t n;
} Row;

static uint32_t key_of(const Row *row, Py_ssize_t at) { /* what is not allowed is as good as nothing */
    return rising(!row->allowed || row->allowed[at] ? row->values[at] : -INFINITY);
}

/* The values of a row that are at least this, rising columns. Blocks without one, most of them, are passed at a time. */
static Py_ssize_t at_least(const Row *row, float least, int64_t *columns) {
    Py_ssize_t found = 0, at = 0;
    for (; at + BLOCK <= row->n; at += BLOCK) {
        int any = 0;
        for (int in = 0; in < BLOCK; in++) any |= row->values[at + in] >= least;
        for (int in = 0; any && in < BLOCK; in++) {
            columns[found] = at + in;
            found += row->values[at + in] >= least && (!row->allowed || row->allowed[at + in]);
        }
    }
    for (; at < row->n; at++) {
        columns[found] = at;
        found += row->values[at] >= least && (!row->allowed || row->allowed[at]);
    }
    return found;
}

/* Columns of the m largest values, rising; of equal ones the first. 0 < m < n. `above` has room for n + 1, `scratch` for
   2 n. */
static void best(const Row *row, Py_ssize_t m, int64_t *columns, int64_t *above, uint32_t *scratch) {
    const Py_ssize_t n = row->n;
    Py_ssize_t found = 0;
    if (n >= SAMPLING_PAYS_FROM && m * 4 <= n) {
        /* A threshold guessed from a sample, four standard deviations too low, leaves a few hundred to look at. */
        const Py_ssize_t size = (n + SAMPLE_STEP - 1) / SAMPLE_STEP;
        const double expected = (double)m / SAMPLE_STEP;
        const Py_ssize_t rank = (Py_ssize_t)(expected + 4.0 * sqrt(expected)) + 1;
        for (Py_ssize_t at = 0; at < size; at++) scratch[at] = key_of(row, at * SAMPLE_STEP);
        const float least = value_of(ranked_key(scratch, size, rank < size ? rank : size - 1, scratch + size));
        if (least > -INFINITY) found = at_least(row, least, above);
    }
    if (found < m)
        for (found = 0; found < n; found++) above[found] = found;
    uint32_t *kept = scratch;
    for (Py_ssize_t at = 0; at < found; at++) kept[at] = key_of(row, above[at]);
    const uint32_t last = ranked_key(kept, found, m - 1, scratch + found);
    Py_ssize_t ties = m;
    for (Py_ssize_t at = 0; at < found; at++) ties -= kept[at] > last;
    for (Py_ssize_t at = 0, put = 0; put < m; at++) {
        if (kept[at] > last || (kept[at] == last && ties-- > 0)) columns[put++] = above[at];
    }
}

/* ---- arrays from Python --------------------------------------------------------------------------------------- */

typedef struct {
    Py_buffer view;
    int held;
} Array;

enum { READ, WRITE, MAY_BE_NONE };

/* The array's memory; NULL with an error set where it is None, not contiguous, or of another size, or where there was
   an error before. One that may be None is NULL without an error then. */
static void *taken(Array *array, PyObject *object, const char *name, Py_ssize_t item, Py_ssize_t items, int how) {
    if (PyErr_Occurred() || (object == Py_None && how == MAY_BE_NONE)) return NULL;
    if (object == Py_None) {
        PyErr_Format(PyExc_ValueError, "%s: there is no such array", name);
        return NULL;
    }
    if (PyObject_GetBuffer(object, &array->view, PyBUF_C_CONTIGUOUS | (how == WRITE ? PyBUF_WRITABLE : 0))) return NULL;
    array->held = 1;
    if (array->view.itemsize != item || array->view.len != items * item) {
        PyErr_Format(PyExc_ValueError, "%s has %zd bytes in items of %zd, not %zd items of %zd", name, array->view.len,
                     array->view.itemsize, items, item);
        return NULL;
    }
    return array->view.buf;
}

static void released(Array *arrays, int count) {
    for (int at = 0; at < count; at++)
        if (arrays[at].held) PyBuffer_Release(&arrays[at].view);
}

/* ---- the shortlist -------------------------------------------------------------------------------------------- */

typedef struct {
    Py_ssize_t batch, n, d, size, terms;
    float *coarse; /* the restaurants' biases are added to it here */
    const float *diner_biases, *vectors, *biases, *diners, *fold_ins;
    const uint8_t *allowed;
    const double *lat, *lon, *here_lat, *here_lon;
    double mean_log_time;
    int64_t *columns;
    double *term, *distances, *log_times, *offsets;
    uint8_t *passing;
} Shortlist;

static double dot(const float *a, const float *b, Py_ssize_t d) {
    double even = 0.0, odd = 0.0;
    Py_ssize_t at = 0;
    for (; at + 1 < d; at += 2) {
        even += (double)a[at] * b[at];
        odd += (double)a[at + 1] * b[at + 1];
    }
    if (at < d) even += (double)a[at] * b[at];
    return even + odd;
}

static void list_one(const Shortlist *list, Py_ssize_t request, int64_t *above, uint32_t *scratch) {
    const Py_ssize_t n = list->n, size = list->size, first = request * size;
    float *coarse = list->coarse + request * n;
    for (Py_ssize_t at = 0; at < n; at++) coarse[at] += list->biases[at];
    const uint8_t *allowed = list->allowed ? list->allowed + request * n : NULL;
    int64_t *columns = list->columns + first;
    if (size < n) {
        best(&(Row){coarse, allowed, n}, size, columns, above, scratch);
    } else {
        for (Py_ssize_t at = 0; at < n; at++) columns[at] = at;
    }
    const double lat = list->here_lat[request], lon = list->here_lon[request];
    double *relevance = list->term + first, *recency = relevance + list->batch * size;
    for (Py_ssize_t place = 0; place < size; place++) {
        const int64_t row = columns[place];
        if (allowed) list->passing[first + place] = allowed[row] && coarse[row] > -INFINITY;
        if (list->fold_ins) {
            const float *vector = list->vectors + row * list->d;
            relevance[place] = (float)dot(vector, list->diners + request * list->d, list->d) + list->biases[row];
            relevance[place] += list->diner_biases[request];
            recency[place] = dot(vector, list->fold_ins + request * list->d, list->d);
        } else {
            relevance[place] = coarse[row] + list->diner_biases[request];
        }
        if (allowed && !list->passing[first + place]) relevance[place] = recency[place] = 0.0;
        const double north = list->lat[row] - lat;
        double east = list->lon[row] - lon;
        east -= 360.0 * rint(east / 360.0);
        east *= cos((lat + list->lat[row]) * HALF_DEGREE);
        const double km = KM_PER_DEGREE * sqrt(north * north + east * east);
        const double log_time = log(MINUTES_TO_SET_OUT + MINUTES_PER_KM * km);
        list->distances[first + place] = km;
        list->log_times[first + place] = log_time;
        list->offsets[first + place] = isnan(log_time) ? 0.0 : log_time - list->mean_log_time;
    }
}

static int list_all(const Shortlist *list) {
    uint32_t *scratch = PyMem_RawMalloc(2 * list->n * sizeof *scratch);
    int64_t *above = PyMem_RawMalloc((list->n + 1) * sizeof *above);
    const int there = scratch && above;
    for (Py_ssize_t request = 0; there && request < list->batch; request++)
        list_one(list, request, above, scratch);
    PyMem_RawFree(scratch);
    PyMem_RawFree(above);
    return there;
}

static PyObject *shortlist(PyObject *self, PyObject *arguments) {
    (void)self;
    enum { COARSE, ALLOWED, DINER_BIASES, VECTORS, BIASES, DINERS, FOLD_INS, LAT, LON, HERE_LAT, HERE_LON,
           COLUMNS, TERM, DISTANCES, LOG_TIMES, OFFSETS, PASSING, ARRAYS };
    PyObject *o[ARRAYS];
    Shortlist list;
    if (!PyArg_ParseTuple(arguments, "(nnnnn)OOOOOOOOOOOdOOOOOO", &list.batch, &list.n, &list.d, &list.size, &list.terms,
                          &o[COARSE], &o[ALLOWED], &o[DINER_BIASES], &o[VECTORS], &o[BIASES], &o[DINERS], &o[FOLD_INS],
                          &o[LAT], &o[LON], &o[HERE_LAT], &o[HERE_LON], &list.mean_log_time, &o[COLUMNS], &o[TERM],
                          &o[DISTANCES], &o[LOG_TIMES], &o[OFFSETS], &o[PASSING]))
        return NULL;
    const Py_ssize_t b = list.batch, n = list.n, plane = b * list.size;
    if (b < 0 || n < 1 || list.d < 0 || list.size < 1 || list.size > n || list.terms < 2) {
        PyErr_SetString(PyExc_ValueError, "sizes do not fit");
        return NULL;
    }
    Array a[ARRAYS] = {0};
    list.coarse = taken(&a[COARSE], o[COARSE], "coarse", 4, b * n, WRITE);
    list.allowed = taken(&a[ALLOWED], o[ALLOWED], "allowed", 1, b * n, MAY_BE_NONE);
    list.diner_biases = taken(&a[DINER_BIASES], o[DINER_BIASES], "diners' biases", 4, b, READ);
    list.vectors = taken(&a[VECTORS], o[VECTORS], "vectors", 4, n * list.d, READ);
    list.biases = taken(&a[BIASES], o[BIASES], "biases", 4, n, READ);
    list.diners = taken(&a[DINERS], o[DINERS], "diners", 4, b * list.d, READ);
    list.fold_ins = taken(&a[FOLD_INS], o[FOLD_INS], "fold-ins", 4, b * list.d, MAY_BE_NONE);
    list.lat = taken(&a[LAT], o[LAT], "latitudes", 8, n, READ);
    list.lon = taken(&a[LON], o[LON], "longitudes", 8, n, READ);
    list.here_lat = taken(&a[HERE_LAT], o[HERE_LAT], "diners' latitudes", 8, b, READ);
    list.here_lon = taken(&a[HERE_LON], o[HERE_LON], "diners' longitudes", 8, b, READ);
    list.columns = taken(&a[COLUMNS], o[COLUMNS], "columns", 8, plane, WRITE);
    list.term = taken(&a[TERM], o[TERM], "terms", 8, list.terms * plane, WRITE);
    list.distances = taken(&a[DISTANCES], o[DISTANCES], "distances", 8, plane, WRITE);
    list.log_times = taken(&a[LOG_TIMES], o[LOG_TIMES], "log times", 8, plane, WRITE);
    list.offsets = taken(&a[OFFSETS], o[OFFSETS], "offsets", 8, plane, WRITE);
    list.passing = taken(&a[PASSING], o[PASSING], "passing", 1, plane, list.allowed ? WRITE : MAY_BE_NONE);
    if (!PyErr_Occurred()) {
        memset(list.term, 0, sizeof(double) * list.terms * plane);
        PyThreadState *thread = b > WITHOUT_THE_LOCK ? PyEval_SaveThread() : NULL;
        const int done = list_all(&list);
        if (thread) PyEval_RestoreThread(thread);
        if (!done) PyErr_NoMemory();
    }
    released(a, ARRAYS);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* ---- the order ------------------------------------------------------------------------------------------------ */

typedef struct {
    Py_ssize_t batch, n, size, k, terms, fairness, exploration;
    double slope, travel, intercept, temperature, floor;
    const double *offsets, *distances, *lifts, *gumbel;
    const int64_t *columns;
    const uint8_t *passing;
    double *term, *scores, *shown_scores, *shown_term, *shown_distances, *propensities;
    int64_t *order, *rows;
} Order;

/* By falling score, of equal ones the first first: a merge sort of runs that an insertion sort has made. */
static void sorted(const double *falling, Py_ssize_t n, int64_t *order, int64_t *spare) {
    for (Py_ssize_t start = 0; start < n; start += RUN) {
        const Py_ssize_t end = start + RUN < n ? start + RUN : n;
        for (Py_ssize_t at = start; at < end; at++) {
            Py_ssize_t to = at;
            for (; to > start && falling[order[to - 1]] < falling[at]; to--) order[to] = order[to - 1];
            order[to] = at;
        }
    }
    int64_t *from = order, *into = spare;
    for (Py_ssize_t width = RUN; width < n; width *= 2) {
        for (Py_ssize_t start = 0; start < n; start += 2 * width) {
            const Py_ssize_t middle = start + width < n ? start + width : n;
            const Py_ssize_t end = start + 2 * width < n ? start + 2 * width : n;
            Py_ssize_t left = start, right = middle;
            for (Py_ssize_t at = start; at < end; at++)
                into[at] = right >= end || (left < middle && falling[from[left]] >= falling[from[right]])
                               ? from[left++] : from[right++];
        }
        int64_t *held = from;
        from = into;
        into = held;
    }
    if (from != order) memcpy(order, from, n * sizeof *order);
}

static void order_one(const Order *o, Py_ssize_t request, double *falling, int64_t *spare) {
    const Py_ssize_t size = o->size, first = request * size, plane = o->batch * size, shown = o->batch * o->k;
    double *term = o->term + first;
    for (Py_ssize_t place = 0; place < size; place++) {
        const double raw = term[place] + term[plane + place] + term[2 * plane + place];
        const double logit = o->slope * raw + o->travel * o->offsets[first + place] + o->intercept;
        term[3 * plane + place] = 1.0 / (1.0 + exp(-logit)) - raw;
        double value = raw + term[3 * plane + place];
        if (o->lifts) {
            const double lift = o->lifts[o->columns[first + place]];
            /* whoever is below the floor is not lifted */
            const double added = o->floor > 0.0 && value < o->floor && lift > 0.0 ? 0.0 : lift;
            term[o->fairness * plane + place] = added;
            value += added;
        }
        if (o->gumbel) {
            const double drawn = o->temperature * o->gumbel[first + place];
            term[o->exploration * plane + place] = drawn;
            value += drawn;
        }
        o->scores[first + place] = value;
        falling[place] = o->passing && !o->passing[first + place] ? -INFINITY : value;
    }
    int64_t *order = o->order + first;
    sorted(falling, size, order, spare);
    for (Py_ssize_t place = 0; place < o->k; place++) {
        const Py_ssize_t to = request * o->k + place;
        const int64_t column = order[place];
        const int there = !o->passing || o->passing[first + column];
        o->rows[to] = there ? o->columns[first + column] : -1;
        o->shown_scores[to] = there ? o->scores[first + column] : NAN;
        o->shown_distances[to] = there ? o->distances[first + column] : NAN;
        o->propensities[to] = there ? 1.0 : NAN;
        for (Py_ssize_t at = 0; at < o->terms; at++)
            o->shown_term[at * shown + to] = there ? term[at * plane + column] : NAN;
    }
}

static int order_all(const Order *o) {
    double *falling = PyMem_RawMalloc((o->size + 1) * sizeof *falling);
    int64_t *spare = PyMem_RawMalloc((o->size + 1) * sizeof *spare);
    const int there = falling && spare;
    for (Py_ssize_t request = 0; there && request < o->batch; request++) order_one(o, request, falling, spare);
    PyMem_RawFree(falling);
    PyMem_RawFree(spare);
    return there;
}

static PyObject *order(PyObject *self, PyObject *arguments) {
    (void)self;
    enum { COLUMNS, OFFSETS, DISTANCES, PASSING, LIFTS, GUMBEL, TERM, SCORES, ORDER, ROWS, SHOWN_SCORES, SHOWN_TERM,
           SHOWN_DISTANCES, PROPENSITIES, ARRAYS };
    PyObject *given[ARRAYS];
    Order o;
    if (!PyArg_ParseTuple(arguments, "(nnnnnnn)(ddd)OOOOOdOdOOOOOOOO", &o.batch, &o.n, &o.size, &o.k, &o.terms, &o.fairness,
                          &o.exploration, &o.slope, &o.travel, &o.intercept, &given[COLUMNS], &given[OFFSETS],
                          &given[DISTANCES], &given[PASSING], &given[LIFTS], &o.floor, &given[GUMBEL], &o.temperature,
                          &given[TERM], &given[SCORES], &given[ORDER], &given[ROWS], &given[SHOWN_SCORES],
                          &given[SHOWN_TERM], &given[SHOWN_DISTANCES], &given[PROPENSITIES]))
        return NULL;
    const Py_ssize_t plane = o.batch * o.size, shown = o.batch * o.k;
    if (o.batch < 0 || o.k < 1 || o.k > o.size || o.terms < 4 || o.fairness < 4 || o.fairness >= o.terms ||
        o.exploration < 4 || o.exploration >= o.terms) {
        PyErr_SetString(PyExc_ValueError, "sizes do not fit");
        return NULL;
    }
    Array a[ARRAYS] = {0};
    o.columns = taken(&a[COLUMNS], given[COLUMNS], "columns", 8, plane, READ);
    o.offsets = taken(&a[OFFSETS], given[OFFSETS], "offsets", 8, plane, READ);
    o.distances = taken(&a[DISTANCES], given[DISTANCES], "distances", 8, plane, READ);
    o.passing = taken(&a[PASSING], given[PASSING], "passing", 1, plane, MAY_BE_NONE);
    o.lifts = taken(&a[LIFTS], given[LIFTS], "lifts", 8, o.n, MAY_BE_NONE);
    o.gumbel = taken(&a[GUMBEL], given[GUMBEL], "gumbel", 8, plane, MAY_BE_NONE);
    o.term = taken(&a[TERM], given[TERM], "terms", 8, o.terms * plane, WRITE);
    o.scores = taken(&a[SCORES], given[SCORES], "scores", 8, plane, WRITE);
    o.order = taken(&a[ORDER], given[ORDER], "order", 8, plane, WRITE);
    o.rows = taken(&a[ROWS], given[ROWS], "rows", 8, shown, WRITE);
    o.shown_scores = taken(&a[SHOWN_SCORES], given[SHOWN_SCORES], "shown scores", 8, shown, WRITE);
    o.shown_term = taken(&a[SHOWN_TERM], given[SHOWN_TERM], "shown terms", 8, o.terms * shown, WRITE);
    o.shown_distances = taken(&a[SHOWN_DISTANCES], given[SHOWN_DISTANCES], "shown distances", 8, shown, WRITE);
    o.propensities = taken(&a[PROPENSITIES], given[PROPENSITIES], "propensities", 8, shown, WRITE);
    for (Py_ssize_t at = 0; o.lifts && !PyErr_Occurred() && at < plane; at++)
        if (o.columns[at] < 0 || o.columns[at] >= o.n) PyErr_SetString(PyExc_ValueError, "a column beyond the catalogue");
    if (!PyErr_Occurred()) {
        PyThreadState *thread = o.batch > WITHOUT_THE_LOCK ? PyEval_SaveThread() : NULL;
        const int done = order_all(&o);
        if (thread) PyEval_RestoreThread(thread);
        if (!done) PyErr_NoMemory();
    }
    released(a, ARRAYS);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

/* ---- the list with what was sold in it ------------------------------------------------------------------------ */

typedef struct {
    Py_ssize_t batch, size, ranked, terms, request, payment, k;
    const int64_t *order, *rows;
    const double *term, *scores, *distances, *propensities;
    int64_t *shown_rows;
    double *shown_scores, *shown_term, *shown_distances, *shown_propensities;
} Sold;

/* Ranks from 1 of a list of organic ranks from 0, its entries filled in; NULL with an error set. */
static PyObject *filled(const Sold *s, PyObject *ranks) {
    const Py_ssize_t first = s->request * s->size, plane = s->batch * s->size;
    PyObject *from_one = PyList_New(s->k);
    for (Py_ssize_t slot = 0; from_one != NULL && slot < s->k; slot++) {
        const Py_ssize_t rank = PyLong_AsSsize_t(PyList_GET_ITEM(ranks, slot));
        PyObject *next = NULL;
        if (rank < 0 || rank >= s->size || s->order[first + rank] < 0 || s->order[first + rank] >= s->size) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a rank beyond the shortlist");
        } else {
            next = PyLong_FromSsize_t(rank + 1);
        }
        if (next == NULL) {
            Py_CLEAR(from_one);
            break;
        }
        PyList_SET_ITEM(from_one, slot, next);
        const Py_ssize_t column = first + s->order[first + rank];
        s->shown_rows[slot] = s->rows[column];
        s->shown_scores[slot] = s->scores[column];
        s->shown_distances[slot] = s->distances[column];
        for (Py_ssize_t at = 0; at < s->terms; at++) s->shown_term[at * s->k + slot] = s->term[at * plane + column];
        /* the rank of a sold place may lie beyond what was drawn; what stands there then is not looked at */
        const Py_ssize_t drawn = rank < s->ranked ? rank : s->ranked - 1;
        s->shown_propensities[slot] = s->propensities[s->request * s->ranked + drawn];
    }
    return from_one;
}

static int paid(const Sold *s, PyObject *slots, PyObject *payments) {
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(slots); at++) {
        const Py_ssize_t slot = PyLong_AsSsize_t(PyList_GET_ITEM(slots, at));
        const double payment = PyFloat_AsDouble(PyList_GET_ITEM(payments, at));
        if (PyErr_Occurred()) return 0;
        if (slot < 0 || slot >= s->k) {
            PyErr_SetString(PyExc_ValueError, "a slot beyond the list");
            return 0;
        }
        s->shown_term[s->payment * s->k + slot] = payment;
        s->shown_scores[slot] += payment;
        s->shown_propensities[slot] = 1.0;
    }
    return 1;
}

static PyObject *sold(PyObject *self, PyObject *arguments) {
    (void)self;
    enum { ORDER, ROWS, TERM, SCORES, DISTANCES, PROPENSITIES, SHOWN_ROWS, SHOWN_SCORES, SHOWN_TERM, SHOWN_DISTANCES,
           SHOWN_PROPENSITIES, ARRAYS };
    PyObject *o[ARRAYS], *ranks, *slots, *payments, *from_one = NULL;
    Sold s;
    if (!PyArg_ParseTuple(arguments, "(nnnnnn)OOOOOOO!O!O!OOOOO", &s.batch, &s.size, &s.ranked, &s.terms, &s.request,
                          &s.payment, &o[ORDER], &o[ROWS], &o[TERM], &o[SCORES], &o[DISTANCES], &o[PROPENSITIES],
                          &PyList_Type, &ranks, &PyList_Type, &slots, &PyList_Type, &payments, &o[SHOWN_ROWS],
                          &o[SHOWN_SCORES], &o[SHOWN_TERM], &o[SHOWN_DISTANCES], &o[SHOWN_PROPENSITIES]))
        return NULL;
    const Py_ssize_t plane = s.batch * s.size;
    s.k = PyList_GET_SIZE(ranks);
    if (s.request < 0 || s.request >= s.batch || s.ranked < 1 || s.payment < 0 || s.payment >= s.terms ||
        PyList_GET_SIZE(slots) != PyList_GET_SIZE(payments)) {
        PyErr_SetString(PyExc_ValueError, "sizes do not fit");
        return NULL;
    }
    Array a[ARRAYS] = {0};
    s.order = taken(&a[ORDER], o[ORDER], "order", 8, plane, READ);
    s.rows = taken(&a[ROWS], o[ROWS], "rows", 8, plane, READ);
    s.term = taken(&a[TERM], o[TERM], "terms", 8, s.terms * plane, READ);
    s.scores = taken(&a[SCORES], o[SCORES], "scores", 8, plane, READ);
    s.distances = taken(&a[DISTANCES], o[DISTANCES], "distances", 8, plane, READ);
    s.propensities = taken(&a[PROPENSITIES], o[PROPENSITIES], "propensities", 8, s.batch * s.ranked, READ);
    s.shown_rows = taken(&a[SHOWN_ROWS], o[SHOWN_ROWS], "shown rows", 8, s.k, WRITE);
    s.shown_scores = taken(&a[SHOWN_SCORES], o[SHOWN_SCORES], "shown scores", 8, s.k, WRITE);
    s.shown_term = taken(&a[SHOWN_TERM], o[SHOWN_TERM], "shown terms", 8, s.terms * s.k, WRITE);
    s.shown_distances = taken(&a[SHOWN_DISTANCES], o[SHOWN_DISTANCES], "shown distances", 8, s.k, WRITE);
    s.shown_propensities = taken(&a[SHOWN_PROPENSITIES], o[SHOWN_PROPENSITIES], "shown propensities", 8, s.k, WRITE);
    if (!PyErr_Occurred()) from_one = filled(&s, ranks);
    if (from_one != NULL && !paid(&s, slots, payments)) Py_CLEAR(from_one);
    released(a, ARRAYS);
    return from_one;
}

/* ---- what a list counts for ----------------------------------------------------------------------------------- */

typedef struct {
    Py_ssize_t batch, size, used, request, n, groups, shown;
    const double *term, *looks;
    const int64_t *rows, *codes, *shown_rows;
    const uint8_t *passing, *newcomers;
    double *exposure, *merit;
} Count;

static int in_range(const int64_t *rows, Py_ssize_t count, const Count *c) { /* rows of the catalogue, of known groups */
    for (Py_ssize_t at = 0; at < count; at++)
        if (rows[at] < 0 || rows[at] >= c->n || c->codes[rows[at]] < 0 || c->codes[rows[at]] >= c->groups) return 0;
    return 1;
}

/* Newcomers' exposure; `sold`: a dictionary by slot. -1 with an error set. */
static double count_one(const Count *c, PyObject *sold) {
    const Py_ssize_t first = c->request * c->size, plane = c->batch * c->size;
    for (Py_ssize_t at = first; at < first + c->size; at++) {
        if (c->passing && !c->passing[at]) continue;
        double probability = c->term[at];
        for (Py_ssize_t term = 1; term < c->used; term++) probability += c->term[term * plane + at];
        if (probability > 0.0) c->merit[c->codes[c->rows[at]]] += probability;
    }
    double newcomers = 0.0;
    for (Py_ssize_t slot = 0; slot < c->shown; slot++) {
        PyObject *key = PyLong_FromSsize_t(slot);
        const int is_sold = key ? PyDict_Contains(sold, key) : -1;
        Py_XDECREF(key);
        if (is_sold < 0) return -1.0;
        if (is_sold) continue;
        const int64_t row = c->shown_rows[slot];
        c->exposure[c->codes[row]] += c->looks[slot];
        if (c->newcomers[row]) newcomers += c->looks[slot];
    }
    return newcomers;
}

static PyObject *count(PyObject *self, PyObject *arguments) {
    (void)self;
    enum { TERM, ROWS, PASSING, CODES, NEWCOMERS, SHOWN_ROWS, LOOKS, EXPOSURE, MERIT, ARRAYS };
    PyObject *o[ARRAYS], *sold;
    Py_ssize_t terms;
    Count c;
    if (!PyArg_ParseTuple(arguments, "(nnnnnnnn)OOOOOOOO!OO", &terms, &c.batch, &c.size, &c.used, &c.request, &c.n,
                          &c.groups, &c.shown, &o[TERM], &o[ROWS], &o[PASSING], &o[CODES], &o[NEWCOMERS], &o[SHOWN_ROWS],
                          &o[LOOKS], &PyDict_Type, &sold, &o[EXPOSURE], &o[MERIT]))
        return NULL;
    const Py_ssize_t plane = c.batch * c.size;
    if (c.used < 1 || c.used > terms || c.request < 0 || c.request >= c.batch || c.size < 0 || c.shown < 0) {
        PyErr_SetString(PyExc_ValueError, "sizes do not fit");
        return NULL;
    }
    Array a[ARRAYS] = {0};
    c.term = taken(&a[TERM], o[TERM], "terms", 8, terms * plane, READ);
    c.rows = taken(&a[ROWS], o[ROWS], "rows", 8, plane, READ);
    c.passing = taken(&a[PASSING], o[PASSING], "passing", 1, plane, MAY_BE_NONE);
    c.codes = taken(&a[CODES], o[CODES], "codes", 8, c.n, READ);
    c.newcomers = taken(&a[NEWCOMERS], o[NEWCOMERS], "newcomers", 1, c.n, READ);
    c.shown_rows = taken(&a[SHOWN_ROWS], o[SHOWN_ROWS], "shown rows", 8, c.shown, READ);
    c.looks = taken(&a[LOOKS], o[LOOKS], "looks", 8, c.shown, READ);
    c.exposure = taken(&a[EXPOSURE], o[EXPOSURE], "exposure", 8, c.groups, WRITE);
    c.merit = taken(&a[MERIT], o[MERIT], "merit", 8, c.groups, WRITE);
    if (!PyErr_Occurred() &&
        !(in_range(c.rows + c.request * c.size, c.size, &c) && in_range(c.shown_rows, c.shown, &c)))
        PyErr_SetString(PyExc_ValueError, "a row beyond the catalogue, or of no group");
    const double newcomers = PyErr_Occurred() ? -1.0 : count_one(&c, sold);
    released(a, ARRAYS);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(newcomers);
}

static PyMethodDef methods[] = {
    {"count", count, METH_VARARGS, "Add up what a list counts for; see services.ranking.counting.count_shown."},
    {"shortlist", shortlist, METH_VARARGS, "Fill the shortlists of B requests; see services.ranking.rank."},
    {"order", order, METH_VARARGS, "Score and sort the shortlists of B requests; see services.ranking.rank."},
    {"sold", sold, METH_VARARGS, "Fill a list with what was sold in it; its ranks from 1. See services.ranking.auction."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_rank", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__rank(void) { return PyModule_Create(&module); }
