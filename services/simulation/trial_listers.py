"""Listers under which several policies meet one city at once: by diner, by day, or interleaved in one list."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from data.city.lister import Asked, Visits
from data.city.logging_policy import Slates
from data.city.noise import Keys, mix, uniform
from models.experiments.interleaving import Teams, team_draft
from services.ads.book import AdBook, Offers
from services.simulation.ranked_lister import RankedLister
from services.simulation.wallets import Pacing, Rhythm, Wallets

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

Divide = Callable[[int, Rows], Bools]
"""From a day and the rows of R diners to (R,) who is treated."""

MINUTES: Final = 60
"""Requests of so many minutes are ranked together; what they are charged is known to the auctions after them."""


class Till(Wallets):
    """Wallets that arms may share: what is bid is the same for all requests of a batch, whichever arm asks first."""

    def __init__(self, book: AdBook, pacing: Pacing, rhythm: Rhythm) -> None:
        super().__init__(book, pacing, rhythm)
        self._batch: tuple[int, int] | None = None
        self._bid: Offers | None = None

    def offers(self, day: int, second: int, restaurants: int) -> Offers | None:
        """As `Wallets.offers` at the batch's first call; a step of the pacing a batch, not a step an arm."""
        batch = (day, second // (60 * MINUTES))
        if batch != self._batch:
            self._batch, self._bid = batch, super().offers(day, second, restaurants)
        return self._bid


def budgets_times(book: AdBook, factor: float) -> AdBook:
    """The same campaigns with so many times the budgets, in whole minor units; none that has one is left without."""

    def times(budget: int) -> int:
        return max(1, round(budget * factor)) if budget else 0

    campaigns = tuple(
        campaign.model_copy(
            update={"daily_budget": times(campaign.daily_budget), "total_budget": times(campaign.total_budget)}
        )
        for campaign in book.campaigns
    )
    return replace(book, campaigns=campaigns)


@dataclass(eq=False)
class DividedLister:
    """Each request is answered by one of two listers."""

    control: RankedLister
    treatment: RankedLister
    is_treated: Divide
    _asked: tuple[tuple[RankedLister, Rows], ...] = ()
    """Who was asked in this batch, for which of its requests."""

    def lists(self, asked: Asked) -> Slates:
        """Every arm ranks its own requests of the batch."""
        shape = (len(asked.diners), self.control.simulation.parameters.list_length)
        slates = Slates(np.full(shape, -1, np.int32), np.full(shape, np.nan), np.zeros(shape, np.bool_))
        treated = self.is_treated(asked.day, asked.diners)
        arms = ((self.control, np.flatnonzero(~treated)), (self.treatment, np.flatnonzero(treated)))
        self._asked = tuple((lister, requests) for lister, requests in arms if len(requests))
        for lister, requests in self._asked:
            own = lister.lists(_asked_by(asked, requests))
            slates.restaurants[requests], slates.propensities[requests] = own.restaurants, own.propensities
            if slates.sold is not None and own.sold is not None:
                slates.sold[requests] = own.sold
        return slates

    def learn(self, visits: Visits) -> None:
        """Every arm that was asked learns what came of its own lists."""
        for lister, requests in self._asked:
            lister.learn(_visits_by(visits, requests))


def by_diner(treated: Bools) -> Divide:
    """A split: (N,) which diners are treated, every day."""
    return lambda _, diners: treated[diners]


def by_day(days: frozenset[int]) -> Divide:
    """A switchback: the days on which everybody is treated."""
    return lambda day, diners: np.full(len(diners), day in days)


class Judged(NamedTuple):
    """R interleaved lists and what came of them."""

    diners: Rows
    rows: npt.NDArray[np.int32]
    """(R, K)"""
    teams: Teams
    """(R, K)"""
    clicked: Bools
    """(R, K)"""

    @classmethod
    def together(cls, parts: list["Judged"]) -> "Judged":
        """One behind the other; at least one."""
        return cls(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@dataclass(eq=False)
class InterleavedLister:
    """The organic lists of two policies in one, by team draft. Nothing is sold: ads are blended after interleaving."""

    first: RankedLister
    second: RankedLister
    coin_key: Keys
    """(1,) of the coins, which belong to diner and day."""
    judged: list[Judged] = field(default_factory=list)
    """All lists so far."""
    _teams: Teams = field(default_factory=lambda: np.zeros((0, 0), np.int8))

    def __post_init__(self) -> None:
        selling = [lister.policy.name for lister in (self.first, self.second) if lister.policy.ads.money > 0.0]
        if selling:
            raise ValueError(f"{selling[0]}: only organic lists are interleaved, give a policy with ads.money = 0")

    def lists(self, asked: Asked) -> Slates:
        """Both rank every request."""
        first, second = (lister.lists(asked).restaurants for lister in (self.first, self.second))
        drawn = team_draft(first, second, coins(self.coin_key, asked.day, asked.diners, first.shape[1]))
        self._teams = drawn.teams
        return Slates(drawn.rows, np.full(drawn.rows.shape, np.nan))

    def learn(self, visits: Visits) -> None:
        """Keep who brought what, and what was opened."""
        teams = self._teams[visits.requests]
        self.judged.append(Judged(visits.diners, visits.slates.restaurants, teams, visits.outcome.clicked))


def coins(key: Keys, day: int, diners: Rows, k: int) -> Bools:
    """(R, ceil(k / 2)) fair coins of these diners' lists of this day."""
    of_list = mix(key, diners, day)
    return np.asarray(uniform(mix(of_list[:, None], np.arange((k + 1) // 2))) < 0.5)


def _asked_by(asked: Asked, requests: Rows) -> Asked:
    return replace(
        asked,
        diners=asked.diners[requests],
        seconds=asked.seconds[requests],
        known=asked.known[requests],
        uniforms=asked.uniforms[requests],
    )


def _visits_by(visits: Visits, requests: Rows) -> Visits:
    """Of these requests of a batch, which an arm knows by their place among them."""
    mask = np.isin(visits.requests, requests)
    outcome = visits.outcome._replace(**{name: values[mask] for name, values in visits.outcome._asdict().items()})
    return replace(
        visits,
        diners=visits.diners[mask],
        seconds=visits.seconds[mask],
        slates=visits.slates.take(mask),
        outcome=outcome,
        requests=np.searchsorted(requests, visits.requests[mask]),
    )
