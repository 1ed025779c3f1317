"""The seats at the table: one registry, from which scorecards, demands, negotiations and sign-offs are made.

A seat is one entry of `SEATS`: its number, the way it should go, the dials it moves, and what it never trades. From the
entry alone it has a role and a key, a place on the scorecard, and, if it signs, in the negotiation.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from services.stakeholders.scorecard import numbers
from services.stakeholders.scorecard.estimates import Estimate
from services.stakeholders.scorecard.window import Window

if TYPE_CHECKING:
    from services.simulation.outcomes import Tally

_NAME: Final = re.compile(r"[a-z]{2,30}")


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
    live: Callable[[Window], Estimate] | None = None
    """Computes it from a market's tables; None: nobody has said how, and the scorecard says so."""
    live_only: bool = False
    """The closed loop has no such figure: it cannot be negotiated."""
    simulated: Callable[["Tally"], float] | None = None
    """Computes it from the closed loop's sums where `outcomes.FIGURES` does not have the key."""


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
    """Negotiates and signs, with a key of its own; who does not has limits only."""

    def __post_init__(self) -> None:
        """A name is part of keys and addresses, and what is negotiated must come out of the closed loop."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"seat {self.name!r}: a name has 2 to 30 small letters")
        if self.number.live_only:
            raise ValueError(f"seat {self.name!r}: {self.number.key} is measured live only and cannot be negotiated")


SEATS: Final[tuple[Seat, ...]] = (
    Seat(
        "ml",
        "Machine learning",
        "accuracy",
        Measure("ndcg@10", "nDCG@10", "", Direction.UP, numbers.ndcg_held_out),
        others=(
            Measure("live_ndcg@10", "nDCG@10 of live orders", "", Direction.UP, numbers.ndcg_live, live_only=True),
            Measure(
                "calibration_error",
                "orders off what was promised",
                "",
                Direction.DOWN,
                numbers.calibration_error,
                live_only=True,
            ),
        ),
        dials=(Dial("exploration", 0.0, 0.05), Dial("shortlist", 20, 300, whole=True)),
    ),
    Seat(
        "sales",
        "Sales",
        "fees",
        Measure("fee_revenue_per_1000", "fees per 1,000 requests", "minor units", Direction.UP, numbers.fees_per_1000),
        others=(
            Measure(
                "fees_per_diner_week",
                "fees a diner and week",
                "minor units",
                Direction.UP,
                numbers.fees_per_diner_week,
            ),
            Measure("advertiser_return", "advertisers' return", "", Direction.UP, numbers.advertiser_return),
            Measure("budget_use", "share of the budgets spent", "", Direction.UP, numbers.budget_use),
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
        Measure("orders_per_1000", "orders per 1,000 requests", "orders", Direction.UP, numbers.orders_per_1000),
        others=(
            Measure(
                "orders_per_diner_week",
                "orders a diner and week",
                "orders",
                Direction.UP,
                numbers.orders_per_diner_week,
            ),
            Measure("latency_p50_ms", "p50", "ms", Direction.DOWN, numbers.latency_p50_ms, live_only=True),
            Measure("latency_p99_ms", "p99", "ms", Direction.DOWN, numbers.latency_p99_ms),
            Measure("abandoned_share", "left before the list came", "", Direction.DOWN, numbers.abandoned_share),
        ),
        dials=(Dial("ads.value_floor", 0.0, 0.1),),
    ),
    Seat(
        "infra",
        "Infrastructure",
        "no surprises",
        Measure("cpu_ms_per_1000", "CPU per 1,000 requests", "ms", Direction.DOWN, numbers.cpu_ms_per_1000),
        others=(
            Measure(
                "change_failures",
                "versions that failed in service",
                "",
                Direction.DOWN,
                numbers.change_failures,
                live_only=True,
            ),
            Measure("rollbacks", "rollbacks", "", Direction.DOWN, numbers.rollbacks, live_only=True),
            Measure(
                "error_budget_left", "error budget left", "", Direction.UP, numbers.error_budget_left, live_only=True
            ),
            Measure("memory_mib", "memory of a process", "MiB", Direction.DOWN, numbers.memory_mib, live_only=True),
        ),
    ),
    Seat(
        "interpretability",
        "Interpretability",
        "reasons that are true",
        Measure("explained_share", "items explained exactly", "", Direction.UP, numbers.explained_share),
        others=(
            Measure(
                "explained_lists", "lists explained exactly", "", Direction.UP, numbers.explained_lists, live_only=True
            ),
            Measure(
                "explaining_us",
                "cost of explaining an item",
                "µs",
                Direction.DOWN,
                numbers.explaining_us,
                live_only=True,
            ),
            Measure(
                "fidelity", "what reasons tell more than chance", "", Direction.UP, numbers.fidelity, live_only=True
            ),
        ),
    ),
    Seat(
        "fairness",
        "Fairness",
        "a fair share for restaurants",
        Measure("exposure_ratio", "least over greatest exposure per merit", "", Direction.UP, numbers.exposure_ratio),
        others=(
            Measure(
                "exposure_ratio_paid",
                "the same at places that were sold",
                "",
                Direction.UP,
                numbers.exposure_ratio_paid,
                live_only=True,
            ),
            Measure(
                "exposure_ratio_districts",
                "the same between districts",
                "",
                Direction.UP,
                numbers.exposure_ratio_districts,
                live_only=True,
            ),
        ),
        dials=(Dial("fairness.gain", 0.0, 0.1), Dial("fairness.newcomer_quota", 0.0, 0.12)),
    ),
    Seat(
        "diners",
        "Diners",
        "to want to come back",
        Measure("return_rate_28d", "come back within 28 days", "", Direction.UP, numbers.return_rate_28d),
        limits=(Limit("return_rate_28d", at_least=0.75),),
        signs=False,
    ),
    Seat(
        "restaurants",
        "Restaurants",
        "to stay in business",
        Measure("open_share", "restaurants still open", "", Direction.UP, numbers.open_share),
        limits=(Limit("open_share", at_least=0.6),),
        signs=False,
    ),
)


def signing(seats: Sequence[Seat] = SEATS) -> tuple[Seat, ...]:
    """Those who negotiate and sign, in the registry's order."""
    return tuple(seat for seat in seats if seat.signs)


def measures(seats: Sequence[Seat] = SEATS) -> Mapping[str, Measure]:
    """All measures by key."""
    return {measure.key: measure for seat in seats for measure in (seat.number, *seat.others)}


def negotiable(seats: Sequence[Seat] = SEATS) -> Mapping[str, Measure]:
    """Those of them that the closed loop has a figure of."""
    return {key: measure for key, measure in measures(seats).items() if not measure.live_only}
