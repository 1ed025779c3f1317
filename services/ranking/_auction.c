/* The auction of one list, compiled: candidates, their worth, the best layout and its prices in one call.

   What it computes is written down in services/ads/blend.py and services/ads/prices.py, and the tests hold this against
   them. It exists because a request has a few dozen candidates and twenty slots: too few for numpy, too many for
   Python, and all of it stands in the way of the answer. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define MOST_SLOTS 100
#define MOST_ADS 10

/* Twin of CANDIDATE in auction.py. */
typedef struct {
    int32_t entry; /* of the offers */
    int16_t rank;  /* organic, from 0 */
    uint8_t per_order, outcome;
    double value, clicks, bid, reserve, pace, orders; /* the floor of value reads orders: no lift, no draw is in it */
} Candidate;

enum { SHOWN, LOST_TO_BUDGET, LOST_TO_FLOOR, LOST_TO_PRICE }; /* twin of Outcome in auction.py */

typedef struct {
    double money, label_cost, value_floor, click_floor;
    int first_slot, gap, cap;
} Rules;

typedef struct {
    int k, most;                                /* slots; ads at most */
    const double *theta;                        /* (k,) */
    double organic[MOST_SLOTS];                 /* (k,) */
    double sums[MOST_ADS + 1][MOST_SLOTS + 1];  /* C_j(s) */
    double reached[MOST_ADS][MOST_SLOTS];       /* by slot from first(j) on: the best sum with the j-th ad there */
    Rules rules;
} Search;

static int first_slot_of(const Search *search, int ads) { /* ads from 1 */
    return search->rules.first_slot - 1 + (ads - 1) * search->rules.gap;
}

static void prepare(Search *search) {
    for (int ads = 0; ads <= search->most; ads++) {
        double total = 0.0;
        for (int slot = 0; slot <= search->k; slot++) {
            search->sums[ads][slot] = total;
            if (slot < search->k && slot >= ads) total += search->theta[slot] * search->organic[slot - ads];
        }
    }
}

/* The best W for a queue of ads, the first `kept` of which stand as they stood; best number of ads in *chosen. */
static double extend(const Search *search, const double *queue, int count, int kept, double reached[][MOST_SLOTS],
                     int *chosen) {
    const int k = search->k;
    double best_welfare = search->sums[0][k];
    int best_ads = 0;
    for (int ads = 1; ads <= count && ads <= search->most; ads++) {
        const int first = first_slot_of(search, ads);
        if (first >= k) break;
        double best = -INFINITY;
        if (ads > kept) {
            const double *before = search->sums[ads - 1], *after = search->sums[ads], worth = queue[ads - 1];
            double running = -INFINITY;
            for (int slot = first; slot < k; slot++) {
                double sum = before[slot] - after[slot + 1] + search->theta[slot] * worth;
                if (ads > 1) {
                    const double earlier = reached[ads - 2][slot - first];
                    if (earlier > running) running = earlier;
                    sum += running;
                }
                reached[ads - 1][slot - first] = sum;
            }
        }
        for (int at = 0; at < k - first; at++)
            if (reached[ads - 1][at] > best) best = reached[ads - 1][at];
        const double welfare = best + search->sums[ads][k];
        if (welfare > best_welfare) best_welfare = welfare, best_ads = ads;
    }
    if (chosen) *chosen = best_ads;
    return best_welfare;
}

static void trace(const Search *search, int ads, int *slots) {
    int end = search->k;
    for (; ads > 0; ads--) {
        const int first = first_slot_of(search, ads), room = search->k - first;
        const int width = end < room ? end : room;
        int best = 0;
        for (int at = 1; at < width; at++)
            if (search->reached[ads - 1][at] > search->reached[ads - 1][best]) best = at;
        slots[ads - 1] = first + best;
        end = best + 1; /* the ad before it stands at least a gap higher */
    }
}

static double worth_at(const Candidate *candidate, double bid, const Rules *rules) {
    const double surplus = rules->money * (candidate->clicks * bid) - rules->label_cost;
    if (!(bid >= candidate->reserve && surplus > 0.0)) return -INFINITY;
    if (rules->value_floor > 0.0 && !(candidate->orders >= rules->value_floor)) return -INFINITY;
    if (rules->click_floor > 0.0 && !(candidate->clicks >= rules->click_floor)) return -INFINITY;
    return candidate->value + surplus;
}

static double clamped(double price, const Candidate *candidate) {
    if (!(price > candidate->reserve)) price = candidate->reserve;
    return price > candidate->bid ? candidate->bid : price;
}

