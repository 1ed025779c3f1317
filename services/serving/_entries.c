/* What the entries of a list say, compiled: what lifts each, which of it is told, and the JSON of them all.
 *
 * What is weighed and when it is told is written down in services/serving/reasons.py, what an entry looks like in
 * present.py; they are the only callers. A list has twenty entries of twenty pieces each: in numpy that is forty calls on
 * next to nothing, every third of which lets go of the interpreter's lock, and behind each waits code that is not in the
 * processor's cache. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { MOST_TOLD = 3 };
static const double LEAST_SHARE = 0.1; /* of all that lifts an entry: what is less is not told */
static const double LEAST = 1e-9;      /* less is rounding */
static const double SURE = 1e-9;       /* how far sums are kept off 0 and 1, for the curve gives nothing beyond them */

/* The columns of the pieces; then come g - 1 subjects to you, g subjects to all, and the two terms after calibration. */
enum { RECENT, MOMENT, NEAR, TASTE, POPULAR, TO_YOU };
/* Terms of the ledger, as services/ranking/rank.py has them. */
enum { TERM_RECENCY = 1, TERM_SECOND_STAGE = 2, TERM_FAIRNESS = 4, TERM_EXPLORATION = 5, TERMS = 7 };

/* ---- arrays from Python --------------------------------------------------------------------------------------- */

typedef struct {
    Py_buffer view;
    int held;
} Array;

/* The array's memory; NULL with an error set where it does not fit, or where there was an error before. `items` below 0:
 * any number. None is NULL without an error where it may be. */
