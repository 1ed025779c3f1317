"""How much each term of the ledger has to say in the order of the lists, measured from the lists themselves. Pure.

What is the same for all entries of a list orders nothing, so a term's contribution to an entry is its value less the
term's mean in that list. The terms that the model makes are in units of its raw score, and `calibration`, which turns
their sum into the probability of an order, takes most of them back: shares of the raw terms would say nothing. So

1. on the scale of the score, order probability: |probability|, |exploration|, |payment|, … each centred in its list;
2. the probability's share is divided by the log-odds that it is made of, which are a sum:
   logit p = slope (relevance + recency + second_stage) + way, where the way's part is what is left.

Shares are of the sums over all lists; intervals are a bootstrap of diners.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from models.calibration import Calibration
from services.serving.served_document import organic_ranks, terms_of
from services.stakeholders.scorecard.estimates import DRAWS, Estimate, missing, ratio

Doubles = npt.NDArray[np.float64]

MODEL_TERMS: Final = ("relevance", "recency", "second_stage", "calibration")
"""They add up to the probability of an order; `calibration` stands for the way in the log-odds."""
_SCORED: Final = MODEL_TERMS[:3]
_SURE: Final = 1e-9
FEWEST_DINERS: Final = 20


@dataclass(frozen=True)
class Served:
    """One list: whose, by which version, and its document."""

    user_id: str
    model_version: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Shares:
    """What was measured from a sample of lists."""

    lists: int
    diners: int
    left_out: int
    """Lists of versions whose calibration is not kept any more, and of one entry or none, which have no order."""
    terms: Mapping[str, Estimate]
    """Share of each term in what orders the lists; they sum to 1."""
    ledger: Mapping[str, Estimate]
    """The same of the raw terms in the ledger's own units."""
    sold: Estimate
    """Share of places that were sold."""
    with_sold: Estimate
    """Share of lists with at least one."""
    risen: Estimate
    """Ranks that a sold place lies above where its restaurant would stand without payment."""
    not_personal: Estimate
    """Share of lists that were asked for without a profile."""


def measured_shares(lists: Sequence[Served], calibrations: Mapping[str, Calibration]) -> Shares:
    """Shares over these lists; `calibrations` by model version."""
    told = [
        (one, _magnitudes(one.document, calibrations[one.model_version].order.slope))
        for one in lists
        if one.model_version in calibrations and len(one.document["restaurant_ids"]) > 1
    ]
    names = list(dict.fromkeys(name for _, found in told for name in found))
    sums = _by_diner([one.user_id for one, _ in told], [[found.get(name, 0.0) for name in names] for _, found in told])
    columns = {name: sums[:, number] for number, name in enumerate(names)}
    ranked = {name: columns[name] for name in columns if not name.startswith(("log-odds ", "raw "))}
    odds = {name: columns[f"log-odds {name}"] for name in MODEL_TERMS if f"log-odds {name}" in columns}
    raw = {name.removeprefix("raw "): column for name, column in columns.items() if name.startswith("raw ")}
    return Shares(
        lists=len(lists),
        diners=len({one.user_id for one in lists}),
        left_out=len(lists) - len(told),
        terms=_shares(ranked, odds),
        ledger=_shares(raw, {}),
        **_places(lists),
    )


def _magnitudes(document: Mapping[str, Any], slope: float) -> dict[str, float]:
    """Mean |contribution| in one list: of the probability and of each other term, of its log-odds, of raw terms."""
    terms = {
        name: np.asarray(values, np.float64)
        for name, values in zip(document["term_names"], terms_of(dict(document)), strict=True)
    }
    scored = [terms[name] for name in _SCORED if name in terms]
    probability = np.sum([terms[name] for name in MODEL_TERMS if name in terms], axis=0)
    odds = {name: slope * terms[name] for name in _SCORED if name in terms}
    odds["calibration"] = logit(np.clip(probability, _SURE, 1.0 - _SURE)) - slope * np.sum(scored, axis=0)
    found = {"probability": _spread(probability)}
    found |= {name: _spread(values) for name, values in terms.items() if name not in MODEL_TERMS}
    found |= {f"log-odds {name}": _spread(values) for name, values in odds.items()}
    return found | {f"raw {name}": _spread(values) for name, values in terms.items()}


def _spread(values: Doubles) -> float:
    return float(np.abs(values - values.mean()).mean())


def _by_diner(users: Sequence[str], rows: Sequence[Sequence[float]]) -> Doubles:
    """(c, q) sums over each diner's lists."""
    if not rows:
        return np.zeros((0, 0))
    names, which = np.unique(np.asarray(users, object).astype(str), return_inverse=True)
    sums = np.zeros((len(names), len(rows[0])))
    np.add.at(sums, which, np.asarray(rows, np.float64))
    return sums


def _shares(ranked: Mapping[str, Doubles], odds: Mapping[str, Doubles]) -> dict[str, Estimate]:
    """Of each term in the sum of all; the entry `probability` is divided among `odds`. Values are (c,) over diners."""
    clusters = len(next(iter(ranked.values()), []))
    names = [*(name for name in ranked if not odds or name != "probability"), *odds]
    if clusters < FEWEST_DINERS:
        too_few = missing(f"{clusters} diners with lists to compare; it takes {FEWEST_DINERS}")
        return dict.fromkeys(names, too_few) if clusters else {}
    # One draw for all terms: their shares add up to 1 in each of them.
    drawn = np.random.default_rng(0).multinomial(clusters, np.full(clusters, 1.0 / clusters), DRAWS)
    weights = np.concatenate([np.ones((1, clusters)), drawn])
    found = {name: weights @ column for name, column in ranked.items()}
    whole = np.sum(list(found.values()), axis=0)
    shares = {name: _ratio(column, whole) for name, column in found.items()}
    if odds:
        within = {name: weights @ column for name, column in odds.items()}
        parts, probability = np.sum(list(within.values()), axis=0), shares.pop("probability")
        shares |= {name: probability * _ratio(column, parts) for name, column in within.items()}
    return {name: _estimate(shares[name], clusters) for name in names}


def _estimate(values: Doubles, clusters: int) -> Estimate:
    """(1 + DRAWS,) the value, and what it is in each draw."""
    value, (low, high) = float(values[0]), np.quantile(values[1:], (0.025, 0.975))
    return Estimate(value, min(value, float(low)), max(value, float(high)), clusters, "diners")


def _ratio(above: Doubles, below: Doubles) -> Doubles:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def _places(lists: Sequence[Served]) -> dict[str, Estimate]:
    rows = []
    for one in lists:
        ranks = [place["rank"] for place in one.document.get("ads", {}).get("sold", ())]
        organic = organic_ranks(dict(one.document))
        risen = sum(organic[rank - 1] - rank for rank in ranks)
        size = len(one.document["restaurant_ids"])
        plain = not one.document.get("personalised", True)
        rows.append([1.0, size, len(ranks), float(bool(ranks)), risen, float(plain)])
    if not rows:
        nothing = missing("no lists yet")
        return dict.fromkeys(("sold", "with_sold", "risen", "not_personal"), nothing)
    counted, places, sold, with_sold, rise, unknown = _by_diner([one.user_id for one in lists], rows).T
    return {
        "sold": ratio(sold, places, "places"),
        "with_sold": ratio(with_sold, counted, "lists"),
        "risen": ratio(rise, sold, "sold places"),
        "not_personal": ratio(unknown, counted, "lists"),
    }