/* Prices of the first `ads` of the queue. `pricing`: 0 VCG, 1 GSP, 2 the bids. */
static void price(const Search *search, const Candidate **winners, const double *queue, int count, int ads,
                  const int *slots, double welfare, int pricing, double *prices) {
    const Rules *rules = &search->rules;
    double reached[MOST_ADS][MOST_SLOTS];
    for (int place = 0; place < ads; place++) {
        const Candidate *own = winners[place];
        if (pricing == 2) {
            prices[place] = own->bid;
        } else if (pricing == 1) {
            const double next = place + 1 < count ? queue[place + 1] : -INFINITY;
            const double ahead = next > own->value ? next - own->value : 0.0; /* the label is paid whoever follows */
            prices[place] = clamped((ahead + rules->label_cost) / (rules->money * own->clicks), own);
        } else {
            double rest[MOST_ADS + 1];
            const double least = worth_at(own, own->reserve, rules);
            int length = 0, placed = !(least > -INFINITY);
            for (int other = 0; other < count; other++) {
                if (other == place) continue;
                if (!placed && queue[other] < least) rest[length++] = least, placed = 1;
                rest[length++] = queue[other];
            }
            if (!placed) rest[length++] = least;
            if (place) memcpy(reached, search->reached, sizeof(double) * MOST_SLOTS * place);
            const double without = extend(search, rest, length, place, reached, NULL);
            const double clicks = search->theta[slots[place]] * own->clicks;
            prices[place] = clamped(own->bid - (welfare - without) / (rules->money * clicks), own);
        }
    }
}

static PyObject *numbers(const int *values, int count) {
    PyObject *list = PyList_New(count);
    for (int at = 0; list && at < count; at++) PyList_SET_ITEM(list, at, PyLong_FromLong(values[at]));
    return list;
}

static PyObject *doubles(const double *values, int count) {
    PyObject *list = PyList_New(count);
    for (int at = 0; list && at < count; at++) PyList_SET_ITEM(list, at, PyFloat_FromDouble(values[at]));
    return list;
}

enum { ORDER, ROWS, SCORES, TERMS, OFFSETS, OF_ROW, BIDS, PACES, PER_ORDER, THETA, ARRAYS };

static uint8_t outcome_of(const Candidate *candidate, const Rules *rules) { /* of one that is not shown */
    if (candidate->bid < 0.0) return LOST_TO_BUDGET;
    if (candidate->orders < rules->value_floor || candidate->clicks < rules->click_floor) return LOST_TO_FLOOR;
    return LOST_TO_PRICE;
}

static PyObject *answer(Candidate *found, int candidates, const double *values, Search *search, int pricing) {
    /* The best cap + 1 by worth, earlier ones first among equals. */
    const int most = search->rules.cap + 1;
    double queue[MOST_ADS + 1];
    int places[MOST_ADS + 1], count = 0;
    for (int at = 0; at < candidates; at++) {
        const double worth = worth_at(&found[at], found[at].bid, &search->rules);
        if (!(worth > -INFINITY) || (count == most && !(worth > queue[count - 1]))) continue;
        int to = count < most ? count++ : count - 1;
        for (; to > 0 && queue[to - 1] < worth; to--) queue[to] = queue[to - 1], places[to] = places[to - 1];
        queue[to] = worth, places[to] = at;
    }
    double welfare = 0.0, organic = 0.0;
    int ads = 0, slots[MOST_ADS], winners[MOST_ADS], ranks[MOST_SLOTS];
    double prices[MOST_ADS], payments[MOST_ADS];
    int sold[MOST_ADS];
    if (count) {
        for (int rank = 0; rank < search->k; rank++) search->organic[rank] = values[rank];
        search->most = search->rules.cap < search->k ? search->rules.cap : search->k;
        prepare(search);
        welfare = extend(search, queue, count, 0, search->reached, &ads);
        organic = search->sums[0][search->k];
        trace(search, ads, slots);
        const Candidate *won[MOST_ADS];
        for (int place = 0; place < ads; place++) winners[place] = places[place], won[place] = &found[places[place]];
        price(search, won, queue, count, ads, slots, welfare, pricing, prices);
    }
    for (int at = 0; at < candidates; at++) found[at].outcome = outcome_of(&found[at], &search->rules);
    for (int ad = 0; ad < ads; ad++) {
        Candidate *own = &found[winners[ad]];
        own->outcome = SHOWN;
        sold[ad] = own->entry;
        payments[ad] = search->rules.money * (own->clicks * own->bid) - search->rules.label_cost;
    }
    for (int slot = 0, ad = 0; slot < search->k; slot++)
        ranks[slot] = ad < ads && slots[ad] == slot ? (int)found[winners[ad++]].rank : slot - ad;
    return Py_BuildValue("(y#NNNNNd)", (const char *)found, (Py_ssize_t)(candidates * sizeof(Candidate)),
                         numbers(slots, ads), numbers(sold, ads), numbers(ranks, search->k), doubles(prices, ads),
                         doubles(payments, ads),
                         welfare - organic);
}

