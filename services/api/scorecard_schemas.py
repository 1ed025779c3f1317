"""Bodies of the routes of seats and scorecards, with their examples."""

from datetime import datetime
from typing import Any, Final, Literal, Self

from pydantic import Field

from services.api.schemas import Body
from services.stakeholders.differences import title_of
from services.stakeholders.scorecard.card import measure_document
from services.stakeholders.seats import Direction, Scale, Seat


class MeasureBody(Body):
    """A number of a seat."""

    key: str
    title: str
    unit: str = Field(description="Empty: a share, a ratio or a count.")
    direction: Direction
    negotiable: bool = Field(description="Whether the closed loop computes it too, so that it can be negotiated.")


class DialBody(Body):
    """A field of the policy that a seat moves."""

    path: str
    title: str = Field(description="How it is called, and what it is counted in.")
    low: float
    high: float
    scale: Scale
    whole: bool


class LimitBody(Body):
    """What a seat never trades."""

    key: str
    at_least: float | None
    at_most: float | None


class SeatBody(Body):
    """Somebody who has a stake."""

    seat: str = Field(description="Also the role of its key, where it signs.")
    title: str
    wants: str
    signs: bool = Field(description="Whether it negotiates and signs; otherwise it has limits only.")
    number: MeasureBody = Field(description="The one that is negotiated.")
    others: list[MeasureBody]
    dials: list[DialBody]
    limits: list[LimitBody]

    @classmethod
    def of(cls, seat: Seat) -> Self:
        """From the registry."""
        return cls.model_validate(
            {
                "seat": seat.name,
                "title": seat.title,
                "wants": seat.wants,
                "signs": seat.signs,
                "number": measure_document(seat.number),
                "others": [measure_document(measure) for measure in seat.others],
                "dials": [{"title": title_of(dial.path), **vars(dial)} for dial in seat.dials],
                "limits": [vars(limit) for limit in seat.limits],
            }
        )


class SeatPage(Body):
    """All seats, in the registry's order."""

    items: list[SeatBody]
    next: str | None = None


class MeasuredNumber(Body):
    """A number with its 95 % interval; null where it cannot be computed."""

    value: float | None
    low: float | None
    high: float | None


class TargetBody(Body):
    """What the seat insists on."""

    at_least: float | None
    at_most: float | None
    source: Literal["demand", "registry"]
    verdict: Literal["met", "missed", "open", "unknown"] = Field(
        description="`open`: the interval reaches to both sides of the bound; `unknown`: there is no number."
    )


class NumberBody(MeasureBody):
    """One number now."""

    measured: MeasuredNumber
    n: int = Field(ge=0, description="How many of `of` it rests on.")
    of: str
    reason: str | None = Field(description="Why there is no number; beside one, what must be known to read it.")
    target: TargetBody | None
    trend: MeasuredNumber = Field(description="Less the window before.")
    course: Literal["better", "worse", "level", "unknown"] = Field(
        description="What the trend means to the seat; `level` where its interval holds 0."
    )


class SeatScores(Body):
    """A seat's numbers, the negotiated one first."""

    seat: str
    title: str
    wants: str
    signs: bool
    numbers: list[NumberBody]


class StandstillBody(Body):
    """What a freeze costs while it holds."""

    reason: str
    staleness_days: float | None = Field(description="Age of the champion.")
    ndcg_lost: float | None = Field(description="To the best version that waits; null: not known.")
    waiting: int


class ScorecardBody(Body):
    """All seats' numbers over a market's window."""

    market: str
    currency: str = Field(description="ISO 4217: minor units are of this.")
    days: int
    since: datetime
    until: datetime
    standstill: StandstillBody | None = Field(description="Null: the market is not frozen.")
    seats: list[SeatScores]


_NUMBER: Final[dict[str, Any]] = {
    "key": "orders_per_1000",
    "title": "orders per 1,000 requests",
    "unit": "orders",
    "direction": "up",
    "negotiable": True,
}
_SEAT: Final[dict[str, Any]] = {
    "seat": "product",
    "title": "Product",
    "wants": "orders, and an app that is quick",
    "signs": True,
}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "listSeats": {
        "items": [
            {
                **_SEAT,
                "number": _NUMBER,
                "others": [],
                "dials": [
                    {
                        "path": "ads.value_floor",
                        "title": "order probability below which no place is sold",
                        "low": 0.0,
                        "high": 0.1,
                        "scale": "linear",
                        "whole": False,
                    }
                ],
                "limits": [],
            }
        ],
        "next": None,
    },
    "getScorecard": {
        "market": "aldermoor",
        "currency": "EUR",
        "days": 7,
        "since": "2026-01-02T19:00:00Z",
        "until": "2026-01-09T19:24:11Z",
        "standstill": None,
        "seats": [
            {
                **_SEAT,
                "numbers": [
                    {
                        **_NUMBER,
                        "measured": {"value": 148.2, "low": 143.9, "high": 152.5},
                        "n": 3120,
                        "of": "diners",
                        "reason": None,
                        "target": {"at_least": 140.0, "at_most": None, "source": "demand", "verdict": "met"},
                        "trend": {"value": 2.1, "low": -4.0, "high": 8.2},
                        "course": "level",
                    }
                ],
            }
        ],
    },
}
