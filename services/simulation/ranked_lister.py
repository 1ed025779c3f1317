"""The lister of the closed loop: each list is ranked and sold by the functions that answer requests."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from data.city.context import day_start
from data.city.lister import Asked, Visits
from data.city.logging_policy import Slates
from data.city.noise import Keys, gumbel, mix
from data.city.simulation import Simulation
from data.hours import MINUTES_PER_DAY
from models.journal import Asked as Moment
from services.ads.campaign import MICRO
from services.ranking.auction import run_auction, shown_list
from services.ranking.catalogue import BoolArray
from services.ranking.rank import RankedLists, Requests, rank
from services.ranking.second_stage import Moments
from services.serving.snapshot import MarketSnapshot
from services.simulation.outcomes import Tally, ndcg
from services.simulation.wallets import Wallets
from services.stakeholders.policy import Policy

Doubles = npt.NDArray[np.float64]

_NDCG_AT = 10
_DAYS_PER_WEEK = 7


@dataclass(frozen=True, eq=False)
class ServedMarket:
    """A market as the API serves it, and what the simulation knows besides."""

    snapshot: MarketSnapshot
    """Its catalogue, and the model's diners, are in the city's order."""
    distances_km: Doubles
    """(N, n) from each home."""
    order_values: Doubles
    """(n,) expected value of an order, in minor units."""
    seed_key: Keys
    """Of the luck of policies that explore."""


@dataclass(frozen=True, eq=False)
class _Place:
    """A sold place, until it is known what came of it."""

    request: int
    slot: int
    campaign: int
    price: int
    """Micro-units."""


@dataclass(eq=False)
class RankedLister:
    """Lists of one policy. What a place costs is fixed when it is shown and charged when it is clicked or ordered.

    Diners' actions since the training are not folded into their scores: the model learns from the log alone.
    """

    market: ServedMarket
    policy: Policy
    simulation: Simulation
    wallets: Wallets
    tally: Tally = field(default_factory=Tally)
    """Of all lists so far."""
    _sold: list[_Place] = field(default_factory=list)
    _shown: Tally = field(default_factory=Tally)

    def lists(self, asked: Asked) -> Slates:
        """Rank all requests at once, then hold an auction for each."""
        ranked = self._rank(asked)
        snapshot, k = self.market.snapshot, self.simulation.parameters.list_length
        selling = snapshot.selling[self.policy.name]
        day, second = asked.day, int(asked.seconds[0])
        offers = None if selling is None else self.wallets.offers(day, second, snapshot.catalogue.size)
        restaurants = np.full((len(asked.diners), k), -1, np.int32)
        propensities = np.full(restaurants.shape, np.nan)
        self._sold = []
        welfare = self._organic_welfare(ranked)
        served = np.flatnonzero(ranked.rows[:, 0] >= 0)
        for number, request in enumerate(served.tolist()):
            auction = None
            if selling is not None and offers is not None:
                auction = run_auction(ranked.shortlists, request, k, offers, selling)
            shown = shown_list(ranked, request, auction)
            restaurants[request, : len(shown.rows)] = shown.rows
            propensities[request, : len(shown.rows)] = shown.propensities
            if auction is not None:
                welfare += auction.gain
                for (slot, campaign), price in zip(shown.sponsors.items(), auction.prices, strict=True):
                    self._sold.append(_Place(number, slot, campaign, price))
        self._shown = self._judged(asked, restaurants, ranked, welfare)
        return Slates(restaurants, propensities)

    def learn(self, visits: Visits) -> None:
        """Charge the billed events in the order of time, and count."""
        outcome = visits.outcome
        orders = int(np.count_nonzero(outcome.ordered >= 0))
        fees, billed, shares, value = 0, 0, 0.0, 0.0
        book = self.wallets.book
        for place in self._sold:
            ordered = bool(outcome.ordered[place.request] == place.slot)
            if ordered:
                value += self.market.order_values[visits.slates.restaurants[place.request, place.slot]]
            if ordered if book.per_order[place.campaign] else outcome.clicked[place.request, place.slot]:
                fees += self.wallets.charge(place.campaign, place.price)
                shares += place.price / (MICRO * book.bids[place.campaign])
                billed += 1
        clicks = int(np.count_nonzero(outcome.clicked))
        came = Tally(orders=orders, clicks=clicks, fees=fees, billed=billed, price_shares=shares, sold_value=value)
        self.tally += self._shown + came

    def _rank(self, asked: Asked) -> RankedLists:
        snapshot, policy, city = self.market.snapshot, self.policy, self.simulation.city
        learnt = snapshot.artifact.diners
        requests = Requests(
            vectors=learnt.vectors[asked.diners],
            biases=learnt.biases[asked.diners],
            fold_ins=None,
            lat=city.diners.lat[asked.diners],
            lon=city.diners.lon[asked.diners],
            allowed=self._candidates(asked),
            gumbel=self._gumbel(asked) if policy.exploration > 0.0 else None,
            moments=self._moments(asked),
        )
        k = self.simulation.parameters.list_length
        # A place for which no candidate is left has no propensity: it is blanked after 0 / 0.
        with np.errstate(invalid="ignore"):
            ranked = rank(snapshot.catalogue, requests, k, policy.shortlist, policy.exploration)
        # A shortlist of the whole catalogue is one row broadcast; the compiled auction reads rows as they lie.
        rows = np.ascontiguousarray(ranked.shortlists.rows)
        return replace(ranked, shortlists=replace(ranked.shortlists, rows=rows))

    def _moments(self, asked: Asked) -> Moments | None:
        """For a model with a second stage; it knows what diners did until the training."""
        snapshot, homes = self.market.snapshot, self.simulation.city.diners
        reranker = snapshot.catalogue.reranker
        if reranker is None:
            return None
        start = round(day_start(asked.day, snapshot.info.time_zone).timestamp())
        moment = Moment(
            diners=asked.diners,
            at=start + asked.seconds,
            minutes=asked.day % _DAYS_PER_WEEK * MINUTES_PER_DAY + asked.seconds // 60,
            lat=homes.lat[asked.diners],
            lon=homes.lon[asked.diners],
        )
        return Moments(moment, reranker.everyone)

    def _candidates(self, asked: Asked) -> BoolArray:
        """(R, n) what the app asks for: open now and around the diner's home."""
        near: BoolArray = self.market.distances_km[asked.diners] <= self.policy.radius_km
        return near & self.simulation.city.open_at(asked.day, asked.hour)

    def _gumbel(self, asked: Asked) -> Doubles:
        visits = mix(self.market.seed_key, asked.diners, asked.day)
        return gumbel(mix(visits[:, None], np.arange(self.policy.shortlist)))

    def _organic_welfare(self, ranked: RankedLists) -> float:
        """What the lists without payment are worth, in expected orders."""
        theta = self.market.snapshot.artifact.calibration.examination_at(np.arange(1, ranked.rows.shape[1] + 1))
        return float(np.nan_to_num(ranked.scores).sum(axis=0) @ theta)

    def _judged(self, asked: Asked, restaurants: npt.NDArray[np.int32], ranked: RankedLists, welfare: float) -> Tally:
        """What can be said of the lists before anyone has looked at them."""
        served = restaurants[:, 0] >= 0
        return Tally(
            requests=int(np.count_nonzero(served)),
            ads=len(self._sold),
            gain=float(self._ndcg(asked, restaurants)[served].sum()),
            organic_tops=int(np.count_nonzero(restaurants[served, 0] == ranked.rows[served, 0])),
            welfare=welfare,
        )

    def _ndcg(self, asked: Asked, restaurants: npt.NDArray[np.int32]) -> Doubles:
        """(R,) nDCG@10 by the truth, the ideal being over all candidates.

        A restaurant's relevance is the probability that the diner, looking at it alone, orders there at this moment.
        """
        city = self.simulation.city
        shape = (len(asked.diners), city.restaurants.lat.size)
        everything = np.broadcast_to(np.arange(shape[1]), shape)
        utilities = self.simulation.utilities(asked.day, asked.hour, asked.diners, everything)
        relevance = expit(utilities - city.diners.outside[asked.diners][:, None])
        return ndcg(np.where(self._candidates(asked), relevance, 0.0), restaurants, _NDCG_AT)
