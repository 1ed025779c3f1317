"""What would have been: a past list made again with one thing otherwise, and where an entry stands then.

Every answer is a list that was really made, by the functions that make lists, from the inputs of then: nothing is
estimated. The model is that of then throughout; nothing is trained anew.
"""

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np

from services.ranking.auction import shown_list
from services.ranking.rank import PAYMENT, TERMS, RankedLists, Shortlists, rank
from services.serving.recommender import Answer, Ask, ranked_lists, requests_of, sold_list

_CALIBRATION: Final = TERMS.index("calibration")
_RECENCY: Final = TERMS.index("recency")


class Place(NamedTuple):
    """Where a restaurant stands."""

    rank: int | None
    """In the list that is shown; None: it is not in it."""
    organic_rank: int | None
    """Without payment, among all that was scored in full; None: it is not among them."""


def place_in(ask: Ask, ranked: RankedLists, row: int) -> Place:
    """Where a restaurant (a row of the catalogue) stands in a list with its auction."""
    return Place(_position(sold_list(ask, ranked).rows, row), _organic(ranked, row))


def without_payment(answer: Answer, row: int) -> Place:
    """Had nobody paid for a place."""
    ranked = answer.ranked
    return Place(_position(shown_list(ranked, 0, None).rows, row), _organic(ranked, row))


def without_personalisation(answer: Answer, row: int) -> Place:
    """Had the diner asked for a list that uses no profile: no taste, no recent actions, no home. The model stays."""
    ask = replace(answer.ask, personalised=False)
    return place_in(ask, ranked_lists(ask, None, answer.at, answer.request_id), row)


def without_term(answer: Answer, term: str, row: int) -> Place:
    """Had one term of `TERMS` been left out of everybody's score. Raises ValueError for another name."""
    if term not in TERMS:
        raise ValueError(f"there is no term {term!r}: the terms are {', '.join(TERMS)}")
    if term == TERMS[PAYMENT]:
        return without_payment(answer, row)
    return place_in(answer.ask, _leaving_out(answer, TERMS.index(term)), row)


def positions(answer: Answer, restaurant_id: str) -> dict[str, Any]:
    """`now`, `without_payment`, `without_personalisation` and `without_terms` of `api.schemas.Counterfactuals`.

    A term that is 0 for every candidate changes nothing and is left out. Raises KeyError for a restaurant that the
    catalogue of then had not.
    """
    row = answer.ask.snapshot.catalogue.row_of[restaurant_id]
    used = [name for name, values in zip(TERMS, answer.ranked.shortlists.terms[:, 0], strict=True) if values.any()]
    return {
        "now": place_in(answer.ask, answer.ranked, row)._asdict(),
        "without_payment": without_payment(answer, row)._asdict(),
        "without_personalisation": without_personalisation(answer, row)._asdict(),
        "without_terms": [{"term": name, **without_term(answer, name, row)._asdict()} for name in used],
    }


def _position(rows: np.ndarray[Any, Any], row: int) -> int | None:
    found = np.flatnonzero(rows == row)
    return int(found[0]) + 1 if len(found) else None


def _organic(ranked: RankedLists, row: int) -> int | None:
    shortlists = ranked.shortlists
    return _position(shortlists.rows[0, shortlists.order[0, : shortlists.size(0)]], row)


def _leaving_out(answer: Answer, term: int) -> RankedLists:
    """The list without payment, one term left out of all scores.

    What comes before calibration is calibrated anew. Recency also chose the candidates, so without it they are chosen
    anew; relevance chose them too, but without it there is nothing to choose by, and they stay.
    """
    ask, shortlists = answer.ask, answer.ranked.shortlists
    if term == _RECENCY:
        requests = requests_of(ask, answer.state, answer.at, answer.request_id)
        temperature = ask.policy.exploration if ask.personalised else 0.0
        return rank(ask.snapshot.catalogue, replace(requests, fold_ins=None), ask.k, ask.policy.shortlist, temperature)
    terms = shortlists.terms.copy()
    terms[term] = 0.0
    raw = np.zeros_like(terms[0])
    for values in terms[:_CALIBRATION]:
        raw = raw + values
    if term != _CALIBRATION:
        curve = ask.snapshot.catalogue.calibration
        terms[_CALIBRATION] = curve.order_probability(raw, shortlists.offsets) - raw
    scores = np.zeros_like(raw)
    for values in terms:
        scores = scores + values
    return _in_order(shortlists, terms, scores, ask.k)


def _in_order(before: Shortlists, terms: np.ndarray[Any, Any], scores: np.ndarray[Any, Any], k: int) -> RankedLists:
    """The list of these scores, propensities left at 1."""
    falling = -scores if before.passing is None else np.where(before.passing, -scores, np.inf)
    order = np.argsort(falling, axis=1, kind="stable")
    best = order[:, : min(k, before.size(0))]
    batch = np.arange(len(order))[:, None]
    return RankedLists(
        rows=before.rows[batch, best],
        scores=scores[batch, best],
        terms=terms[:, batch, best],
        distances_km=before.distances_km[batch, best],
        propensities=np.ones(best.shape),
        shortlists=replace(before, terms=terms, scores=scores, order=order),
    )
