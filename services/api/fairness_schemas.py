"""Bodies of the routes of fairness, with their examples."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from services.api.schemas import Body


class FigureBody(Body):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


class GroupBody(FigureBody):
    """A group's figure."""

    group: str
    n: int = Field(ge=0, description="Its members.")


class NotShownBody(Body):
    """Groups that are too small to be shown."""

    groups: int
    members: int
    fewer_than: int


class ComparisonBody(Body):
    """One measure over the groups of one attribute, or of two crossed."""

    side: Literal["restaurants", "diners"]
    measure: str
    attribute: str
    groups: list[GroupBody]
    overall: float
    gap: FigureBody = Field(description="Greatest less least.")
    ratio: FigureBody = Field(description="Least over greatest.")
    by_chance: float = Field(description="Of the ratio (restaurants) or the gap (diners), if labels meant nothing.")
    p: float
    p_adjusted: float = Field(description="Corrected for all comparisons of the report.")
    not_shown: NotShownBody
    words: str = Field(description="The same in a sentence, for people.")


class AboutBody(Body):
    """What was looked at."""

    market: str
    since: datetime
    until: datetime
    lists: int
    diners: int
    restaurants: int


class FairnessBody(Body):
    """How fairly a market is served."""

    ok: bool | None = Field(description="Null: what looks like discrimination is not looked for in live lists.")
    about: AboutBody
    findings: list[dict[str, Any]] | None = Field(
        description="Null: not looked for; what takes a model apart is `tablestakes audit fairness`."
    )
    metrics: dict[str, FigureBody]
    comparisons: list[ComparisonBody]
    changes: list[str]
    cost: str
    notes: list[str]
    cannot_say: list[str] = Field(description="What must be known to read it.")


class BesideBody(Body):
    """A restaurant beside the others of one of its groups: looks that were not paid for, for each order's worth."""

    attribute: str
    group: str
    members: int
    own: FigureBody
    others: FigureBody
    verdict: Literal["more", "less", "like"] = Field(description="`like`: the intervals overlap.")


class ExposureBody(Body):
    """Why a restaurant is shown as often as it is."""

    restaurant_id: str
    market: str
    since: datetime
    until: datetime
    lists_sampled: int = Field(ge=0, description="Of the window's lists, evenly spread.")
    shown: int = Field(ge=0, description="Places in these.")
    sold: int
    orders: int
    mean_position: float | None
    organic_looks: float = Field(description="Sum of the chances of a look over its places that were not sold.")
    paid_looks: float
    merit: float = Field(description="Orders, each over the chance of a look at its place.")
    merit_is_floor: bool = Field(description="Too few orders tell of it.")
    groups: list[BesideBody]
    words: list[str]


_FIGURE: Final[dict[str, float]] = {"value": 4.1, "low": 3.8, "high": 4.4}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "getFairness": {
        "ok": None,
        "about": {
            "market": "aldermoor",
            "since": "2026-01-02T19:00:00Z",
            "until": "2026-01-09T19:24:11Z",
            "lists": 4210,
            "diners": 1204,
            "restaurants": 300,
        },
        "findings": None,
        "metrics": {"gini": {"value": 0.61, "low": 0.6, "high": 0.62}},
        "comparisons": [
            {
                "side": "restaurants",
                "measure": "exposure per merit at places that were not sold",
                "attribute": "kind",
                "groups": [
                    {"group": "chain", "n": 75, **_FIGURE},
                    {"group": "independent", "n": 210, "value": 3.4, "low": 3.2, "high": 3.6},
                ],
                "overall": 3.6,
                "gap": {"value": 0.7, "low": 0.4, "high": 1.0},
                "ratio": {"value": 0.83, "low": 0.77, "high": 0.9},
                "by_chance": 0.94,
                "p": 0.02,
                "p_adjusted": 0.16,
                "not_shown": {"groups": 0, "members": 0, "fewer_than": 5},
                "words": "For every order that they earn, kind chain have 4.1 looks and kind independent 3.4: …",
            }
        ],
        "changes": [],
        "cost": "Lists have no term for fairness: nothing was given up for it, and nothing was evened out.",
        "notes": [],
        "cannot_say": ["A gap does not say why it is there. …"],
    },
    "getRestaurantExposure": {
        "restaurant_id": "r0-00042",
        "market": "aldermoor",
        "since": "2026-01-02T19:00:00Z",
        "until": "2026-01-09T19:24:11Z",
        "lists_sampled": 2000,
        "shown": 120,
        "sold": 8,
        "orders": 14,
        "mean_position": 5.2,
        "organic_looks": 71.2,
        "paid_looks": 3.9,
        "merit": 19.4,
        "merit_is_floor": False,
        "groups": [
            {
                "attribute": "kind",
                "group": "independent",
                "members": 210,
                "own": _FIGURE,
                "others": {"value": 3.4, "low": 3.2, "high": 3.6},
                "verdict": "more",
            }
        ],
        "words": ["In 2,000 lists that were looked at it was shown 120 times, 8 of them paid for, …"],
    },
}
