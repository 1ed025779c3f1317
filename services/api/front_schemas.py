"""Bodies of the routes of evaluated fronts, with their examples."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Self

from pydantic import Field

from services.api.schemas import Body
from services.stakeholders.fronts import FrontSummary
from services.stakeholders.negotiation.front import Front, Measured, Stage
from services.stakeholders.negotiation.table import Table
from services.stakeholders.policy import Policy
from services.stakeholders.seats import SEATS

_NOBODY_DEMANDS: Final[Mapping[str, Any]] = {}


class FrontAbout(Body):
    """What a front is, and what it rests on."""

    market: str
    front_id: str = Field(description="The hash of what it was made from.")
    created_at: datetime
    age_seconds: float = Field(ge=0)
    assumed: bool = Field(description="Whether it tells of an invented city instead of this market.")
    active: str = Field(description="The policy that made the lists when the front was made.")
    policies: int = Field(ge=1, description="Tried.")
    days: int = Field(ge=1, description="Under each.")
    followed: int = Field(ge=0, description="Of the policies, and some near them, for longer.")
    followed_days: int | None = Field(description="Under each of these; null where none was followed.")
    cities: int | None = Field(description="Drawn; null where the front does not say.")
    seed: int | None = Field(description="Of the first city.")
    restaurants: int | None
    diners: int | None
    notes: list[str]

    @classmethod
    def about(cls, market: str, found: FrontSummary, now: datetime) -> dict[str, Any]:
        """The fields, from what the store tells."""
        setting = found.provenance.get("setting", {})
        return {
            "market": market,
            "front_id": found.front_id,
            "created_at": found.created_at,
            "age_seconds": max((now - found.created_at).total_seconds(), 0.0),
            "assumed": found.assumed,
            "active": found.active,
            "policies": found.policies,
            "days": found.days,
            "followed": found.followed,
            "followed_days": found.followed_days,
            "notes": list(found.notes),
            **{name: setting.get(name) for name in ("cities", "seed", "restaurants", "diners")},
        }


class FrontPage(Body):
    """Fronts of a market, the newest first."""

    items: list[FrontAbout]
    next: str | None = None

    @classmethod
    def of(cls, market: str, found: list[FrontSummary], now: datetime) -> Self:
        """From what the store tells."""
        return cls(items=[FrontAbout(**FrontAbout.about(market, one, now)) for one in found])


class TriedBody(Body):
    """A policy that was tried, and what it came to."""

    policy: Policy
    model: str
    allowed: bool = Field(description="Whether it keeps what is never traded.")
    undominated: bool = Field(description="Whether no other one that is allowed beats it for everyone.")
    shares: dict[str, float | None] = Field(
        description="By seat, of what it could hope for where nobody demands anything: 0 at `disagreement`, 1 at "
        "`ideal`; null where the others cannot take anything from a seat, and this policy does."
    )
    outcomes: dict[str, Measured] = Field(description="By measure, with 95 % intervals.")


class StageBody(Body):
    """Policies that were tried for equally long."""

    days: int = Field(ge=1)
    ideal: dict[str, float] = Field(description="By seat: the best it could have.")
    disagreement: dict[str, float] = Field(description="By seat: its worst over the others' favourites.")
    policies: list[TriedBody] = Field(description="By name.")

    @classmethod
    def of(cls, stage: Stage) -> Self:
        """What the stage comes to where nobody demands anything."""
        table = Table.of(stage, _NOBODY_DEMANDS, SEATS)
        hopes, allowed, front = table.undemanded, table.feasible(hard=True), set(table.undemanded.front.tolist())
        seats = [seat.name for seat in table.seats]
        return cls(
            days=stage.days,
            ideal=dict(zip(seats, (hopes.ideal * table.signs).tolist(), strict=True)),
            disagreement=dict(zip(seats, (hopes.disagreement * table.signs).tolist(), strict=True)),
            policies=[
                TriedBody(
                    policy=one.policy,
                    model=one.model,
                    allowed=bool(allowed[row]),
                    undominated=row in front,
                    shares=dict(zip(seats, _known(hopes.gains[row].tolist()), strict=True)),
                    outcomes={key: found.measured() for key, found in one.outcomes.items()},
                )
                for row, one in enumerate(table.outcomes.policies)
            ],
        )


class FrontBody(FrontAbout):
    """A front: policies, and what each of them came to."""

    wide: StageBody
    long: StageBody | None = Field(description="Null where none was followed for longer.")
    provenance: dict[str, Any] = Field(description="Setting, program, libraries and machine.")

    @classmethod
    def of(cls, market: str, front: Front, now: datetime) -> Self:
        """From what the store keeps."""
        return cls(
            **cls.about(market, FrontSummary.of(front.model_dump(mode="json")), now),
            wide=StageBody.of(front.wide),
            long=None if front.long is None else StageBody.of(front.long),
            provenance=front.provenance,
        )


def _known(gains: list[float]) -> list[float | None]:
    return [None if math.isnan(gain) else gain for gain in gains]


_ABOUT: Final[dict[str, Any]] = {
    "market": "aldermoor",
    "front_id": "9b1f0c2d3e4f5a6b7c8d9e0f1a2b3c4d",
    "created_at": "2026-01-09T12:00:00Z",
    "age_seconds": 25200.0,
    "assumed": False,
    "active": "balanced",
    "policies": 128,
    "days": 28,
    "followed": 18,
    "followed_days": 182,
    "cities": 1,
    "seed": 1,
    "restaurants": 400,
    "diners": 4000,
    "notes": [],
}
_ONE: Final[dict[str, Any]] = {
    "days": 28,
    "ideal": {"product": 859.0},
    "disagreement": {"product": 831.0},
    "policies": [
        {
            "policy": {"name": "balanced", "version": 1},
            "model": "lightfm",
            "allowed": True,
            "undominated": True,
            "shares": {"product": 0.8},
            "outcomes": {"orders_per_1000": {"value": 853.4, "low": 840.1, "high": 866.7}},
        }
    ],
}
ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "listFronts": {"items": [_ABOUT], "next": None},
    "getFront": {**_ABOUT, "wide": _ONE, "long": None, "provenance": {"setting": {"seed": 1}}},
}