static PyObject *hold(PyObject *module, PyObject *args) {
    (void)module;
    PyObject *objects[ARRAYS];
    int request, size, k, pricing;
    double slope, travel, intercept, reserve_click, reserve_order;
    static Search search; /* 18 kB; the interpreter's lock is held throughout */
    Rules *rules = &search.rules;
    if (!PyArg_ParseTuple(args, "OOOOOOOOOOiii(ddd)(dd)(diiiddd)i", &objects[ORDER], &objects[ROWS], &objects[SCORES],
                          &objects[TERMS], &objects[OFFSETS], &objects[OF_ROW], &objects[BIDS], &objects[PACES],
                          &objects[PER_ORDER], &objects[THETA], &request, &size, &k, &slope, &travel, &intercept, &reserve_click,
                          &reserve_order, &rules->money, &rules->first_slot, &rules->gap, &rules->cap,
                          &rules->label_cost, &rules->value_floor, &rules->click_floor, &pricing))
        return NULL;
    Py_buffer views[ARRAYS];
    int taken = 0;
    PyObject *result = NULL;
    static const Py_ssize_t sizes[ARRAYS] = {8, 8, 8, 8, 8, 8, 8, 8, 1, 8};
    for (; taken < ARRAYS; taken++) {
        if (PyObject_GetBuffer(objects[taken], &views[taken], PyBUF_C_CONTIGUOUS)) goto done;
        if (views[taken].itemsize != sizes[taken]) {
            PyErr_Format(PyExc_ValueError, "array %d has items of %zd bytes", taken, views[taken].itemsize);
            taken++;
            goto done;
        }
    }
    {
        const Py_ssize_t batch = views[ORDER].ndim == 2 ? views[ORDER].shape[0] : 0;
        const Py_ssize_t width = batch ? views[ORDER].shape[1] : 0, plane = batch * width;
        const Py_ssize_t restaurants = views[OF_ROW].len / 8, campaigns = views[BIDS].len / 8;
        if (request < 0 || request >= batch || size < 0 || size > width || k < 1 || k > MOST_SLOTS ||
            rules->cap < 0 || rules->cap > MOST_ADS || rules->first_slot < 1 || rules->gap < 1 ||
            !(rules->money > 0.0) || views[ROWS].len / 8 != plane || views[SCORES].len / 8 != plane ||
            views[OFFSETS].len / 8 != plane || views[TERMS].len / 8 < 4 * plane ||
            views[PER_ORDER].len != campaigns || views[PACES].len / 8 != campaigns || width > INT16_MAX || views[THETA].len / 8 < k) {
            PyErr_SetString(PyExc_ValueError, "sizes of the arrays, the request or the rules do not fit");
            goto done;
        }
        const int64_t *order = (const int64_t *)views[ORDER].buf + request * width;
        const int64_t *rows = (const int64_t *)views[ROWS].buf + request * width;
        const double *scores = (const double *)views[SCORES].buf + request * width;
        const double *terms = (const double *)views[TERMS].buf + request * width;
        const double *offsets = (const double *)views[OFFSETS].buf + request * width;
        const int64_t *of_row = views[OF_ROW].buf;
        const double *bids = views[BIDS].buf, *paces = views[PACES].buf;
        const uint8_t *per_order = views[PER_ORDER].buf;
        search.theta = views[THETA].buf;
        search.k = k < size ? k : size;
        for (Py_ssize_t rank = 0; rank < size; rank++) {
            const int64_t column = order[rank];
            if (column < 0 || column >= width || rows[column] < 0 || rows[column] >= restaurants) {
                PyErr_SetString(PyExc_ValueError, "a row that the catalogue does not have");
                goto done;
            }
        }
        Candidate *found = size > search.k ? PyMem_Malloc(sizeof(Candidate) * (size - search.k)) : NULL;
        int candidates = 0;
        for (int rank = search.k; found && rank < size; rank++) {
            const int64_t column = order[rank];
            const int64_t entry = of_row[rows[column]];
            if (entry < 0 || entry >= campaigns) continue;
            /* relevance, recency and second stage; the fourth term is the calibration */
            const double raw = terms[column] + terms[plane + column] + terms[2 * plane + column];
            const double orders = raw + terms[3 * plane + column];
            const double clicks = per_order[entry]
                                      ? orders
                                      : 1.0 / (1.0 + exp(-(slope * raw + travel * offsets[column] + intercept)));
            const double reserve = per_order[entry] ? reserve_order : reserve_click;
            found[candidates++] = (Candidate){(int32_t)entry,  (int16_t)rank, per_order[entry], 0,           scores[column],
                                              clicks, bids[entry],   reserve,          paces[entry], orders};
        }
        if (candidates) {
            double values[MOST_SLOTS];
            for (int rank = 0; rank < search.k; rank++) values[rank] = scores[order[rank]];
            result = answer(found, candidates, values, &search, pricing);
        } else {
            result = Py_NewRef(Py_None);
        }
        PyMem_Free(found);
    }
done:
    while (taken--) PyBuffer_Release(&views[taken]);
    return result;
}

static PyMethodDef methods[] = {
    {"hold", hold, METH_VARARGS, "Hold the auction of one list; see services.ranking.auction.run_auction."},
    {NULL, NULL, 0, NULL},
};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_auction", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__auction(void) { return PyModule_Create(&module); }
