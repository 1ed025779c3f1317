"""The lister of the closed loop: each list is ranked and sold by the functions that answer requests."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from data.city.context import day_start
from data.city.life import RETURN_DAYS
from data.city.lister import Asked, Visits
from data.city.logging_policy import Slates
from data.city.noise import Keys, gumbel, mix, uniform
from data.city.simulation import Simulation
from data.geo import log_travel_time
from data.hours import MINUTES_PER_DAY
from models.fairness.control import Ledger, days_counted
from models.journal import Asked as Moment
from services.ads.campaign import MICRO
from services.ranking.auction import run_auction, shown_list
from services.ranking.catalogue import BoolArray
from services.ranking.fairness import Groups, counted, lifts
from services.ranking.rank import RankedLists, Requests, rank
from services.ranking.second_stage import Moments
from services.serving.snapshot import MarketSnapshot
from services.simulation.latency import Machines, cpu_ms
from services.simulation.outcomes import DinerSums, Tally, latency_bins, ndcg
from services.simulation.wallets import Wallets
from services.stakeholders.policy import Policy

Doubles = npt.NDArray[np.float64]

_NDCG_AT = 10
_DAYS_PER_WEEK = 7
_SECONDS_A_DAY = 86_400
_WAITING = 1_000_033


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
    """Of the luck of policies that explore, and of waiting."""
    groups: Doubles
    """(n, G) 1 where a restaurant is of one of `outcomes.GROUPS`."""
    daily_requests: float
    """Of a mean day of the log."""
    rhythm: Doubles
    """(24,) requests of each hour of such a day, relative to the busiest."""
    fallback: Doubles
    """(n,) log of the orders in the log: in this order, less log travel time, come lists that are late."""


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
    machines: Machines | None = None
    """None: lists are there at once."""
    judge_every: int = 1
    """One list of so many is judged by the truth, which costs more than to rank it; each diner's in turn."""
    tally: Tally = field(default_factory=Tally)
    """Of all lists so far."""
    by_diner: DinerSums = field(init=False)
    fees: Doubles = field(init=False)
    """(m,) minor units charged to each campaign since it was last looked at."""
    values: Doubles = field(init=False)
    """(m,) value of the orders at its places since then."""
    ledger: Ledger = field(init=False)
    """What the groups of the policy's control have had so far."""
    looks: dict[int, Doubles] = field(default_factory=dict)
    """By day: (n,) looks that each restaurant can expect at places that were not sold."""
    traffic: float = 1.0
    """Requests of the day, relative to a mean one of the log."""
    _groups: Groups = field(init=False)
    _counted_at: float = 0.0
    """Seconds; to which the ledger's decay has come."""
    _sold: list[_Place] = field(default_factory=list)
    _asked: Asked | None = None
    _has_list: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))

    def __post_init__(self) -> None:
        self.by_diner = DinerSums.none(self.simulation.city.diners.lat.size)
        self.fees, self.values = np.zeros((2, len(self.wallets.book.campaigns)))
        self._groups = self._grouped(0)
        self.ledger = Ledger.empty(self._groups.names)

    def lists(self, asked: Asked) -> Slates:
        """Rank all requests at once, then hold an auction for each."""
        ranked = self._rank(asked)
        snapshot, k = self.market.snapshot, self.simulation.parameters.list_length
        selling = snapshot.selling[self.policy.name]
        day, second = asked.day, int(asked.seconds[0])
        offers = None if selling is None else self.wallets.offers(day, second, snapshot.catalogue.size)
        restaurants = np.full((len(asked.diners), k), -1, np.int32)
        propensities = np.full(restaurants.shape, np.nan)
        sold = np.zeros(restaurants.shape, np.bool_)
        latency, late = self._wait(asked)
        self._sold, self._asked = [], asked
        welfare = self._organic_welfare(ranked)
        for request in np.flatnonzero(ranked.rows[:, 0] >= 0).tolist():
            if late is not None and late[request]:
                continue
            auction = None
            if selling is not None and offers is not None:
                auction = run_auction(ranked.shortlists, request, k, offers, selling)
            shown = shown_list(ranked, request, auction)
            restaurants[request, : len(shown.rows)] = shown.rows
            propensities[request, : len(shown.rows)] = shown.propensities
            if auction is not None:
                welfare += auction.gain
                for (slot, campaign), price in zip(shown.sponsors.items(), auction.prices, strict=True):
                    self._sold.append(_Place(request, slot, campaign, price))
                    sold[request, slot] = True
        if late is not None and late.any():
            restaurants[late], propensities[late] = self._without_model(asked, late, k), 1.0
        slates = Slates(restaurants, propensities, sold, latency)
        self._look_at(day, slates)
        if self.policy.fairness.is_on:
            self._count(asked, slates, ranked)
        self._judge(asked, slates, ranked, welfare, np.zeros(len(sold), np.bool_) if late is None else late)
        if latency is not None and late is not None:
            there = restaurants[:, 0] >= 0
            served = latency[there] - (0.0 if self.machines is None else self.machines.network_ms)
            self.tally += Tally(latency=latency_bins(served), late=int(np.count_nonzero(late & there)))
        return slates

    def learn(self, visits: Visits) -> None:
        """Charge the billed events in the order of time, and count."""
        outcome, row_of = visits.outcome, np.full(len(self._asked.diners) if self._asked else 0, -1)
        row_of[visits.requests] = np.arange(len(visits.requests))
        fees, billed, shares, value = 0, 0, 0.0, 0.0
        book = self.wallets.book
        for place in self._sold:
            row = int(row_of[place.request])
            if row < 0:
                continue
            ordered = bool(outcome.ordered[row] == place.slot)
            if ordered:
                worth = self.market.order_values[visits.slates.restaurants[row, place.slot]]
                value += worth
                self.values[place.campaign] += worth
            if ordered if book.per_order[place.campaign] else outcome.clicked[row, place.slot]:
                charged = self.wallets.charge(place.campaign, place.price)
                fees += charged
                self.fees[place.campaign] += charged / MICRO
                self.by_diner.sums["fees"][visits.diners[row]] += charged
                shares += place.price / (MICRO * book.bids[place.campaign])
                billed += 1
        made = outcome.ordered >= 0
        self.by_diner.count("orders", visits.diners[made])
        self.tally += Tally(
            orders=int(np.count_nonzero(made)),
            clicks=int(np.count_nonzero(outcome.clicked)),
            fees=fees,
            billed=billed,
            price_shares=shares,
            sold_value=value,
            surplus=float(outcome.surplus.sum()),
            abandoned=self._left(visits),
        )

    def begin_day(self, day: int) -> None:
        """Count who could come and who could serve them."""
        simulation, city = self.simulation, self.simulation.city
        joined, opened = city.diners.joined_day <= day, city.restaurants.opened_day <= day
        usual, likely, life = simulation.usually(day), simulation.likely(day), simulation.life
        # By the weekday's mean over a week, so that the figure does not go up on Fridays.
        back = 1.0 - (1.0 - likely * city.diners.visit / np.maximum(usual, 1e-12)) ** RETURN_DAYS
        returning = np.where(joined, np.clip(back, 0.0, 1.0), 0.0)
        closed = np.zeros(opened.shape, np.bool_) if life is None else life.trade.closed
        self.traffic = float(likely.sum()) / self.market.daily_requests
        self._groups = self._grouped(day)
        self.by_diner.sums["diner_days"][joined] += 1.0
        self.by_diner.sums["returning"][:] += returning
        self.tally += Tally(
            budgets=self.wallets.budgets_today(day),
            diner_days=int(joined.sum()),
            returning=float(returning.sum()),
            restaurant_days=int(opened.sum()),
            open_days=int((opened & ~closed).sum()),
        )

    def take_fees(self) -> tuple[Doubles, Doubles]:
        """((m,) fees charged, (m,) value of the orders at sold places) since the last call, in minor units."""
        taken = self.fees, self.values
        self.fees, self.values = np.zeros((2, len(self.fees)))
        return taken

    def _left(self, visits: Visits) -> int:
        """How many did not wait for their list."""
        if self._asked is None or visits.slates.latency_ms is None:
            return 0
        gone = np.ones(len(self._asked.diners), np.bool_)
        gone[visits.requests] = False
        gone &= self._has_list
        self.by_diner.count("abandoned", self._asked.diners[gone])
        return int(np.count_nonzero(gone))

    def _wait(self, asked: Asked) -> tuple[Doubles | None, BoolArray | None]:
        """(R,) milliseconds until each list is there, and which are late."""
        if self.machines is None:
            return None, None
        luck = uniform(mix(self.market.seed_key, asked.diners, asked.day, _WAITING))
        return self.machines.wait(self._cpu_ms, self.traffic * float(self.market.rhythm[asked.hour]), luck)

    @property
    def _cpu_ms(self) -> float:
        snapshot = self.market.snapshot
        sells = snapshot.selling[self.policy.name] is not None
        return cpu_ms(snapshot.catalogue.reranker is not None, sells, self.policy.shortlist)

    def _without_model(self, asked: Asked, late: BoolArray, k: int) -> npt.NDArray[np.int32]:
        """(L, k) what is popular and near, of those that are open around the home; -1 in empty places."""
        homes = asked.diners[late]
        scores = self.market.fallback - log_travel_time(self.market.distances_km[homes])
        scores = np.where(self._candidates(asked)[late], scores, -np.inf)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        there = np.isfinite(np.take_along_axis(scores, best, axis=1))
        return np.where(there, best, -1).astype(np.int32)

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
            lifts=lifts(policy.fairness, self._groups, self.ledger),
        )
        k = self.simulation.parameters.list_length
        # A place for which no candidate is left has no propensity: it is blanked after 0 / 0.
        with np.errstate(invalid="ignore"):
            ranked = rank(snapshot.catalogue, requests, k, policy.shortlist, policy.exploration)
        # A shortlist of the whole catalogue is one row broadcast; the compiled auction reads rows as they lie.
        rows = np.ascontiguousarray(ranked.shortlists.rows)
        return replace(ranked, shortlists=replace(ranked.shortlists, rows=rows))

    def _grouped(self, day: int) -> Groups:
        """As they are when a day begins."""
        snapshot = self.market.snapshot
        begins = day_start(day, snapshot.info.time_zone).timestamp()
        return snapshot.around.attributes.groups(self.policy.fairness.by, begins)

    def _count(self, asked: Asked, slates: Slates, ranked: RankedLists) -> None:
        """What these lists count for, for all that come after them."""
        at = asked.day * _SECONDS_A_DAY + float(asked.seconds[0])
        half_life = self.policy.fairness.half_life_days * _SECONDS_A_DAY
        decay = 0.5 ** ((at - self._counted_at) / half_life) if self._counted_at else 1.0
        shortlists, shown = ranked.shortlists, slates.restaurants
        free = (shown >= 0) & ~slates.sold if slates.sold is not None else shown >= 0
        places = np.arange(1, shown.shape[1] + 1)
        theta = self.market.snapshot.artifact.calibration.examination_at(places)
        there = np.isfinite(shortlists.scores) if shortlists.passing is None else shortlists.passing
        new = counted(
            self._groups,
            shortlists.rows[there],
            shortlists.probabilities()[there],
            shown[free],
            np.broadcast_to(theta, shown.shape)[free],
            float(np.count_nonzero(shown[:, 0] >= 0)),
        )
        passed = days_counted((at - (self._counted_at or at)) / _SECONDS_A_DAY, self.policy.fairness.half_life_days)
        old = self.ledger.scaled(decay)
        self.ledger, self._counted_at = replace(old, days=old.days + passed).plus(new), at

    def _look_at(self, day: int, slates: Slates) -> None:
        """Count the organic exposure of these lists."""
        shown = slates.restaurants
        free = (shown >= 0) & ~slates.sold if slates.sold is not None else shown >= 0
        theta = np.broadcast_to(self.simulation.theta[: shown.shape[1]], shown.shape)
        seen = np.bincount(shown[free], weights=theta[free], minlength=self.market.snapshot.catalogue.size)
        self.looks[day] = np.asarray(self.looks.get(day, 0.0) + seen, np.float64)

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
        return near & self.simulation.open_at(asked.day, asked.hour)

    def _gumbel(self, asked: Asked) -> Doubles:
        visits = mix(self.market.seed_key, asked.diners, asked.day)
        return gumbel(mix(visits[:, None], np.arange(self.policy.shortlist)))

    def _organic_welfare(self, ranked: RankedLists) -> float:
        """What the lists without payment are worth, in expected orders."""
        theta = self.market.snapshot.artifact.calibration.examination_at(np.arange(1, ranked.rows.shape[1] + 1))
        return float(np.nan_to_num(ranked.scores).sum(axis=0) @ theta)

    def _judge(
        self,
        asked: Asked,
        slates: Slates,
        ranked: RankedLists,
        welfare: float,
        late: BoolArray,
    ) -> None:
        """Count what can be said of the lists before anyone has looked at them.

        nDCG@10 is that of the truth, the ideal being over all candidates. A restaurant's relevance is the probability
        that the diner, looking at it alone, orders there at this moment; its sum over candidates is merit.
        """
        restaurants = slates.restaurants
        served = restaurants[:, 0] >= 0
        self._has_list = served
        lists, shown = int(np.count_nonzero(served)), int(np.count_nonzero(restaurants >= 0))
        self.by_diner.count("requests", asked.diners[served])
        judged = served & ((asked.diners + asked.day) % self.judge_every == 0)
        gain, exposure, merit = self._by_the_truth(asked, judged, slates)
        diners = asked.diners[judged]
        for name, values in (("gain", gain), ("judged", 1.0), ("exposure", exposure), ("merit", merit)):
            self.by_diner.count(name, diners, values)
        self.tally += Tally(
            requests=lists,
            ads=len(self._sold),
            gain=float(gain.sum()),
            judged=len(diners),
            gain_in_time=float(gain[~late[judged]].sum()),
            judged_in_time=int(np.count_nonzero(judged & ~late)),
            organic_tops=int(np.count_nonzero(restaurants[served, 0] == ranked.rows[served, 0])),
            welfare=welfare,
            cpu_ms=lists * self._cpu_ms,
            shown=shown,
            explained=self._explained(restaurants, late),
            exposure=tuple(exposure.sum(axis=0).tolist()),
            merit=tuple(merit.sum(axis=0).tolist()),
        )

    def _explained(self, restaurants: npt.NDArray[np.int32], late: BoolArray) -> int:
        """How many of the restaurants shown have a score whose every term is explained exactly.

        A late list has no score.
        """
        return int(np.count_nonzero(restaurants[~late] >= 0)) if self.market.snapshot.exact_parts else 0

    def _by_the_truth(self, asked: Asked, judged: BoolArray, slates: Slates) -> tuple[Doubles, Doubles, Doubles]:
        """((J,) nDCG@10, (J, G) exposure of the groups, (J, G) their merit) of the lists that are judged."""
        simulation, groups, diners = self.simulation, self.market.groups, asked.diners[judged]
        if not len(diners):
            return np.empty(0), *np.empty((2, 0, groups.shape[1]))
        utilities = simulation.all_utilities(asked.day, asked.hour, diners)
        candidates = self._candidates(replace(asked, diners=diners))
        relevance = np.where(candidates, expit(utilities - simulation.outside(diners)[:, None]), 0.0)
        shown = slates.restaurants[judged]
        free = shown >= 0 if slates.sold is None else (shown >= 0) & ~slates.sold[judged]
        looks = simulation.theta[: shown.shape[1]]
        exposure = np.einsum("jkg,k->jg", groups[np.maximum(shown, 0)] * free[:, :, None], looks)
        return ndcg(relevance, shown[:, :_NDCG_AT], _NDCG_AT), exposure, relevance @ groups
