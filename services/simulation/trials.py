"""Experiments in one synthetic city, where what they should find is known: everybody under either policy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from data import columns as col
from data.city.lister import Lister
from data.city.noise import Keys, mix
from data.columns import EventType
from data.dataset import Dataset
from models.experiments.assignment import treated
from models.experiments.interleaving import team_draft
from services.ads.campaign import MICRO
from services.simulation.outcomes import DinerSums
from services.simulation.plan import DAYS_PER_WEEK, Plan
from services.simulation.ranked_lister import RankedLister
from services.simulation.town import Town
from services.simulation.trial_listers import (
    MINUTES,
    DividedLister,
    InterleavedLister,
    Judged,
    Till,
    budgets_times,
    by_day,
    by_diner,
    coins,
)
from services.simulation.wallets import Pacing
from services.stakeholders.policy import AdPolicy, Policy

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FEES, ORDERS, ORDERS_A_DINER = "fee_revenue_per_1000", "orders_per_1000", "orders_per_diner"
"""Minor units and orders per 1,000 lists, and orders a diner over the whole experiment."""
_COINS: Final = 77
_NEVER: Final = 1_000_000_007
"""Judging lists by the truth takes time, and experiments ask diners."""


@dataclass(frozen=True)
class Study:
    """What is tried, in which cities."""

    restaurants: int = 100
    diners: int = 600
    warm_days: int = 14
    """Days of log: the models learn from them, and they are what was before the experiments."""
    days: int = 28
    """Of each experiment, whole fortnights."""
    budgets: float = 0.3
    """Of the advertisers, times those that the city draws: so that they bind."""
    money: tuple[float, float] = (0.004, 0.016)
    """`ads.money` of control and treatment, who meet at the shared budgets."""
    exploration: float = 0.06
    """Of the treatment whose control explores nothing; neither sells anything, so nothing is shared."""
    sweep: tuple[float, ...] = (0.1, 1.0, 100.0)
    """Budgets at which the plain split is tried too, over a fortnight."""
    salts: int = 50
    """Assignments that are tried on one life of a city where a policy is compared with itself."""

    def __post_init__(self) -> None:
        if self.days <= 0 or self.days % (2 * DAYS_PER_WEEK):
            raise ValueError(f"days: a switchback pairs weekdays of two weeks, {self.days} are no whole fortnights")

    @property
    def policies(self) -> dict[str, Policy]:
        """By name. The guard that sells nothing with a badly calibrated model is off: the dials are to speak."""

        def policy(name: str, money: float, exploration: float = 0.0) -> Policy:
            ads = AdPolicy(money=money, max_calibration_error=1.0)
            return Policy(name=name, exploration=exploration, ads=ads)

        low, high = self.money
        all_four = (
            policy("modest", low),
            policy("greedy", high),
            policy("plain", 0.0),
            policy("exploring", 0.0, self.exploration),
        )
        return {one.name: one for one in all_four}


@dataclass(frozen=True, eq=False)
class DayBook:
    """What each of N diners did on each of D days, (D, N) all."""

    lists: Doubles
    orders: Doubles
    fees: Doubles
    """Minor units charged for it."""

    @classmethod
    def blank(cls, days: int, diners: int) -> "DayBook":
        """Nothing yet."""
        return cls(*(np.zeros((days, diners)) for _ in range(3)))

    def ratio(self, figure: str) -> tuple[Doubles, Doubles]:
        """(D, N) numerators and denominators of a figure."""
        if figure == FEES:
            return 1000.0 * self.fees, self.lists
        if figure == ORDERS:
            return 1000.0 * self.orders, self.lists
        return self.orders, np.full_like(self.orders, 1.0 / len(self.orders))

    def value(self, figure: str) -> float:
        """Over all diners and days."""
        parts, wholes = self.ratio(figure)
        return float(parts.sum() / wholes.sum())

    def mixed(self, other: "DayBook", mask: Bools) -> "DayBook":
        """The other's cells where the mask, which broadcasts, is True."""
        return DayBook(
            np.where(mask, other.lists, self.lists),
            np.where(mask, other.orders, self.orders),
            np.where(mask, other.fees, self.fees),
        )


