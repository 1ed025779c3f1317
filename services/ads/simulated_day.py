"""A day of auctions under budgets: where pacing is measured against the best that could have been bought.

What an auction is comes in as an argument: campaigns against prices of their own, or against each other.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from services.ads.pacing import Descent, Spending, planned_spend, step
from services.ads.throttling import throttle
from services.ads.traffic import Doubles

Bools = npt.NDArray[np.bool_]


class Auctions(Protocol):
    """The T auctions of a day, with m campaigns."""

    @property
    def at(self) -> Doubles:
        """(T,) seconds since the day began, rising."""
        ...

    @property
    def highest_bids(self) -> Doubles:
        """(m,) what one event costs at most."""
        ...

    def hold(self, request: int, multipliers: Doubles, entering: Bools) -> tuple[Doubles, Doubles]:
        """(m,) value and price of what each campaign gets; 0 where that is nothing, as for who is not `entering`."""
        ...


@dataclass(frozen=True, eq=False)
class SecondPrices:
    """Each campaign alone against the highest competing bid of its own auctions."""

    at: Doubles
    values: Doubles
    """(T, m)"""
    prices: Doubles
    """(T, m) the competing bids."""
    highest_bids: Doubles

    def hold(self, request: int, multipliers: Doubles, entering: Bools) -> tuple[Doubles, Doubles]:
        """Whoever bids more than the price gets the value and pays the price."""
        values, prices = self.values[request], self.prices[request]
        won = entering & (values / (1.0 + multipliers) > prices)
        return np.where(won, values, 0.0), np.where(won, prices, 0.0)


@dataclass(frozen=True, eq=False)
class Rivals:
    """All campaigns in the same auctions; the highest bid wins and pays the second, or the outside price if higher."""

    at: Doubles
    values: Doubles
    """(T, m)"""
    outside: Doubles
    """(T,)"""
    highest_bids: Doubles
    prices: Doubles
    """(T, m) filled while the auctions are held: what each campaign had to beat."""

    def hold(self, request: int, multipliers: Doubles, entering: Bools) -> tuple[Doubles, Doubles]:
        """One winner at most."""
        bids = np.where(entering, self.values[request] / (1.0 + multipliers), 0.0)
        best = int(np.argmax(bids))
        second = max(float(np.max(np.delete(bids, best), initial=0.0)), float(self.outside[request]))
        self.prices[request] = np.maximum(bids[best], self.outside[request])
        self.prices[request, best] = second
        won = (np.arange(len(bids)) == best) & (bids > second)
        return np.where(won, self.values[request], 0.0), np.where(won, second, 0.0)


def best_values(values: Doubles, prices: Doubles, budgets: Doubles) -> Doubles:
    """(m,) what hindsight would have bought: the fractional knapsack by value per price. Values and prices (T, m)."""
    worth = values > prices
    prices = np.where(worth, np.maximum(prices, 1e-300), 1.0)
    order = np.argsort(np.where(worth, -values / prices, 0.0), axis=0, kind="stable")
    sorted_prices = np.take_along_axis(np.where(worth, prices, 0.0), order, 0)
    sorted_values = np.take_along_axis(np.where(worth, values, 0.0), order, 0)
    left = budgets - (np.cumsum(sorted_prices, axis=0) - sorted_prices)
    taken = np.clip(left / np.maximum(sorted_prices, 1e-300), 0.0, 1.0)
    return np.asarray((sorted_values * taken).sum(axis=0))


@dataclass(frozen=True, eq=False)
class Look:
    """What a pacer learns when it is asked; shares are of the day's traffic."""

    spent: Doubles
    """(m,) charged so far."""
    before: float
    """Still to come at the last look."""
    after: float
    """Still to come now."""
    unseen: float
    """Whose charges may be missing."""


class Pacer:
    """Decides how the next auctions are entered. This one does nothing: it bids the value until the budget is gone."""

    def __init__(self, budgets: Doubles) -> None:
        self.budgets = budgets
        self.multipliers: Doubles = np.zeros_like(budgets)
        """(m,)"""
        self.rates: Doubles = np.ones_like(budgets)
        """(m,) probability of entering an auction."""

    def update(self, look: Look) -> None:
        """Take a look."""


class ThrottledPacer(Pacer):
    """Bids the value in some of the auctions."""

    def update(self, look: Look) -> None:
        """Compare the share that is spent with the share that has passed."""
        self.rates = throttle(self.rates, look.spent / self.budgets, np.full_like(self.budgets, 1.0 - look.after))


