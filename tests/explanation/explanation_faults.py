"""Each rule of explanations, broken in one place, and the tests that guard it."""

from planting import Fault

_PARTS, _TREES, _SERVED = (
    "models/explanation/parts.py",
    "models/explanation/tree_shap.py",
    "services/serving/taken_apart.py",
)
_OF_PARTS, _OF_TREES = "tests/explanation/test_parts.py", "tests/explanation/test_tree_shap.py"
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
)
