"""Shares of the ledger's terms: against sums by hand, and what must not change them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration import Calibration, Curve
from services.cards.shares import FEWEST_DINERS, MODEL_TERMS, Served, Shares, measured_shares
from services.ranking.rank import TERMS

CURVE = Curve(slope=1.7, travel=-1.2, intercept=-1.5)
CALIBRATION = Calibration(order=CURVE, click=CURVE, examination=(1.0,), mean_log_time=0.0)
VERSIONS = {"m-1": CALIBRATION}


def served(
    rng: np.random.Generator,
    user: str,
    *,
    shown: int = 8,
    recency: float = 0.0,
    way: float = 1.0,
    fairness: float = 0.0,
    exploration: float = 0.0,
    payment: float = 0.0,
    version: str = "m-1",
    offset: float = 0.0,
) -> Served:
    """A list as ranking makes one: the calibration is what turns the raw sum and the way into a probability."""
    relevance, lately = rng.normal(0.0, 1.0, shown) + offset, recency * rng.normal(0.0, 1.0, shown)
    raw = relevance + lately
    probability = CURVE.probability(raw, way * rng.normal(0.0, 1.0, shown))
    paid = np.zeros(shown)
    paid[2] = payment
    terms = {
        "relevance": relevance,
        "recency": lately,
        "second_stage": np.zeros(shown),
        "calibration": probability - raw,
        "fairness": fairness * rng.uniform(0.0, 1.0, shown),
        "exploration": exploration * rng.gumbel(0.0, 1.0, shown),
        "payment": paid,
    }
    document: dict[str, Any] = {
        "restaurant_ids": [f"r{number}" for number in range(shown)],
        "term_names": TERMS,
        "terms": [terms[name].tolist() if terms[name].any() else 0.0 for name in TERMS],
        "personalised": True,
    }
    if payment:
        ranks = [1, 2, 15, *range(3, shown)]
        document["ads"] = {"sold": [{"campaign_id": "c", "rank": 3, "price": 9}], "organic_ranks": ranks}
    return Served(user, version, document)


def many(count: int = 60, seed: int = 0, **given: Any) -> list[Served]:
    rng = np.random.default_rng(seed)
    return [served(rng, f"d{number % 40}", **given) for number in range(count)]


def values(shares: Shares) -> dict[str, float]:
    return {name: found.value or 0.0 for name, found in shares.terms.items()}


def by_hand(lists: Sequence[Served]) -> dict[str, float]:
    """The same in loops over numbers."""
    probability, others = 0.0, {"fairness": 0.0, "exploration": 0.0, "payment": 0.0}
    odds = dict.fromkeys(MODEL_TERMS, 0.0)

    def spread(numbers: list[float]) -> float:
        mean = sum(numbers) / len(numbers)
        return sum(abs(number - mean) for number in numbers) / len(numbers)

    for one in lists:
        n = len(one.document["restaurant_ids"])
        terms = {
            name: term if isinstance(term, list) else [term] * n
            for name, term in zip(one.document["term_names"], one.document["terms"], strict=True)
        }
        p = [sum(terms[name][i] for name in MODEL_TERMS) for i in range(n)]
        probability += spread(p)
        way = []
        for i in range(n):
            raw = terms["relevance"][i] + terms["recency"][i] + terms["second_stage"][i]
            way.append(math.log(p[i] / (1.0 - p[i])) - CURVE.slope * raw - CURVE.intercept)
        for name in MODEL_TERMS[:3]:
            odds[name] += spread([CURVE.slope * value for value in terms[name]])
        odds["calibration"] += spread(way)
        for name in others:
            others[name] += spread(terms[name])
    whole = probability + sum(others.values())
    found = {name: value / whole for name, value in others.items()}
    return found | {name: probability / whole * value / sum(odds.values()) for name, value in odds.items()}


def test_shares_are_those_of_sums_by_hand() -> None:
    lists = many(recency=0.4, fairness=0.04, exploration=0.03, payment=0.05)
    assert values(measured_shares(lists, VERSIONS)) == pytest.approx(by_hand(lists), rel=1e-9)


@settings(max_examples=25)
@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(0.0, 0.2), st.floats(0.0, 0.5), st.integers(0, 99))
def test_shares_are_shares(recency: float, way: float, exploration: float, payment: float, seed: int) -> None:
    given = {"recency": recency, "way": way, "exploration": exploration, "payment": payment}
    shares = measured_shares(many(seed=seed, **given), VERSIONS)

    assert set(shares.terms) == set(TERMS)
    assert sum(values(shares).values()) == pytest.approx(1.0)
    assert sum(found.value or 0.0 for found in shares.ledger.values()) == pytest.approx(1.0)
    for found in shares.terms.values():
        assert found.low is not None
        assert found.high is not None
        assert 0.0 <= found.low <= found.value <= found.high <= 1.0  # type: ignore[operator]
    assert (values(shares)["payment"] > 0.0) == (payment > 0.0)
    assert values(shares)["second_stage"] == 0.0


def test_what_all_entries_of_a_list_have_in_common_decides_nothing() -> None:
    lists = many(exploration=0.03)
    lifted = []
    for one in lists:
        terms = [
            [value + 0.5 for value in term] if name == "exploration" else term
            for name, term in zip(TERMS, one.document["terms"], strict=True)
        ]
        lifted.append(Served(one.user_id, one.model_version, {**one.document, "terms": terms}))

    assert values(measured_shares(lifted, VERSIONS)) == pytest.approx(values(measured_shares(lists, VERSIONS)))


def test_a_term_that_moves_more_has_more_to_say() -> None:
    def share(name: str, **given: float) -> float:
        return values(measured_shares(many(**given), VERSIONS))[name]

    for term, dial in (("calibration", "way"), ("recency", "recency"), ("exploration", "exploration")):
        little, more = (share(term, **{dial: size}) for size in (0.1, 0.4))
        assert little < more, term


def test_raw_terms_would_say_that_the_way_is_half_even_where_there_is_none() -> None:
    """Why shares are not of the raw ledger: calibration takes the relevance back, whatever the way."""
    shares = measured_shares(many(way=0.0), VERSIONS)

    assert values(shares)["calibration"] == pytest.approx(0.0, abs=1e-9)
    assert (shares.ledger["calibration"].value or 0.0) > 0.4


@pytest.mark.long
def test_intervals_cover_the_share_of_all_lists_ever() -> None:
    truth = values(measured_shares(many(40_000, seed=7, recency=0.4, exploration=0.05), VERSIONS))
    hits = dict.fromkeys(truth, 0)
    for seed in range(60):
        found = measured_shares(many(80, seed=100 + seed, recency=0.4, exploration=0.05), VERSIONS).terms
        for name, one in found.items():
            hits[name] += (one.low or 0.0) - 1e-12 <= truth[name] <= (one.high or 0.0) + 1e-12
    assert min(hits.values()) >= 48, hits  # 95 % of 60 are 57; 48 lies 5 standard errors below


def test_terms_that_are_not_known_yet_count_on_the_scale_of_the_score() -> None:
    lists = []
    for one in many():
        terms = [*one.document["terms"], np.linspace(0.0, 0.2, 8).tolist()]
        lists.append(Served(one.user_id, "m-1", {**one.document, "term_names": [*TERMS, "kindness"], "terms": terms}))

    shares = values(measured_shares(lists, VERSIONS))
    assert shares["kindness"] > 0.1
    assert sum(shares.values()) == pytest.approx(1.0)


def test_lists_that_tell_nothing_are_left_out_and_counted() -> None:
    lists = [*many(), *many(5, version="gone")]
    short = lists[0].document
    single = {
        **short,
        "restaurant_ids": ["r0"],
        "terms": [[t[0]] if isinstance(t, list) else t for t in short["terms"]],
    }
    shares = measured_shares([*lists, Served("d1", "m-1", single)], VERSIONS)

    assert (shares.lists, shares.left_out) == (66, 6)
    assert values(shares) == pytest.approx(values(measured_shares(many(), VERSIONS)))


def test_without_enough_diners_it_is_said_why_there_is_no_share() -> None:
    few = [one for one in many() if int(one.user_id[1:]) < FEWEST_DINERS - 1]
    shares = measured_shares(few, VERSIONS)

    assert shares.terms["relevance"].value is None
    assert "it takes 20" in (shares.terms["relevance"].reason or "")
    empty = measured_shares([], VERSIONS)
    assert (empty.lists, dict(empty.terms), empty.sold.reason) == (0, {}, "no lists yet")


def test_sold_places_are_counted_with_how_far_they_rose() -> None:
    shares = measured_shares([*many(30, payment=0.1), *many(30, seed=1)], VERSIONS)

    assert shares.sold.value == pytest.approx(30 / (60 * 8))
    assert shares.with_sold.value == pytest.approx(0.5)
    assert shares.risen.value == pytest.approx(12.0)
