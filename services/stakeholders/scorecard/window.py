"""What the scorecard's numbers are computed from: a market's tables over some days. Plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Doubles = npt.NDArray[np.float64]

RETURNS_WITHIN: Final = timedelta(days=28)
LISTS: Final = "lists"
ORDERS: Final = "orders"
FEES: Final = "fees"
SOLD_WORTH: Final = "sold_worth"
DINER_COLUMNS: Final = (LISTS, ORDERS, FEES, SOLD_WORTH)
LIST: Final = "list"
ORGANIC_RANK: Final = "organic_rank"
SOLD: Final = "sold"
VIEWED: Final = "viewed"
ORDERED: Final = "ordered"
PROBABILITY: Final = "probability"
EXACT: Final = "exact"


@dataclass(frozen=True)
class Answers:
    """What the processes counted about their answers."""

    requests: int
    errors: int
    slow: int
    costs: pd.DataFrame
    """A row for each minute with answers: `minute` since 1970, `requests`, `cpu_ms`, `memory_mib` (a sum over the
    answers); empty where the counters were kept without them."""
    buckets: npt.NDArray[np.int64]
    """(h,) rising, of `estimates.bucket_of`."""
    counts: npt.NDArray[np.int64]
    """(h,) answers in each."""
    budget_left: float | None
    """Of the error budget's own window; None for times that are over."""


@dataclass(frozen=True)
class Changes:
    """What was released."""

    tried: int
    """Versions that came before diners: canaries and champions."""
    failed: int
    """Of these, those that were taken back for what they did."""
    rollbacks: int


@dataclass(frozen=True)
class Money:
    """What was for sale."""

    spent: float
    """Minor units, less what was given back."""
    budgets: float
    """Minor units that the campaigns could have spent."""
    campaigns: int
    """That were open."""
    off: str | None
    """Why nothing is sold now."""


@dataclass(frozen=True, eq=False)
class Window:
    """A market over [since, until)."""

    market: str
    since: datetime
    until: datetime
    began: datetime | None
    """The log's first list; None where there is none."""
    diners: pd.DataFrame
    """A row for each diner who was shown a list, ordered from one, or was charged for: `lists`, `orders` that stand,
    `fees` and `sold_worth`, what orders at sold places were worth, in minor units; NaN where there were some and none
    says its worth."""
    known_diners: int
    """Diners of the market, shown a list or not."""
    places: pd.DataFrame
    """A row for each place of a sample of lists: `list` (a number), `user_id`, `restaurant_id`, `position` (1 = top),
    `organic_rank`, `sold`, `viewed` (NaN: not told), `ordered`, `probability` of an order given a look (NaN: not told),
    `exact` (NaN: not told): the item's ledger explains its place without a rest."""
    restaurants: pd.DataFrame
    """The catalogue: `restaurant_id`, `chain`, `district`, `opened_at`, and for reports `price_level`, `cuisines`."""
    returned: npt.NDArray[np.bool_]
    """(c,) of each diner shown a list in as many days that ended 28 days before `until`: whether he asked again within
    28 days."""
    examination: Doubles | None = None
    """(K,) chance of a look at each position, not rising; None: as the logarithm discounts."""
    evaluation: Mapping[str, Any] | None = None
    """The champion's nDCG@10 on held-out data: value, low, high, `n` diners, a `note` of what to hold it against."""
    fidelity: Mapping[str, Any] | None = None
    """How much better the champion's own explanations order its features than chance: value, low, high, `n` diners, a
    `note` of what it was beside; None where its model card does not say."""
    answers: Answers | None = None
    changes: Changes | None = None
    money: Money | None = None
    explaining_us: Doubles | None = None
    """(m,) microseconds that explanations of past items took just now."""

    @property
    def weeks(self) -> float:
        """How much of the window the log covers."""
        begin = self.since if self.began is None else max(self.since, self.began)
        return max(0.0, (self.until - begin) / timedelta(days=7))

    def looked_at(self, positions: npt.NDArray[np.integer]) -> Doubles:
        """The chance of a look at each of these positions."""
        if self.examination is None:
            return np.asarray(1.0 / np.log2(positions + 1.0))
        return np.asarray(self.examination[np.minimum(positions, len(self.examination)) - 1])