static void *taken(Array *array, PyObject *object, const char *name, Py_ssize_t item, Py_ssize_t items, int writable,
                   int optional) {
    if (PyErr_Occurred() || (optional && object == Py_None)) return NULL;
    if (PyObject_GetBuffer(object, &array->view, PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0))) return NULL;
    array->held = 1;
    if (array->view.itemsize != item || (items >= 0 && array->view.len != items * item)) {
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

static Py_ssize_t length_of(const Array *array) { return array->view.len / array->view.itemsize; }

/* ---- a market's voice ----------------------------------------------------------------------------------------- */

enum { VECTORS, INDEX, STARTS, TABLE, NOBODY, POPULARITY, SAID_TO_ALL, SUBJECTS_TO_ALL, HELD };

typedef struct {
    PyObject_HEAD
    Array arrays[HELD];
    Py_ssize_t n, d, tags, subjects, columns;
    const float *vectors, *table, *nobody, *said_to_all;
    const int32_t *index, *starts;
    const double *popular, *to_all;
    double *said;      /* (tags + 1 + g + 1,) what each row of the table says to the diner of `turn` */
    uint32_t *said_in; /* in which turn that was found out */
    uint32_t turn;
    float *moved; /* (d,) how far that diner is from nobody */
} Voice;

static void voice_dealloc(Voice *voice) {
    released(voice->arrays, HELD);
    PyMem_Free(voice->said);
    PyMem_Free(voice->said_in);
    PyMem_Free(voice->moved);
    Py_TYPE(voice)->tp_free((PyObject *)voice);
}

static int is_sound(const Voice *v) { /* whether every index lies in the table, and every subject has columns */
    for (Py_ssize_t subject = 0; subject < v->subjects; subject++) {
        const Py_ssize_t end = subject + 1 < v->subjects ? v->starts[subject + 1] : v->columns;
        if (v->starts[subject] < 0 || v->starts[subject] >= end || end > v->columns) return 0;
    }
    for (Py_ssize_t at = 0; at < v->n * v->columns; at++)
        if (v->index[at] < 0 || v->index[at] > v->tags + v->subjects) return 0;
    return 1;
}

static int voice_init(Voice *v, PyObject *arguments, PyObject *names) {
    PyObject *o[HELD];
    if (v->said != NULL || (names != NULL && PyDict_GET_SIZE(names))) {
        PyErr_SetString(PyExc_TypeError, "a voice is made once, of eight arrays in their order");
        return -1;
    }
    if (!PyArg_ParseTuple(arguments, "OOOOOOOO", &o[VECTORS], &o[INDEX], &o[STARTS], &o[TABLE], &o[NOBODY],
                          &o[POPULARITY], &o[SAID_TO_ALL], &o[SUBJECTS_TO_ALL]))
        return -1;
    Array *a = v->arrays;
    v->nobody = taken(&a[NOBODY], o[NOBODY], "nobody", 4, -1, 0, 0);
    v->popular = taken(&a[POPULARITY], o[POPULARITY], "popular", 8, -1, 0, 0);
    v->starts = taken(&a[STARTS], o[STARTS], "starts", 4, -1, 0, 0);
    v->said_to_all = taken(&a[SAID_TO_ALL], o[SAID_TO_ALL], "said to all", 4, -1, 0, 0);
    if (PyErr_Occurred()) return -1;
    v->n = length_of(&a[POPULARITY]), v->d = length_of(&a[NOBODY]);
    v->subjects = length_of(&a[STARTS]), v->tags = length_of(&a[SAID_TO_ALL]) - 1;
    const Py_ssize_t rows = v->tags + 1 + v->subjects + 1;
    v->vectors = taken(&a[VECTORS], o[VECTORS], "vectors", 4, v->n * v->d, 0, 0);
    v->table = taken(&a[TABLE], o[TABLE], "table", 4, rows * v->d, 0, 0);
    v->index = taken(&a[INDEX], o[INDEX], "index", 4, -1, 0, 0);
    v->to_all = taken(&a[SUBJECTS_TO_ALL], o[SUBJECTS_TO_ALL], "to all", 8, v->n * v->subjects, 0, 0);
    if (PyErr_Occurred()) return -1;
    v->columns = v->n ? length_of(&a[INDEX]) / v->n : 0;
    if (v->tags < 0 || v->subjects < 2 || v->columns * v->n != length_of(&a[INDEX]) || (v->n && !is_sound(v))) {
        PyErr_SetString(PyExc_ValueError, "tags, subjects and their places do not fit");
        return -1;
    }
    v->said = PyMem_Calloc(rows, sizeof *v->said);
    v->said_in = PyMem_Calloc(rows, sizeof *v->said_in);
    v->moved = PyMem_Calloc(v->d + 1, sizeof *v->moved);
    if (v->said == NULL || v->said_in == NULL || v->moved == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static double dot(const float *a, const float *b, Py_ssize_t d) {
    double sums[4] = {0.0};
    Py_ssize_t at = 0;
    for (; at + 4 <= d; at += 4)
        for (int in = 0; in < 4; in++) sums[in] += (double)a[at + in] * b[at + in];
    for (int in = 0; at < d; at++, in++) sums[in] += (double)a[at] * b[at];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static double says(Voice *v, Py_ssize_t row) { /* what a row of the table says to the diner */
    if (v->said_in[row] != v->turn) {
        v->said[row] = dot(v->table + row * v->d, v->moved, v->d);
        v->said_in[row] = v->turn;
    }
    return v->said[row];
}

static Py_ssize_t end_of(const Voice *v, Py_ssize_t subject) {
    return subject + 1 < v->subjects ? v->starts[subject + 1] : v->columns;
}

/* ---- what lifts an entry -------------------------------------------------------------------------------------- */

typedef struct {
    Py_ssize_t k, size, width;
    const int64_t *rows;  /* (K,) of the catalogue */
    const int64_t *order; /* (S,) columns of the shortlist, the best first */
    PyObject *ranks;      /* K ranks in it, from 1 */
    const double *shown;           /* (TERMS, K) */
    const double *terms, *offsets; /* (TERMS, S), (S,) of the shortlist */
    const uint8_t *passing;
    int personal, seen, recent, moment;
    double near_weight, slope;
    double *pieces; /* (K, P) */
    int32_t *told;  /* (K, MOST_TOLD) piece + P * (tag + 1); -1: nothing */
} List;

/* The mean of a term over the candidates; `any`: whether it is not 0 throughout, be they candidates or not. */
static double typical(const List *list, int term, int *any) {
    const double *values = list->terms + term * list->size;
    double sum = 0.0;
    Py_ssize_t count = 0;
    *any = 0;
    for (Py_ssize_t at = 0; at < list->size; at++) {
        if (values[at] != 0.0) *any = 1;
        if (list->passing && !list->passing[at]) continue;
        sum += values[at];
        count++;
    }
    return count ? sum / count : 0.0;
}

static double logit(double x) { /* around the middle x / (1 - x) would lose digits */
    if (x < 0.3 || x > 0.65) return log(x / (1.0 - x));
    const double s = 2.0 * (x - 0.5);
    return log1p(s) - log1p(-s);
}

static double raw(double chance) { /* log odds; the curve is a line in them */
    return logit(fmin(fmax(chance, SURE), 1.0 - SURE));
}

static void weigh_diner(Voice *v, const List *list) {
    const Py_ssize_t yours = v->subjects - 1, mean = v->tags + 1 + v->subjects;
    for (Py_ssize_t entry = 0; entry < list->k; entry++) {
        const int64_t row = list->rows[entry];
        double *pieces = list->pieces + entry * list->width, all = says(v, mean);
        for (Py_ssize_t subject = 0; list->seen && subject < yours; subject++) {
            const int32_t *index = v->index + row * v->columns;
            double sum = 0.0;
            for (Py_ssize_t at = v->starts[subject]; at < end_of(v, subject); at++)
                if (index[at] != v->tags) sum += says(v, index[at]);
            pieces[TO_YOU + subject] = sum - says(v, v->tags + 1 + subject);
            all += pieces[TO_YOU + subject];
        }
        pieces[TASTE] = dot(v->vectors + row * v->d, v->moved, v->d) - all;
    }
}

/* What a term adds after calibration: so much more a score would have to be to give the chance that it leads to. */
static void weigh_later(const List *list, int term, Py_ssize_t piece) {
    int any;
    double average = typical(list, term, &any);
    if (!any) return;
    /* Whom the control lifts least, or moves down, it does not lift, however far it moves the others down. */
    if (term == TERM_FAIRNESS) average = fmax(average, 0.0);
    for (Py_ssize_t entry = 0; entry < list->k; entry++) {
        double before = list->shown[entry];
        for (int at = 1; at < term; at++) before += list->shown[at * list->k + entry];
        const double own = list->shown[term * list->k + entry];
        list->pieces[entry * list->width + piece] = (raw(own + before) - raw(average + before)) / list->slope;
    }
}

static void weigh_term(const List *list, int term, Py_ssize_t piece) {
    int any;
    const double average = typical(list, term, &any);
    for (Py_ssize_t entry = 0; entry < list->k; entry++)
        list->pieces[entry * list->width + piece] = list->shown[term * list->k + entry] - average;
}

static void weigh_all(Voice *v, const List *list) {
    const Py_ssize_t to_all = TO_YOU + v->subjects - 1, later = to_all + v->subjects;
    memset(list->pieces, 0, sizeof(double) * list->k * list->width);
    for (Py_ssize_t entry = 0; entry < list->k; entry++) {
        double *pieces = list->pieces + entry * list->width;
        const int64_t row = list->rows[entry];
        const Py_ssize_t rank = PyLong_AsSsize_t(PyList_GET_ITEM(list->ranks, entry)) - 1;
        if (rank < 0 || rank >= list->size) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a rank beyond the shortlist");
            return;
        }
        pieces[NEAR] = list->offsets[list->order[rank]] * list->near_weight;
        pieces[POPULAR] = v->popular[row];
        memcpy(pieces + to_all, v->to_all + row * v->subjects, sizeof(double) * v->subjects);
    }
    if (list->personal) weigh_diner(v, list);
    if (list->recent) weigh_term(list, TERM_RECENCY, RECENT);
    if (list->moment) weigh_term(list, TERM_SECOND_STAGE, MOMENT);
    weigh_later(list, TERM_FAIRNESS, later);
    weigh_later(list, TERM_EXPLORATION, later + 1);
}

/* ---- what is told of it --------------------------------------------------------------------------------------- */

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

/* The tag of a subject that says most for a restaurant, to the diner or to everybody; -1: it has none. */
static Py_ssize_t named(Voice *v, int64_t row, Py_ssize_t subject, int to_you) {
    const int32_t *index = v->index + row * v->columns;
    Py_ssize_t best = -1;
    double most = 0.0;
    for (Py_ssize_t at = v->starts[subject]; at < end_of(v, subject); at++) {
        if (index[at] >= v->tags) continue;
        const double said = to_you ? says(v, index[at]) : v->said_to_all[index[at]];
        if (best < 0 || said > most) best = index[at], most = said;
    }
    return best;
}

/* Bits of the pieces that are told of any entry; 0 with an error set. */
static uint32_t tell(Voice *v, const List *list) {
    const Py_ssize_t to_all = TO_YOU + v->subjects - 1, later = to_all + v->subjects;
    uint32_t told = 0;
    for (Py_ssize_t entry = 0; entry < list->k; entry++) {
        const double *pieces = list->pieces + entry * list->width;
        Py_ssize_t best[MOST_TOLD];
        double lifts = 0.0;
        for (Py_ssize_t piece = 0; piece < list->width; piece++) lifts += pieces[piece] > 0.0 ? pieces[piece] : 0.0;
        const int count = best_of(pieces, list->width, lifts * LEAST_SHARE + LEAST, MOST_TOLD, best);
        for (int place = 0; place < MOST_TOLD; place++) {
            int32_t *code = list->told + entry * MOST_TOLD + place;
            *code = -1;
            if (place >= count) continue;
            const Py_ssize_t piece = best[place];
            Py_ssize_t tag = -1;
            if (piece >= TO_YOU && piece < later) {
                const int to_you = piece < to_all;
                tag = named(v, list->rows[entry], piece - (to_you ? TO_YOU : to_all), to_you);
                if (tag < 0) {
                    PyErr_SetString(PyExc_ValueError, "a restaurant has no tag of what is told of it");
                    return 0;
                }
            }
            *code = (int32_t)(piece + list->width * (tag + 1));
            told |= (uint32_t)1 << piece;
        }
    }
    return told;
}

static int in_range(const int64_t *values, Py_ssize_t count, Py_ssize_t end) {
    for (Py_ssize_t at = 0; at < count; at++)
        if (values[at] < 0 || values[at] >= end) return 0;
    return 1;
}

static PyObject *weigh(Voice *v, PyObject *arguments) {
    enum { ROWS, SHOWN, ORDER, TERM, OFFSETS, PASSING, VECTOR, PIECES, ARRAYS };
    PyObject *o[ARRAYS], *told = NULL;
    List list;
    if (v->said == NULL) {
        PyErr_SetString(PyExc_ValueError, "this voice was not made");
        return NULL;
    }
    if (!PyArg_ParseTuple(arguments, "OO!OOOOOOpppddO", &o[ROWS], &PyList_Type, &list.ranks, &o[SHOWN],
                          &o[ORDER], &o[TERM], &o[OFFSETS], &o[PASSING], &o[VECTOR], &list.seen, &list.recent,
                          &list.moment, &list.near_weight, &list.slope, &o[PIECES]))
        return NULL;
    Array a[ARRAYS] = {0};
    uint32_t bits = 0;
    list.rows = taken(&a[ROWS], o[ROWS], "rows", 8, -1, 0, 0);
    list.offsets = taken(&a[OFFSETS], o[OFFSETS], "offsets", 8, -1, 0, 0);
    if (!PyErr_Occurred()) {
        list.k = length_of(&a[ROWS]), list.size = length_of(&a[OFFSETS]);
        list.width = TO_YOU + 2 * v->subjects - 1 + 2;
        list.shown = taken(&a[SHOWN], o[SHOWN], "shown terms", 8, TERMS * list.k, 0, 0);
        list.order = taken(&a[ORDER], o[ORDER], "order", 8, list.size, 0, 0);
        list.terms = taken(&a[TERM], o[TERM], "terms", 8, TERMS * list.size, 0, 0);
        list.passing = taken(&a[PASSING], o[PASSING], "passing", 1, list.size, 0, 1);
        const float *vector = taken(&a[VECTOR], o[VECTOR], "vector", 4, v->d, 0, 1);
        list.pieces = taken(&a[PIECES], o[PIECES], "pieces", 8, list.k * list.width, 1, 0);
        list.personal = vector != NULL;
        for (Py_ssize_t at = 0; vector && at < v->d; at++) v->moved[at] = vector[at] - v->nobody[at];
    }
    if (!PyErr_Occurred() &&
        (!in_range(list.rows, list.k, v->n) || !in_range(list.order, list.size, list.size) ||
                              PyList_GET_SIZE(list.ranks) != list.k || list.width > 32))
        PyErr_SetString(PyExc_ValueError, "rows, ranks or the order do not fit, or there are too many subjects");
    if (!PyErr_Occurred()) told = PyBytes_FromStringAndSize(NULL, sizeof(int32_t) * MOST_TOLD * list.k);
    if (told != NULL) {
        list.told = (int32_t *)PyBytes_AS_STRING(told);
        if (++v->turn == 0) { /* what was said 2^32 turns ago is not what is said now */
            memset(v->said_in, 0, sizeof *v->said_in * (v->tags + v->subjects + 2));
            v->turn = 1;
        }
        weigh_all(v, &list);
        if (!PyErr_Occurred()) bits = tell(v, &list);
    }
    released(a, ARRAYS);
    if (PyErr_Occurred()) {
        Py_XDECREF(told);
        return NULL;
    }
    return Py_BuildValue("(NI)", told, bits);
}

static PyMethodDef voice_methods[] = {
    {"weigh", (PyCFunction)weigh, METH_VARARGS, "Fill the pieces of a list's entries; what is told of each, and bits of it all."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject VoiceType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "services.serving._entries.Voice",
    .tp_basicsize = sizeof(Voice),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "What a market's restaurants say, to a diner and to everybody; of one model.",
    .tp_new = PyType_GenericNew,
    .tp_init = (initproc)voice_init,
    .tp_dealloc = (destructor)voice_dealloc,
    .tp_methods = voice_methods,
};

/* ---- the JSON ------------------------------------------------------------------------------------------------- */

/* Scores, rounded kilometres and minutes, one after the other, for whoever writes numbers; NaN becomes null there. */
static PyObject *numbers(PyObject *self, PyObject *arguments) {
    enum { ROWS, SCORES, DISTANCES, ETA, OUT, ARRAYS };
    PyObject *o[ARRAYS];
    (void)self;
    if (!PyArg_ParseTuple(arguments, "OOOOO", &o[ROWS], &o[SCORES], &o[DISTANCES], &o[ETA], &o[OUT])) return NULL;
    Array a[ARRAYS] = {0};
    const int64_t *rows = taken(&a[ROWS], o[ROWS], "rows", 8, -1, 0, 0);
    const Py_ssize_t k = rows ? length_of(&a[ROWS]) : 0;
    const double *scores = taken(&a[SCORES], o[SCORES], "scores", 8, k, 0, 0);
    const double *distances = taken(&a[DISTANCES], o[DISTANCES], "distances", 8, k, 0, 0);
    const float *eta = taken(&a[ETA], o[ETA], "minutes", 4, -1, 0, 1);
    double *out = taken(&a[OUT], o[OUT], "numbers", 8, 3 * k, 1, 0);
    if (!PyErr_Occurred() && eta && !in_range(rows, k, length_of(&a[ETA])))
        PyErr_SetString(PyExc_ValueError, "a row beyond the catalogue");
    for (Py_ssize_t at = 0; !PyErr_Occurred() && at < k; at++) {
        out[at] = scores[at];
        out[k + at] = rint(distances[at] * 1000.0) / 1000.0; /* as np.round does */
        out[2 * k + at] = eta ? eta[rows[at]] : NAN;
    }
    released(a, ARRAYS);
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

enum { FIRST_ROOM = 1 << 14 };

typedef struct {
    char *text;
    size_t length, room;
    int failed;
} Text;

static void put(Text *text, const char *more, size_t length) {
    if (text->failed) return;
    if (text->length + length > text->room) {
        const size_t room = 2 * (text->length + length);
        char *grown = PyMem_Realloc(text->text, room);
        if (grown == NULL) {
            text->failed = 1;
            return;
        }
        text->text = grown;
        text->room = room;
    }
    memcpy(text->text + text->length, more, length);
    text->length += length;
}

#define PUT(text, literal) put(text, literal, sizeof literal - 1)

static void put_bytes(Text *text, PyObject *object) { /* sets an error for anything but bytes */
    if (object == NULL || !PyBytes_Check(object)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "what is written must be bytes");
        text->failed = 1;
        return;
    }
    put(text, PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object));
}

static void put_number(Text *text, Py_ssize_t number) {
    char digits[24];
    put(text, digits, snprintf(digits, sizeof digits, "%zd", number));
}

static PyObject *item_of(PyObject *sequence, Py_ssize_t at) { /* borrowed, of a tuple or a list; NULL where there is none */
    if (PyTuple_Check(sequence)) return at < PyTuple_GET_SIZE(sequence) ? PyTuple_GET_ITEM(sequence, at) : NULL;
    if (PyList_Check(sequence)) return at < PyList_GET_SIZE(sequence) ? PyList_GET_ITEM(sequence, at) : NULL;
    return NULL;
}

/* The next of numbers that are parted by commas. */
static void put_next(Text *text, const char **from, const char *end) {
    const char *comma = memchr(*from, ',', end - *from);
    const char *last = comma ? comma : end;
    put(text, *from, last - *from);
    *from = comma ? comma + 1 : end;
}

typedef struct {
    const int32_t *told; /* NULL: reasons were not asked for */
    Py_ssize_t width, to_all, later;
    PyObject *always, *to_you, *to_everybody, *own;
    const double *distances;
} Words;

static void put_near(Text *text, double km) {
    char *way = PyOS_double_to_string(km, 'f', 1, 0, NULL);
    if (way == NULL) {
        text->failed = 1;
        return;
    }
    PUT(text, "{\"code\":\"near\",\"text\":\"");
    put(text, way, strlen(way));
    PUT(text, " km away\"}");
    PyMem_Free(way);
}

static void put_reasons(Text *text, const Words *words, Py_ssize_t entry, PyObject *paid) {
    int count = 0;
    PUT(text, "[");
    if (paid != NULL) {
        put_bytes(text, paid);
        count++;
    }
    for (int place = 0; words->told && count < MOST_TOLD && place < MOST_TOLD; place++) {
        const int32_t code = words->told[entry * MOST_TOLD + place];
        if (code < 0) break;
        const Py_ssize_t piece = code % words->width, tag = code / words->width - 1;
        if (count++) PUT(text, ",");
        PyObject *always = item_of(words->always, piece);
        if (always != NULL && always != Py_None) {
            put_bytes(text, always);
        } else if (piece == NEAR) {
            put_near(text, words->distances[entry]);
        } else if (tag >= 0) {
            put_bytes(text, item_of(piece < words->to_all ? words->to_you : words->to_everybody, tag));
        } else {
            PyObject *own = item_of(words->own, piece);
            put_bytes(text, own == NULL ? NULL : item_of(own, entry));
        }
    }
    PUT(text, "]");
}

typedef struct {
    Py_ssize_t k, n;
    const int64_t *rows;
    const uint8_t *open; /* NULL: not known, so open */
    PyObject *cards, *ranks, *paid, *terms;
    const char *scores, *ways, *minutes, *end; /* where the next of each stands in the numbers */
} Entries;

static const char *after_commas(const char *from, const char *end, Py_ssize_t count) {
    for (; count > 0 && from < end; count--) {
        const char *comma = memchr(from, ',', end - from);
        from = comma ? comma + 1 : end;
    }
    return from;
}

/* What was paid for a place: (sponsor, note), borrowed; NULL where it was not sold, or with an error set. */
static PyObject *paid_for(const Entries *list, Py_ssize_t entry) {
    if (!PyDict_GET_SIZE(list->paid)) return NULL;
    PyObject *slot = PyLong_FromSsize_t(entry);
    PyObject *paid = slot ? PyDict_GetItemWithError(list->paid, slot) : NULL;
    Py_XDECREF(slot);
    return paid;
}

static void put_entry(Text *text, Entries *list, const Words *words, Py_ssize_t entry) {
    const int64_t row = list->rows[entry];
    PyObject *card = item_of(list->cards, row), *paid = paid_for(list, entry);
    if (card == NULL || PyErr_Occurred()) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "a row beyond the catalogue");
        text->failed = 1;
        return;
    }
    PUT(text, "{\"rank\":");
    put_number(text, entry + 1);
    PUT(text, ",");
    put_bytes(text, item_of(card, 0));
    PUT(text, ",\"score\":");
    put_next(text, &list->scores, list->end);
    PUT(text, ",\"organic_rank\":");
    put_number(text, PyLong_AsSsize_t(PyList_GET_ITEM(list->ranks, entry)));
    if (paid != NULL) {
        PUT(text, ",\"sponsored\":true,\"sponsor\":");
        put_bytes(text, item_of(paid, 0));
    } else {
        PUT(text, ",\"sponsored\":false,\"sponsor\":null");
    }
    PUT(text, ",\"reasons\":");
    put_reasons(text, words, entry, paid == NULL ? NULL : item_of(paid, 1));
    PUT(text, ",\"explanation\":");
    if (list->terms == Py_None) PUT(text, "null");
    else put_bytes(text, item_of(list->terms, entry));
    PUT(text, ",");
    put_bytes(text, item_of(card, 1));
    PUT(text, ",\"distance_km\":");
    put_next(text, &list->ways, list->end);
    if (!list->open || list->open[row]) PUT(text, ",\"open_now\":true,\"eta_minutes\":");
    else PUT(text, ",\"open_now\":false,\"eta_minutes\":");
    put_next(text, &list->minutes, list->end);
    PUT(text, "}");
}

static PyObject *written(PyObject *self, PyObject *arguments) {
    enum { ROWS, OPEN, DISTANCES, TOLD, ARRAYS };
    PyObject *o[ARRAYS], *head, *figures, *body = NULL;
    Py_ssize_t subjects;
    Entries list;
    Words words;
    (void)self;
    if (!PyArg_ParseTuple(arguments, "SSO!O!O!OOOOOnOOOO", &head, &figures, &PyTuple_Type, &list.cards, &PyList_Type,
                          &list.ranks, &PyDict_Type, &list.paid, &list.terms, &o[ROWS], &o[OPEN], &o[DISTANCES], &o[TOLD],
                          &subjects, &words.always, &words.to_you, &words.to_everybody, &words.own))
        return NULL;
    Array a[ARRAYS] = {0};
    Text text = {PyMem_Malloc(FIRST_ROOM), 0, FIRST_ROOM, 0};
    if (text.text == NULL) return PyErr_NoMemory();
    list.rows = taken(&a[ROWS], o[ROWS], "rows", 8, -1, 0, 0);
    list.k = list.rows ? length_of(&a[ROWS]) : 0;
    list.open = taken(&a[OPEN], o[OPEN], "open", 1, PyTuple_GET_SIZE(list.cards), 0, 1);
    words.distances = taken(&a[DISTANCES], o[DISTANCES], "distances", 8, list.k, 0, 0);
    words.told = taken(&a[TOLD], o[TOLD], "told", 1, sizeof(int32_t) * MOST_TOLD * list.k, 0, 1);
    words.to_all = TO_YOU + subjects - 1;
    words.width = words.to_all + subjects + 2;
    list.scores = PyBytes_AS_STRING(figures) + 1;
    list.end = list.scores + PyBytes_GET_SIZE(figures) - 2;
    list.ways = after_commas(list.scores, list.end, list.k);
    list.minutes = after_commas(list.ways, list.end, list.k);
    if (!PyErr_Occurred() && (PyBytes_GET_SIZE(figures) < 2 || PyList_GET_SIZE(list.ranks) != list.k || subjects < 1 ||
                              !in_range(list.rows, list.k, PyTuple_GET_SIZE(list.cards))))
        PyErr_SetString(PyExc_ValueError, "numbers, ranks or rows do not fit");
    if (!PyErr_Occurred()) {
        put(&text, PyBytes_AS_STRING(head), PyBytes_GET_SIZE(head));
        PUT(&text, ",\"items\":[");
        for (Py_ssize_t entry = 0; entry < list.k && !text.failed; entry++) {
            if (entry) PUT(&text, ",");
            put_entry(&text, &list, &words, entry);
        }
        PUT(&text, "]}");
        if (!PyErr_Occurred()) body = text.failed ? PyErr_NoMemory() : PyBytes_FromStringAndSize(text.text, text.length);
    }
    PyMem_Free(text.text);
    released(a, ARRAYS);
    return body;
}

static PyMethodDef methods[] = {
    {"numbers", numbers, METH_VARARGS, "Fill (3 K,) float64: scores, kilometres to three decimals, minutes."},
    {"written", written, METH_VARARGS, "A list's document: an opened head with its entries, closed."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_entries", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__entries(void) {
    if (PyType_Ready(&VoiceType) < 0) return NULL;
    PyObject *made = PyModule_Create(&module);
    if (made != NULL && PyModule_AddObjectRef(made, "Voice", (PyObject *)&VoiceType) < 0) Py_CLEAR(made);
    return made;
}
