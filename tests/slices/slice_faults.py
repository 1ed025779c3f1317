"""Each rule of the search for slices, broken in one place, and the tests that guard it."""

from planting import Fault

_SEARCH, _CONTRASTS, _APART = "models/slices/search.py", "models/slices/contrasts.py", "models/slices/apart.py"
_COMPARISON, _SHOWN = "models/slices/comparison.py", "models/slices/shown.py"
_GATES = "services/retraining/gates.py"
_OF_SEARCH, _OF_COMPARISON = "tests/slices/test_search.py", "tests/slices/test_comparison.py"

FAULTS = (
    Fault(
        "diners without a case in the slice are part of the error",
        _CONTRASTS,
        "np.maximum(others, 0.0) / outside**2",
        "0.0 * others",
        f"{_OF_SEARCH} -k brute_force",
    ),
    Fault(
        "many looks are corrected for",
        _SEARCH,
        "np.asarray(adjusted <= options.alpha)",
        "table.p_values(options.least) <= options.alpha",
        f"{_OF_SEARCH} -k hardly_anything",
    ),
    Fault(
        "what is found before is not found again",
        _APART,
        "left &= ~crowd.inside[found]",
        "left &= left",
        f"{_OF_SEARCH} -k sake",
    ),
    Fault(
        "a conjunction is worse than its conditions",
        _APART,
        "return all(self._worse_than_the_rest_of(",
        "return not all(self._worse_than_the_rest_of(",
        f"{_OF_SEARCH} -k nothing_that_is_bad",
    ),
    Fault(
        "a part that looks worse by chance does not stand for the whole",
        _APART,
        "found.certain(self.errors)[0] > 0.0",
        "found.certain(-self.errors)[0] > 0.0",
        f"{_OF_SEARCH} -k for_the_whole",
    ),
    Fault(
        "a cuisine is named rather than its chain",
        _APART,
        "min(general or names",
        "min(names",
        f"{_OF_SEARCH} -k very_same_cases",
    ),
    Fault(
        "a tag is named rather than a bin",
        _APART,
        "sum(self.cases.features[feature].is_binned for feature, _ in key)",
        "0",
        f"{_OF_SEARCH} -k rather_than_a_bin",
    ),
    Fault(
        "names that hold other cases are not told with it",
        _APART,
        "jaccard >= _ALIKE",
        "jaccard >= 0.0",
        f"{_OF_SEARCH} -k hardly_anything_are_not",
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