class DualPacer(Pacer):
    """Divides the bid."""

    def __init__(self, budgets: Doubles, bids: Doubles, rule: Descent, start: Doubles | None = None) -> None:
        super().__init__(budgets)
        self._bids, self._rule, self._seen = bids, rule, np.zeros_like(budgets)
        self.multipliers = np.full_like(budgets, rule.start) if start is None else start

    def update(self, look: Look) -> None:
        """One step of the descent."""
        before, after = np.full_like(self.budgets, look.before), np.full_like(self.budgets, look.after)
        interval = Spending(
            spent=look.spent - self._seen,
            planned=planned_spend(self.budgets - self._seen, before, after),
            budgets=self.budgets,
            bids=self._bids,
            unseen=np.full_like(self.budgets, look.unseen),
        )
        self.multipliers = step(self.multipliers, interval, self._rule)
        self._seen = look.spent


@dataclass(frozen=True)
class Timing:
    """When charges come and when the pacer looks, in seconds."""

    every: float = 0.0
    """Between two looks; 0: after each request."""
    delay: float = 0.0
    """From an auction to its charge."""
    lag: float = 0.0
    """What the pacer believes of the delay."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of the day; each is (m,)."""

    value: Doubles
    """Bought; of what the budget paid in part, that part."""
    spent: Doubles
    pace_error: Doubles
    """Greatest distance over the day between the shares of the budget spent and of the requests that had come."""
    multipliers: Doubles
    """At the end."""


@dataclass(eq=False)
class _Account:
    """Budgets, and what was charged to them: never more than what is left."""

    budgets: Doubles
    spent: Doubles = field(init=False)
    value: Doubles = field(init=False)

    def __post_init__(self) -> None:
        self.spent, self.value = np.zeros_like(self.budgets), np.zeros_like(self.budgets)

    def charge(self, values: Doubles, prices: Doubles) -> None:
        charges = np.minimum(prices, self.budgets - self.spent)
        self.value += values * np.divide(charges, prices, out=np.zeros_like(prices), where=prices > 0.0)
        self.spent = np.minimum(self.spent + charges, self.budgets)


def play(
    auctions: Auctions, pacer: Pacer, to_come: Doubles, rng: np.random.Generator, timing: Timing | None = None
) -> Outcome:
    """Run a day. `to_come` (T,): the forecast share of the traffic after each request, not rising."""
    timing = timing or Timing()
    at, budgets = auctions.at, pacer.budgets
    count, account = len(at), _Account(pacer.budgets)
    due = np.minimum(np.searchsorted(at, at - timing.delay, side="right"), np.arange(1, count + 1))
    looks = _looks(at, to_come, timing)
    bought: list[tuple[Doubles, Doubles]] = []
    error, charged, before = np.zeros_like(budgets), 0, 1.0
    for request in range(count):
        if request in looks:
            after, unseen = looks[request]
            pacer.update(Look(account.spent, before, after, unseen))
            before = after
        entering = (account.spent < budgets) & (rng.random(len(budgets)) < pacer.rates)
        bought.append(auctions.hold(request, pacer.multipliers, entering))
        for values, prices in bought[charged : due[request]]:
            account.charge(values, prices)
        charged = due[request]
        error = np.maximum(error, np.abs(account.spent / budgets - (request + 1) / count))
    return Outcome(account.value, account.spent, error, pacer.multipliers)


def _looks(at: Doubles, to_come: Doubles, timing: Timing) -> dict[int, tuple[float, float]]:
    """The requests before which the pacer looks: the traffic still to come then, and what is unseen."""
    turns = at // timing.every if timing.every else np.arange(len(at))
    requests = np.flatnonzero(np.diff(turns, prepend=0.0) > 0.0)
    shares = np.concatenate(([1.0], to_come))
    since = np.searchsorted(at, at[requests] - timing.every - timing.lag)
    after = shares[requests]
    return dict(zip(requests.tolist(), zip(after.tolist(), (shares[since] - after).tolist(), strict=True), strict=True))


def draw_times(rng: np.random.Generator, requests: int, shares: Doubles) -> Doubles:
    """(T,) seconds since the day began, rising, by the shares (24,) of its hours and even inside each."""
    hours = rng.choice(24, requests, p=shares / shares.sum())
    return np.sort(hours * 3600.0 + rng.uniform(0.0, 3600.0, requests))
