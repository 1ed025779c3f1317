"""Held-out requests: a diner, a place, a moment; which of the restaurants that are open and near is ordered from?

One random request with an order of each diner. A model is asked as it is served: the candidates that it scores best are
put into order by its second stage, if it has one, and by the calibration's way to the restaurant.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Final, Self

import numpy as np
from scipy import sparse

from data.city.context import FIRST_DAY
from data.city.truth import CityTruth
from data.geo import travel_minutes
from data.hours import MINUTES_PER_DAY
from models.base import FloatArray, IntArray, Model
from models.calibration import Calibration
from models.evaluation import evaluate as evaluation
from models.evaluation.evaluate import MAX_DINERS, HeldOut, Measured, Scorer
from models.journal import Asked, Bools, Doubles, Journal, Places, Rows, open_then
from models.second_stage.features import Past
from models.second_stage.stage import SecondStage, second_stage_of

RADIUS_KM: Final = 8.0
"""Restaurants farther away are no candidates."""
SHORTLIST: Final = 200
"""Candidates that are scored in full, as the default policy has it."""
FEWEST_LISTS: Final = 100
"""Fewer shown lists with an order tell nothing of their order."""
MOST_LISTS: Final = 5_000
"""More of them would cost time and tell hardly more: a difference of .01 of nDCG@10 shows."""
_REQUESTS_AT_ONCE: Final = 512
_BELOW_ALL: Final = 1e6
"""Puts what is not on the shortlist below what is, in the order of the first stage."""

RequestScorer = Callable[[IntArray], FloatArray]
"""(B,) numbers of requests -> (B, n) scores of all restaurants."""


@dataclass(frozen=True, eq=False)
class Requests:
    """m held-out requests."""

    asked: Asked
    chosen: Rows
    """(m,) the restaurant that was ordered from."""
    candidates: Bools
    """(m, n) open and near; the chosen one is among them."""
    journal: Journal
    """Of the whole log; features look at what was before each request alone."""

    def part(self, chosen: Rows) -> Self:
        """Some of them."""
        return replace(
            self, asked=self.asked.part(chosen), chosen=self.chosen[chosen], candidates=self.candidates[chosen]
        )

    def measure(self, scorer: RequestScorer) -> Measured:
        """Rank the candidates of each request."""
        m, n = self.candidates.shape
        chosen = sparse.csr_matrix((np.ones(m, np.int8), (np.arange(m), self.chosen)), shape=(m, n))
        question = HeldOut(np.arange(m, dtype=np.int32), chosen, sparse.csr_matrix(~self.candidates))
        return evaluation.measure(question, scorer)


def held_out_requests(
    journal: Journal, since: int, until: int, rng: np.random.Generator, radius_km: float = RADIUS_KM
) -> Requests | None:
    """One random request in [since, until) of each diner who ordered, at most MAX_DINERS; None where there is none."""
    at, grades = journal.shown.asked.at, journal.shown.grades
    lists = journal.shown.part((at >= since) & (at < until) & (grades == 2).any(axis=1))
    shuffled = rng.permutation(len(lists.asked))
    _, first = np.unique(lists.asked.diners[shuffled], return_index=True)
    picked = np.sort(shuffled[first])
    if len(picked) > MAX_DINERS:
        picked = np.sort(rng.choice(picked, MAX_DINERS, replace=False))
    asked = lists.asked.part(picked)
    chosen = lists.restaurants[picked, (lists.grades[picked] == 2).argmax(axis=1)]
    places, n = journal.places, len(journal.places.lat)
    far = asked.log_times(places, np.broadcast_to(np.arange(n), (len(asked), n))) > np.log(travel_minutes(radius_km))
    candidates = open_then(journal.hours, asked.minutes) & ~far & ~(places.opened_at > asked.at[:, None])
    there = candidates[np.arange(len(asked)), chosen]
    if not there.any():
        return None
    return Requests(asked.part(there), chosen[there], candidates[there], journal)


def shown_lists(journal: Journal, since: int, until: int, theta: Doubles, rng: np.random.Generator) -> Requests | None:
    """The same, but the candidates of a request are the restaurants that were shown; None where there are too few.

    What was not shown cannot have been ordered, so among all candidates the choices of a log speak for the model that
    made its lists. Among the shown ones they speak for it by their places alone. A list whose order was at place k is
    kept with probability theta_K / theta_k, so that each place counts as if all were looked at alike (the inverse
    propensities of Joachims, Swaminathan, Schnabel, WSDM 2017, by rejection). theta: (K,) > 0, not rising.
    """
    at, grades = journal.shown.asked.at, journal.shown.grades
    lists = journal.shown.part((at >= since) & (at < until) & (grades == 2).any(axis=1))
    if not len(lists.asked):
        return None
    place = (lists.grades == 2).argmax(axis=1)
    rows = np.arange(len(place))
    looked_at = theta[np.minimum(lists.positions[rows, place], len(theta)) - 1]
    lists = lists.part(rng.random(len(place)) < theta[-1] / looked_at)
    shuffled = rng.permutation(len(lists.asked))
    _, first = np.unique(lists.asked.diners[shuffled], return_index=True)
    chosen = np.sort(rng.permutation(shuffled[first])[:MOST_LISTS])
    lists = lists.part(chosen)
    if len(lists.asked) < FEWEST_LISTS:
        return None
    rows = np.arange(len(lists.asked))
    candidates = np.zeros((len(rows), len(journal.places.lat)), np.bool_)
    candidates[rows[:, None], np.maximum(lists.restaurants, 0)] = lists.restaurants >= 0
    # An empty place must not take the first restaurant out again.
    first_shown = (lists.restaurants == 0).any(axis=1)
    candidates[:, 0] = first_shown
    return Requests(lists.asked, lists.restaurants[rows, (lists.grades == 2).argmax(axis=1)], candidates, journal)


def by_chance(requests: Requests, rng: np.random.Generator) -> RequestScorer:
    """A random order."""
    drawn = rng.random(requests.candidates.shape, np.float32)
    return lambda numbers: np.asarray(drawn[numbers])


def as_served(requests: Requests, model: Model, calibration: Calibration) -> RequestScorer:
    """What the model, fitted to the time before the requests, is served with: shortlist, second stage, calibration."""
    rows = np.arange(len(requests.journal.places.lat))
    return served_by(requests, model.score, second_stage_of(model), rows, calibration)


def served_by(
    requests: Requests, relevance_of: Scorer, stage: SecondStage | None, rows: Rows, calibration: Calibration
) -> RequestScorer:
    """The same for a model of other data. relevance_of: scores of diners (B,) of the journal for all its restaurants.

    rows: (n,) the stage's row of each restaurant of the journal, -1 for those that it has not learnt.
    """
    journal, n = requests.journal, len(rows)
    past = None if stage is None else Past(journal.actions, journal.places)
    venues = None if stage is None else stage.venues(rows, as_known_to(stage, journal))

    def scores(numbers: IntArray) -> FloatArray:
        found = np.empty((len(numbers), n), np.float32)
        for first in range(0, len(numbers), _REQUESTS_AT_ONCE):
            part = numbers[first : first + _REQUESTS_AT_ONCE].astype(np.int64)
            asked = requests.asked.part(part)
            relevance = relevance_of(asked.diners.astype(np.int32)).astype(np.float64)
            short = shortlist(relevance, requests.candidates[part])
            raw = np.take_along_axis(relevance, short, axis=1)
            log_times = asked.log_times(journal.places, short)
            if stage is not None and past is not None and venues is not None:
                raw = raw + stage.correct(venues, past, asked, short, raw, log_times)
            offsets = np.nan_to_num(log_times - calibration.mean_log_time, nan=0.0)
            final = calibration.order.slope * raw + calibration.order.travel * offsets
            whole = relevance - _BELOW_ALL
            np.put_along_axis(whole, short, final, axis=1)
            found[first : first + len(part)] = whole
        return found

    return scores


def as_known_to(stage: SecondStage, journal: Journal) -> Places:
    """The journal's restaurants with the stage's own numbers for cuisines."""
    names = [[journal.cuisines[number]] if number >= 0 else [] for number in journal.places.cuisines.tolist()]
    return replace(journal.places, cuisines=stage.cuisine_numbers(names))


def shortlist(relevance: Doubles, candidates: Bools) -> Rows:
    """(B, S) the best candidates by the first stage; where there are fewer, others fill up, which are masked later."""
    size = min(SHORTLIST, relevance.shape[1])
    among = np.where(candidates, relevance, -np.inf)
    return np.asarray(np.argpartition(-among, size - 1, axis=1)[:, :size])


def habitual(requests: Requests, popular: Model) -> RequestScorer:
    """Where the diner has ordered before, the most often first, then what is popular and near."""
    past, journal = Past(requests.journal.actions, requests.journal.places), requests.journal
    columns = np.arange(len(journal.places.lat))

    def scores(numbers: IntArray) -> FloatArray:
        asked = requests.asked.part(numbers.astype(np.int64))
        everything = np.broadcast_to(columns, (len(asked), len(columns)))
        orders, *_ = past.own(asked, everything)
        near = np.nan_to_num(asked.log_times(journal.places, everything), nan=0.0)
        popularity = popular.score(asked.diners.astype(np.int32))
        return np.asarray(popularity - near + 1000.0 * orders, np.float32)

    return scores


def all_knowing(requests: Requests, city: CityTruth) -> RequestScorer:
    """The true utility at the moment: lasting, habit from the orders before it, daypart and weather."""
    past, n = Past(requests.journal.actions, requests.journal.places), len(requests.journal.places.lat)

    def scores(numbers: IntArray) -> FloatArray:
        asked = requests.asked.part(numbers.astype(np.int64))
        orders, *_ = past.own(asked, np.broadcast_to(np.arange(n), (len(asked), n)))
        rows: IntArray = asked.diners.astype(np.int32)
        lasting = city.utilities(rows, past_orders=orders.astype(np.int32))
        return np.asarray(lasting + city.of_moment(_days(asked), asked.minutes // 60 % 24), np.float32)

    return scores


def _days(asked: Asked) -> Rows:
    """(B,) local days of the log; a request's local weekday tells on which side of a UTC midnight it lies."""
    first = datetime.combine(FIRST_DAY, time(12), UTC).timestamp()
    weekday = asked.minutes // MINUTES_PER_DAY
    weeks = np.rint(((asked.at - first) / 86_400.0 - weekday) / 7.0)
    return np.asarray(7 * weeks + weekday, np.int64)
