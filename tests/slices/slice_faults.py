"""Each rule of the search for slices, broken in one place, and the tests that guard it."""

from planting import Fault

_SEARCH, _COMPARISON, _SHOWN = "models/slices/search.py", "models/slices/comparison.py", "models/slices/shown.py"
_GATES = "services/retraining/gates.py"
_OF_SEARCH, _OF_COMPARISON = "tests/slices/test_search.py", "tests/slices/test_comparison.py"

FAULTS = (
    Fault(
        "diners without a case in the slice are part of the error",
        _SEARCH,
        "np.maximum(others, 0.0) / outside**2",
        "0.0 * others",
        f"{_OF_SEARCH} -k brute_force",
    ),
    Fault(
        "many looks are corrected for",
        _SEARCH,
        "order = _in_order(table, np.asarray(adjusted <= options.alpha), options)",
        "order = _in_order(table, table.p_values(options.least) <= options.alpha, options)",
        f"{_OF_SEARCH} -k hardly_anything",
    ),
    Fault(
        "what is found before is not found again",
        _SEARCH,
        "left &= ~inside",
        "left &= left",
        f"{_OF_SEARCH} -k sake",
    ),
    Fault(
        "a conjunction is worse than its conditions",
        _SEARCH,
        "elif not all(_worse_than_the_rest_of(",
        "elif all(_worse_than_the_rest_of(",
        f"{_OF_SEARCH} -k nothing_that_is_bad",
    ),
    Fault(
        "differences are before less after",
        _COMPARISON,
        "losses=before - after",
        "losses=after - before",
        f"{_OF_COMPARISON} -k got_worse",
    ),
    Fault(
        "small losses pass",
        _GATES,
        'if one["low"] > bounds.slice_loss * one["before"]:',
        'if one["low"] > 0.0:',
        f"{_OF_COMPARISON} -k small_losses",
    ),
    Fault(
        "a loss that only seems large stops a version",
        _GATES,
        'if one["low"] > bounds.slice_loss * one["before"]:',
        'if one["loss"] > bounds.slice_loss * one["before"]:',
        f"{_OF_COMPARISON} -k only_seems",
    ),
    Fault(
        "a model that is right is not surprised",
        _SHOWN,
        "xlogy(p, p) + xlogy(1.0 - p, 1.0 - p)",
        "xlogy(p, p)",
        "tests/slices/test_planted.py -k surprised",
    ),
)
