"""Each rule of explanations, broken in one place, and the tests that guard it."""

from planting import Fault

_PARTS, _TREES, _SERVED = (
    "models/explanation/parts.py",
    "models/explanation/tree_shap.py",
    "services/serving/taken_apart.py",
)
_OF_PARTS, _OF_TREES = "tests/explanation/test_parts.py", "tests/explanation/test_tree_shap.py"
_REASONS, _SPOKEN, _WHAT_IF, _CHOICES, _CHANGES = (
    f"services/serving/{name}.py"
    for name in ("reasons", "spoken", "counterfactuals", "own_actions", "restaurant_changes")
)
_OF_REASONS, _OF_WHAT_IF = "tests/explanation/test_reasons.py", "tests/explanation/test_counterfactuals.py"
_OF_MODELS, _OF_API = "tests/explanation/test_models_apart.py", "tests/api/test_taken_apart.py"

FAULTS = (
    Fault(
        "a part has half of what it makes with the other side",
        _PARTS,
        "diner.biases + diner.vectors @ place / 2.0,",
        "diner.biases + diner.vectors @ place,",
        f"{_OF_PARTS} -k complete",
    ),
    Fault(
        "halves are shared alike",
        _PARTS,
        "diner.biases + diner.vectors @ place / 2.0,",
        "diner.biases + diner.vectors @ place / 4.0,",
        f"{_OF_PARTS} -k coalitions",
        also=(
            "restaurant.biases + restaurant.vectors @ person / 2.0,",
            "restaurant.biases + restaurant.vectors @ person * 0.75,",
        ),
    ),
    Fault(
        "biases are cells too",
        _PARTS,
        "return Cells(diner.vectors @ restaurant.vectors.T, diner.biases, restaurant.biases)",
        "return Cells(diner.vectors @ restaurant.vectors.T, diner.biases, 0.0 * restaurant.biases)",
        f"{_OF_PARTS} -k complete",
    ),
    Fault(
        "the average counts each candidate once",
        _PARTS,
        "-1.0 / len(others)",
        "-1.0",
        f"{_OF_PARTS} -k average_candidate",
    ),
    Fault(
        "what is missing is named",
        _PARTS,
        "return self.joined(Parts.whole(missing, kind)) if missing.any() else self",
        "return self",
        f"{_OF_PARTS} -k closed_parts",
    ),
    Fault(
        "conditions on one feature are one condition",
        _TREES,
        "(*bounds, ratio * float(share))",
        "(*bounds, float(share))",
        f"{_OF_TREES} -k library",
    ),
    Fault(
        "a row at the threshold goes left",
        _TREES,
        "(asked > self.low) & (asked <= self.high)",
        "(asked >= self.low) & (asked < self.high)",
        f"{_OF_TREES} -k threshold",
    ),
    Fault(
        "enough points for the polynomial",
        _TREES,
        "leggauss((depth + 1) // 2)",
        "leggauss(max(1, (depth - 1) // 2))",
        f"{_OF_TREES} -k library",
    ),
    Fault(
        "tags weigh what they weighed in training",
        "models/hybrid.py",
        "embeddings * (self.tag_share / max(len(tags), 1))",
        "embeddings * self.tag_share",
        f"{_OF_MODELS} -k embeddings",
    ),
    Fault(
        "who was not seen is told by tags",
        "models/factored.py",
        'if not self._arrays[f"{side}_seen"][row]:',
        "if False:",
        f"{_OF_MODELS} -k nothing_was_seen",
    ),
    Fault(
        "how much was liked counts",
        "models/ease.py",
        '["history_vectors"][liked].astype(np.float64) * weights[:, None].astype(np.float64)',
        '["history_vectors"][liked].astype(np.float64) * np.sign(weights)[:, None].astype(np.float64)',
        f"{_OF_MODELS} -k Histories",
    ),
    Fault(
        "what a solution leaves is named",
        "models/ials.py",
        ".closed(served, Kind.REST)",
        "",
        f"{_OF_MODELS} -k sum_to_its_score",
    ),
    Fault(
        "members keep to their own dimensions",
        "models/ensemble.py",
        "vectors[:, before : before + parts.vectors.shape[1]] = parts.vectors",
        "vectors[:, : parts.vectors.shape[1]] = parts.vectors",
        f"{_OF_MODELS} -k ensemble",
    ),
    Fault(
        "the others are not left out",
        _SERVED,
        "        largest.append((_OTHERS, _OTHERS, rest))",
        "        pass",
        f"{_OF_API} -k every_entry",
    ),
    Fault(
        "protected attributes are not named",
        _SERVED,
        "if source.kind is Kind.TAG and _attribute(source.tag) in hidden:",
        "if False:",
        f"{_OF_API} -k protected",
    ),
    Fault(
        "the profile is that of then or none",
        _SERVED,
        "if np.array_equal(np.append(new.vectors[0], new.biases[0]), served):",
        "if tags:",
        f"{_OF_API} -k not_that_of_then",
    ),
    Fault(
        "what speaks against an entry is no reason",
        _REASONS,
        "np.nonzero(pieces >= threshold(pieces)[:, None])",
        "np.nonzero(np.abs(pieces) >= threshold(pieces)[:, None])",
        f"{_OF_REASONS} -k only_what_lifts",
    ),
    Fault(
        "what hardly lifts an entry is no reason",
        _REASONS,
        ".sum(axis=1) * LEAST_SHARE + _LEAST",
        ".sum(axis=1) * 0.0 + _LEAST",
        f"{_OF_REASONS} -k only_what_lifts",
    ),
    Fault(
        "the way weighs what it weighs in the calibration",
        _REASONS,
        "(curve.travel / curve.slope)",
        "curve.travel",
        f"{_OF_REASONS} -k add_up_to_what",
    ),
    Fault(
        "a subject is compared with the average restaurant's",
        _SPOKEN,
        "return subjects - said[tags:-1], float(said[-1])",
        "return subjects, float(said[-1])",
        f"{_OF_REASONS} -k subject_weighs",
    ),
    Fault(
        "nothing is said of subjects that a restaurant has no tag of",
        _SPOKEN,
        "np.where(silent, len(names) + 1 + np.arange(len(starts)), index[:, starts])",
        "index[:, starts]",
        f"{_OF_REASONS} -k subject_weighs",
    ),
    Fault(
        "the choice that is named is the one that says most",
        _REASONS,
        "most = says.argmax(axis=0)",
        "most = says.argmin(axis=0) * 0",
        f"{_OF_REASONS} -k says_most",
    ),
    Fault(
        "without personalisation nobody's profile is used",
        _WHAT_IF,
        "ranked_lists(ask, None, answer.at, answer.request_id)",
        "ranked_lists(ask, answer.state, answer.at, answer.request_id)",
        f"{_OF_WHAT_IF} -k anybodys_list",
    ),
    Fault(
        "what is left of a score is calibrated anew",
        _WHAT_IF,
        "if term != _CALIBRATION:",
        "if False:",
        f"{_OF_WHAT_IF} -k order_of_the_others",
    ),
    Fault(
        "sets are tried by size",
        _CHOICES,
        "for size in range(2, min(EXHAUSTIVE_TO, count) + 1):",
        "for size in range(3, min(EXHAUSTIVE_TO, count) + 1):",
        f"{_OF_WHAT_IF} -k smallest_or_says",
    ),
    Fault(
        "smallest is said only where it is proven",
        _CHOICES,
        "return len(self.removed) <= self.at_least",
        "return True",
        f"{_OF_WHAT_IF} -k cut_short",
    ),
    Fault(
        "what a solution leaves stays when a choice goes",
        "models/ials.py",
        "weights[stays]).sum(axis=0) + rest",
        "weights[stays]).sum(axis=0)",
        f"{_OF_WHAT_IF} -k nothing_removed",
    ),
    Fault(
        "a new restaurant is told by its new tags",
        _CHANGES,
        "new = model.new_restaurants([after])",
        "new = model.new_restaurants([before])",
        f"{_OF_WHAT_IF} -k built_with_it",
    ),
    Fault(
        "the least bid is the least",
        _CHANGES,
        "while high - low > 1:",
        "while high - low > 50:",
        f"{_OF_WHAT_IF} -k least_bid",
    ),
)
