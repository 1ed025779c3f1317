"""Each rule of fairness and of its control, broken in one place, and the tests that guard it."""

from control_faults import CONTROL
from planting import Fault

_MEASURES, _FLIP, _GATE = (
    "models/fairness/measures.py",
    "models/fairness/flip.py",
    "services/retraining/fairness_gate.py",
)
_OF_MEASURES = "tests/fairness/test_fairness_measures.py"
_OF_AUDIT = "tests/fairness/test_fairness_audit.py"
_OF_GATE = "tests/retraining/test_fairness_gate.py"
_OF_SEARCH = "tests/fairness/test_flipped_searches.py"
_OF_CORRECTIONS = "tests/models/test_corrections.py"

FAULTS = (
    *CONTROL,
    Fault(
        "sold places are in a ledger of their own",
        _MEASURES,
        "known & (shown.sold == sold)",
        "known",
        f"{_OF_MEASURES} -k merit_by_hand",
    ),
    Fault(
        "an order from far down weighs more",
        _MEASURES,
        "matrix(1.0 / shown.look, known & shown.ordered)",
        "matrix(shown.look, known & shown.ordered)",
        f"{_OF_MEASURES} -k merit_by_hand",
    ),
    Fault(
        "who has not earned has the floor",
        _MEASURES,
        "np.maximum((self.earned.T.tocsr() @ weights.T).T, self.floor) @ member",
        "(self.earned.T.tocsr() @ weights.T).T @ member",
        f"{_OF_MEASURES} -k groups_by_hand",
    ),
    Fault(
        "restaurants never shown count in Gini",
        "models/evaluation/metrics.py",
        "np.divide(above, n * total,",
        "np.divide(above, np.maximum((amounts > 0.0).sum(axis=1), 1) * total,",
        f"{_OF_MEASURES} -k gini",
    ),
    Fault(
        "small groups are not shown",
        "models/fairness/groups.py",
        "if size >= fewest)",
        "if size >= 1)",
        f"{_OF_MEASURES} -k small_groups",
    ),
    Fault(
        "p-values are corrected for looking at many",
        "data/statistics.py",
        "values[order] * np.arange(len(values), 0, -1)",
        "values[order]",
        "tests/data/test_statistics.py",
    ),
    Fault(
        "labels are dealt out anew",
        "models/fairness/intervals.py",
        "statistic(rng.permuted(np.broadcast_to(plain, (size, n)), axis=1))",
        "statistic(np.broadcast_to(plain, (size, n)))",
        f"{_OF_MEASURES} -k chance",
    ),
    Fault(
        "a probe has not seen whom it is asked about",
        "models/fairness/proxy.py",
        "asked, learnt = folds == fold, folds != fold",
        "asked, learnt = folds == fold, folds >= 0",
        f"{_OF_MEASURES} -k probe",
    ),
    Fault(
        "overlaps deep in the list weigh less",
        _FLIP,
        "weights = persistence ** (depths - 1.0)",
        "weights = persistence ** (k - depths)",
        f"{_OF_MEASURES} -k rank_biased",
    ),
    Fault(
        "identical means to the bit",
        _FLIP,
        "bool(np.array_equal(before, after)),",
        "bool(np.array_equal(here, here)),",
        f"{_OF_AUDIT} -k an_input_is_seen",
    ),
    Fault(
        "what carries a difference adds up to it",
        _FLIP,
        "sums[name] += (member[number] - everybody[number])[:, None] * vector",
        "sums[name] += member[number][:, None] * vector * (1.0 if name == 'itself' else 0.0)",
        f"{_OF_AUDIT} -k carries",
    ),
    Fault(
        "a loss that is not certain stops nobody",
        _GATE,
        'group["high"] < -allowed',
        'group["value"] < 0.0',
        f"{_OF_GATE} -k equally_good",
    ),
    Fault(
        "intervals of a bound hold for all pairs together",
        _GATE,
        "ndtri(1.0 - 0.025 / pairs)",
        "ndtri(1.0 - 0.025)",
        f"{_OF_GATE} -k alike_stop_nobody",
    ),
    Fault(
        "whose text holds the word is left out",
        "models/fairness/search_flip.py",
        "if not any(word and all(",
        "if True or not any(word and all(",
        f"{_OF_SEARCH} -k explains_what",
    ),
    Fault(
        "a search is held against its own noise",
        "models/fairness/search_flip.py",
        "(self.floor.low >= 1.0 or self.rest.high < self.floor.low)",
        "(self.floor.low >= 0.0 or self.rest.high < self.floor.low)",
        f"{_OF_SEARCH} -k without_memory",
    ),
    Fault(
        "orders of a group weigh what is missing of them",
        "models/corrections.py",
        "np.where(ordered, factors[code], 1.0)",
        "np.where(ordered, 1.0, 1.0)",
        f"{_OF_CORRECTIONS} -k part_weigh",
    ),
    Fault(
        "what is left out is not rehearsed either",
        "models/moments.py",
        "earlier=build(dataset, market, earlier, repeats, leave_out=leave_out)",
        "earlier=build(dataset, market, earlier, repeats)",
        f"{_OF_CORRECTIONS} -k left_out_is_no_feature",
    ),
    Fault(
        "prices go down the dual's gradient",
        "models/fairness/mmf.py",
        "momentum * (due - counts / k)",
        "momentum * (counts / k - due)",
        "tests/fairness/test_mmf.py -k missed_of_the_best",
    ),
    Fault(
        "no lift brings anybody over the value floor",
        "services/ranking/auction.py",
        'candidates["orders"] = raw + calibrated',
        'candidates["orders"] = shortlists.scores[request, columns]',
        "tests/ranking/test_auction.py -k over_the_value_floor",
    ),
    Fault(
        "a group that loses stops a version",
        _GATE,
        'group["high"] < -allowed',
        'group["high"] < -1.0 - allowed',
        f"{_OF_GATE} -k loses",
    ),
)