class Trials:
    """Lives of one town, each from the same state with the same luck, under policies of a study by name."""

    def __init__(self, study: Study, seed: int, folder: Path) -> None:
        """`folder` is for the files, which are read while this is in use."""
        policies = study.policies
        plan = Plan(
            tuple(policies.values()),
            restaurants=study.restaurants,
            diners=study.diners,
            warm_days=study.warm_days,
            days=study.days,
        )
        self.study = study
        self.town = Town.found(plan, seed, folder)
        self.salt = f"seed-{seed}"
        self.before = _before(Dataset.open(folder / "city"), self.town)
        self._policies = policies
        self._key: Keys = mix(np.full(1, seed, np.uint64), _COINS)

    def treated(self, number: int = 0) -> Bools:
        """(N,) half of the diners, by the hash of one of many salts."""
        return treated(f"{self.salt}-{number}", map(str, range(self.study.diners)))

    def alone(self, policy: str, budgets: float, days: int) -> DayBook:
        """Everybody under one policy: the truth."""
        life = self._begin(days)
        return life.live(self._ranked(life, policy, self._till(budgets)))

    def split(
        self, control: str, treatment: str, mask: Bools, budgets: float, days: int, apart: bool = False
    ) -> DayBook:
        """The treated diners under another policy; with budgets `apart`, each arm has its part of every one."""
        life, till = self._begin(days), self._till(budgets)
        tills = (till, till)
        if apart:
            share = float(mask.mean())
            tills = self._till(budgets * (1.0 - share)), self._till(budgets * share)
        arms = self._ranked(life, control, tills[0]), self._ranked(life, treatment, tills[1])
        return life.live(DividedLister(*arms, is_treated=by_diner(mask)))

    def switched(self, control: str, treatment: str, days: Bools, budgets: float) -> DayBook:
        """Everybody under the other policy on the treated of the days (D,)."""
        life, till = self._begin(len(days)), self._till(budgets)
        on = frozenset((self.study.warm_days + np.flatnonzero(days)).tolist())
        arms = self._ranked(life, control, till), self._ranked(life, treatment, till)
        return life.live(DividedLister(*arms, is_treated=by_day(on)))

    def interleaved(self, first: str, second: str, days: int) -> tuple[DayBook, Judged]:
        """Both policies in every list, and what was thought of it."""
        life, till = self._begin(days), self._till(1.0)
        rankers = self._ranked(life, first, till), self._ranked(life, second, till)
        lister = InterleavedLister(*rankers, coin_key=self._key)
        return life.live(lister), Judged.together(lister.judged)

    def redrawn(self, judged: Judged, number: int) -> Judged:
        """Lists of a policy that was interleaved with itself, under other coins: nothing changes but the teams."""
        key = mix(self._key, number)
        # Coins belong to lists, of which a diner has many: they are told apart by their row.
        thrown = coins(mix(key, np.arange(len(judged.diners))), 0, judged.diners, judged.rows.shape[1])
        return judged._replace(teams=team_draft(judged.rows, judged.rows, thrown).teams)

    def _begin(self, days: int) -> "_Life":
        return _Life(self.town, self.study.warm_days, days)

    def _till(self, budgets: float) -> Till:
        town = self.town
        return Till(budgets_times(town.served.snapshot.book, budgets), Pacing.DUAL, town.rhythm)

    def _ranked(self, life: "_Life", policy: str, till: Till) -> RankedLister:
        served, chosen = self.town.served, self._policies[policy]
        lister = RankedLister(served, chosen, life.simulation, till, judge_every=_NEVER)
        lister.by_diner = life.sums
        return lister


class _Life:
    """A life that has just begun."""

    def __init__(self, town: Town, first: int, days: int) -> None:
        self._town = town
        self._first, self._days = first, days
        self.simulation = town.diners.copy()
        self.sums = DinerSums.none(town.market.city.diners.lat.size)
        """Of the day; all listers of a life add to them."""

    def live(self, lister: Lister) -> DayBook:
        """All days of it."""
        fees = self.sums.sums["fees"]
        diary = DayBook.blank(self._days, len(fees))
        for day in range(self._days):
            for visits in self._town.market.run_day(self.simulation, self._first + day, lister, MINUTES):
                np.add.at(diary.lists[day], visits.diners, 1.0)
                np.add.at(diary.orders[day], visits.diners[visits.outcome.ordered >= 0], 1.0)
            diary.fees[day] = fees / MICRO
            fees[:] = 0.0
        return diary


def _before(dataset: Dataset, town: Town) -> Doubles:
    """(N, 2) orders and lists of each diner in the log; nan for those who joined during it."""
    [info] = dataset.manifest.markets
    row_of = {user: row for row, user in enumerate(dataset.diners(info.market)[col.USER_ID].tolist())}
    events = dataset.events(
        info.market, [EventType.ORDER, EventType.IMPRESSION], columns=[col.USER_ID, col.TYPE, col.POSITION]
    )
    counts = []
    for counted in (events[col.TYPE] == EventType.ORDER, events[col.POSITION] == 1):
        rows = events.loc[counted, col.USER_ID].map(row_of).to_numpy(np.int64)
        counts.append(np.bincount(rows, minlength=len(row_of)).astype(np.float64))
    joined = town.market.city.diners.joined_day > 0
    return np.where(joined[:, None], np.nan, np.column_stack(counts))
