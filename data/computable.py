"""What each seat can compute from a dataset, what is missing for it, and what must be assumed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from data import columns as col
from data.checks import MarketTables
from data.columns import EventType

SEATS: Final = ("ml", "sales", "product", "infra", "interpretability", "fairness")
RETURN_DAYS: Final = 28


@dataclass
class Facts:
    """Counts over all markets on which the answers rest."""

    has_times: bool
    counts: Counter[str] = field(default_factory=Counter)
    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None

    def add(self, tables: MarketTables) -> None:
        """Count one market's tables in."""
        events, restaurants = tables.events, tables.restaurants
        kinds = events[col.TYPE].value_counts()
        self.counts.update({str(kind): int(rows) for kind, rows in kinds.items()})
        orders = events[col.TYPE] == EventType.ORDER
        placed = (restaurants[col.LAT] != 0.0) | (restaurants[col.LON] != 0.0)
        self.counts.update(
            {
                "logged": int((events[col.POSITION].notna() & events[col.PROPENSITY].notna()).sum()),
                "positions": int(events[col.POSITION].notna().sum()),
                "amounts": int((orders & events[col.VALUE].notna()).sum()),
                "campaigns": 0 if tables.campaigns is None else len(tables.campaigns),
                "restaurants": len(restaurants),
                "placed": int(placed.sum()),
                "described": int((restaurants[col.CUISINES].map(len) + restaurants[col.TAGS].map(len) > 0).sum()),
                "districts": int(restaurants[col.DISTRICT].nunique()),
                "chains": int(restaurants[col.CHAIN].notna().sum()),
                "opened": int(restaurants[col.OPENED_AT].notna().sum()),
                "protected": int((tables.diners[col.PROTECTED].map(len) > 0).sum()),
                "homes": int(tables.diners[col.HOME_LAT].notna().sum()),
            }
        )
        times = events[col.AT].dropna()
        if len(times):
            self.first = min(filter(None, [self.first, times.min()]))
            self.last = max(filter(None, [self.last, times.max()]))

    @property
    def days(self) -> float:
        """From the first event to the last."""
        return 0.0 if self.first is None or self.last is None else (self.last - self.first) / pd.Timedelta(days=1)


@dataclass(frozen=True)
class SeatReport:
    """What one seat has in the data."""

    computable: tuple[str, ...]
    missing: tuple[str, ...]
    assumed: tuple[str, ...]


class _Notes:
    """Collects the three lists."""

    def __init__(self) -> None:
        self._lists: dict[str, list[str]] = {"computable": [], "missing": [], "assumed": []}

    def note(self, there: object, computable: str, missing: str = "", assumed: str = "") -> None:
        """`computable` where the data is there, else what is missing and what stands in for it."""
        for name, text in (("computable", computable),) if there else (("missing", missing), ("assumed", assumed)):
            if text:
                self._lists[name].append(text)

    def report(self) -> SeatReport:
        return SeatReport(*(tuple(texts) for texts in self._lists.values()))


def by_seat(facts: Facts) -> Mapping[str, SeatReport]:
    """The answer for each of `SEATS`."""
    builders = (_ml, _sales, _product, _infra, _interpretability, _fairness)
    answers = {}
    for seat, build in zip(SEATS, builders, strict=True):
        notes = _Notes()
        build(facts, notes)
        answers[seat] = notes.report()
    return answers


def _ml(facts: Facts, notes: _Notes) -> None:
    n = facts.counts
    positive = n[EventType.ORDER] + n[EventType.CLICK] + n[EventType.RATING]
    notes.note(positive, "nDCG@10, recall@20 of held-out choices", "orders, clicks or ratings")
    notes.note(facts.has_times and positive, "a split by time", "times of events", "a per-diner hold-out, so named")
    notes.note(
        n["logged"],
        "calibration without position bias, off-policy estimates",
        "impressions with position and propensity",
        "what was not chosen counts as not liked",
    )


def _sales(facts: Facts, notes: _Notes) -> None:
    n = facts.counts
    notes.note(n["campaigns"], "fees under the campaigns of the data", "campaigns", "bids made up by the simulator")
    notes.note(n["amounts"], "order values", "amounts of orders", "the same value for every order")


def _product(facts: Facts, notes: _Notes) -> None:
    n = facts.counts
    both = n[EventType.ORDER] and n[EventType.IMPRESSION]
    notes.note(
        both,
        "orders per 1,000 requests of the log",
        "impressions and orders",
        "the simulator's choice model for answers to lists",
    )
    enough = facts.days >= RETURN_DAYS and n[EventType.ORDER]
    notes.note(
        enough,
        f"return rate within {RETURN_DAYS} days",
        f"orders over at least {RETURN_DAYS} days ({facts.days:.0f} are there)",
        "the simulator's churn model",
    )
    placed = n["placed"] and n["homes"]
    notes.note(placed, "travel times from home", "places of restaurants and homes of diners", "no travel times")


def _infra(facts: Facts, notes: _Notes) -> None:
    notes.note(facts.counts["restaurants"], "CPU and memory of serving this catalogue, by running it", "restaurants")


def _interpretability(facts: Facts, notes: _Notes) -> None:
    notes.note(
        facts.counts["described"],
        "reasons from cuisines and tags",
        "cuisines or tags of restaurants",
        "reasons from popularity and past choices alone",
    )


def _fairness(facts: Facts, notes: _Notes) -> None:
    n = facts.counts
    notes.note(n["positions"], "exposure that was given", "positions of impressions", "exposure of lists made anew")
    notes.note(n["districts"] > 1, "exposure per merit by district", "districts")
    notes.note(n["chains"], "chains against independents", "which restaurant is of a chain", "all are independent")
    notes.note(n["opened"], "newcomers against the rest", "when restaurants opened", "all are old")
    notes.note(
        n["protected"],
        "quality for groups of diners, the flip test",
        "protected attributes of diners",
        "groups by district and activity alone",
    )
