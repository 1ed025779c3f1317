"""The seats at the table: one registry, from which scorecards, demands, negotiations and sign-offs are made.

A seat is one entry of `SEATS`: its number, the way it should go, the dials it moves, and what it never trades.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Direction(StrEnum):
    """Which way a number should go."""

    UP = "up"
    DOWN = "down"


class Scale(StrEnum):
    """How a dial is spread over its range in a design of policies."""

    LINEAR = "linear"
    LOG = "log"
    """Evenly in its logarithm, from a range that begins above 0."""


@dataclass(frozen=True)
class Measure:
    """A number of a seat; the same key in the closed loop's figures and on the live scorecard."""

    key: str
    title: str
    unit: str
    direction: Direction


@dataclass(frozen=True)
class Dial:
    """A field of the policy that a seat moves, and the range over which policies are tried."""

    path: str
    """In `Policy`, with dots: `ads.money`."""
    low: float
    high: float
    scale: Scale = Scale.LINEAR
    whole: bool = False
    """Takes whole numbers only."""


@dataclass(frozen=True)
class Limit:
    """What a seat never trades: a measure's value that its confidence bound must not cross."""

    key: str
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True)
class Seat:
    """Somebody who has a stake."""

    name: str
    """Also the role of its key."""
    title: str
    wants: str
    """In a few plain words."""
    number: Measure
    """The one that is negotiated."""
    others: tuple[Measure, ...] = ()
    """On its scorecard beside it."""
    dials: tuple[Dial, ...] = ()
    limits: tuple[Limit, ...] = ()
    signs: bool = True
    """Negotiates and signs; who does not has limits only."""


SEATS: Final[tuple[Seat, ...]] = (
    Seat(
        "ml",
        "Machine learning",
        "accuracy",
        Measure("ndcg@10", "nDCG@10", "", Direction.UP),
        dials=(Dial("exploration", 0.0, 0.05), Dial("shortlist", 20, 300, whole=True)),
    ),
    Seat(
        "sales",
        "Sales",
        "fees",
        Measure("fee_revenue_per_1000", "fees per 1,000 requests", "minor units", Direction.UP),
        others=(
            Measure("fees_per_diner_week", "fees a diner and week", "minor units", Direction.UP),
            Measure("advertiser_return", "advertisers' return", "", Direction.UP),
            Measure("budget_use", "share of the budgets spent", "", Direction.UP),
        ),
        dials=(
            Dial("ads.money", 0.0005, 0.032, Scale.LOG),
            Dial("ads.cap", 0, 4, whole=True),
            Dial("ads.gap", 2, 6, whole=True),
            Dial("ads.first_slot", 1, 4, whole=True),
        ),
    ),
    Seat(
        "product",
        "Product",
        "orders, and an app that is quick",
        Measure("orders_per_1000", "orders per 1,000 requests", "orders", Direction.UP),
        others=(
            Measure("orders_per_diner_week", "orders a diner and week", "orders", Direction.UP),
            Measure("latency_p99_ms", "p99", "ms", Direction.DOWN),
            Measure("abandoned_share", "left before the list came", "", Direction.DOWN),
        ),
        dials=(Dial("ads.value_floor", 0.0, 0.1),),
    ),
    Seat(
        "infra",
        "Infrastructure",
        "no surprises",
        Measure("cpu_ms_per_1000", "CPU per 1,000 requests", "ms", Direction.DOWN),
        others=(Measure("change_failures", "versions that failed in service", "", Direction.DOWN),),
    ),
    Seat(
        "interpretability",
        "Interpretability",
        "reasons that are true",
        Measure("explained_share", "items explained exactly", "", Direction.UP),
    ),
    Seat(
        "fairness",
        "Fairness",
        "a fair share for restaurants",
        Measure("exposure_ratio", "least over greatest exposure per merit", "", Direction.UP),
    ),
    Seat(
        "diners",
        "Diners",
        "to want to come back",
        Measure("return_rate_28d", "come back within 28 days", "", Direction.UP),
        signs=False,
    ),
    Seat(
        "restaurants",
        "Restaurants",
        "to stay in business",
        Measure("open_share", "restaurants still open", "", Direction.UP),
        signs=False,
    ),
)


def signing(seats: Sequence[Seat] = SEATS) -> tuple[Seat, ...]:
    """Those who negotiate and sign, in the registry's order."""
    return tuple(seat for seat in seats if seat.signs)


def measures(seats: Sequence[Seat] = SEATS) -> Mapping[str, Measure]:
    """All measures by key."""
    return {measure.key: measure for seat in seats for measure in (seat.number, *seat.others)}
