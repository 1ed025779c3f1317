"""What comes out of a negotiation, as it is stored, answered and printed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.stakeholders.negotiation.front import Measured
from services.stakeholders.policy import Policy


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Choice(_Document):
    """A policy, and what the seats have of it."""

    policy: Policy
    model: str
    shares: dict[str, float | None] = Field(
        description="By seat, of what it could hope for: 0 where the others have their way, 1 where it has its own; "
        "null where the others cannot take anything from a seat, and this policy does."
    )
    least_share: float | None
    open_shares: dict[str, float | None] = Field(
        description="The same where nobody had demanded anything: demands that leave few policies leave little to hope "
        "for, and shares of that are large."
    )
    outcomes: dict[str, Measured] = Field(description="By measure.")


class Basis(_Document):
    """What was bargained over."""

    days: int = Field(ge=1, description="Under each policy.")
    policies: int = Field(ge=0)
    feasible: int = Field(ge=0, description="Of them that meet all limits.")
    undominated: int = Field(ge=0, description="Of those that no other one beats for everyone.")


class ShortSight(_Document):
    """What the seats would settle on by the short run alone."""

    days: int = Field(ge=1)
    policy: str
    shares: dict[str, float | None]
    same: bool = Field(description="Whether it is the settlement.")


class Slope(_Document):
    """A piece of an exchange curve."""

    start: str = Field(description="A policy.")
    end: str = Field(description="Its neighbour that gives the seat more.")
    cost: Measured = Field(description="For each step.")


class ExchangeRate(_Document):
    """What more for one seat costs another."""

    seat: str
    costs: str
    measure: str
    costs_measure: str
    step: float = Field(gt=0, description="So much more of the seat's number, or less where less is better.")
    cost: Measured = Field(description="So much of the other's number, at the settlement.")
    curve: tuple[Slope, ...]
    days: int = Field(ge=1)
    words: str


class ChangedLimit(_Document):
    """A demand that gives way."""

    seat: str
    kind: Literal["limit", "disagreement"]
    measure: str
    side: Literal["at least", "at most"]
    asked: float
    takes: float = Field(description="Instead.")
    slack: float = Field(ge=0, description="The way from one to the other, in shares of the seat's range.")


class Relaxation(_Document):
    """What makes a policy feasible."""

    policy: str
    limits: tuple[ChangedLimit, ...]


class Infeasible(_Document):
    """Why there is no settlement, and what there is instead."""

    blocking: tuple[str, ...] = Field(description="These block each other: without any one of them some policy fits.")
    relaxation: Relaxation | None = Field(
        description="The smallest, by the greatest slack of anyone; null where what is never traded cannot be met."
    )
    alternatives: tuple[Relaxation, ...] = Field(description="Where one seat alone gives way.")
    words: tuple[str, ...]


class Step(_Document):
    """One step on the way to a settlement, or to there being none."""

    kind: Literal["tried", "limit", "dominated", "hopes", "rational", "round", "settlement", "nash", "blocked"] = Field(
        description="What is done: in the order in which it is done."
    )
    seats: tuple[str, ...] = Field(description="Whose limit it is; in a round those on whose account policies go.")
    gone: tuple[str, ...] = Field(description="Policies that are out of the question from here on.")
    left: int = Field(ge=0, description="So many are still in it.")
    level: float | None = Field(description="In a round: the least share that anyone has under those that are left.")
    policy: str | None = Field(description="The one that is chosen; for `blocked` the one that fits best.")
    words: str


class Result(_Document):
    """Of a negotiation."""

    settlement: Choice | None = Field(description="Leximin Kalai-Smorodinsky.")
    nash: Choice | None = Field(description="The largest product of the shares.")
    least_regret: Choice | None = Field(description="The smallest greatest regret over the front.")
    favourites: dict[str, Choice] = Field(description="Of each seat that bargains.")
    active: Choice | None = Field(description="What made the lists when the front was made.")
    front: tuple[Choice, ...] = Field(description="Twelve at most: those above, and who adds most to the hypervolume.")
    exchange_rates: tuple[ExchangeRate, ...]
    infeasible: Infeasible | None
    ideal: dict[str, float] = Field(description="By seat: the best it could have.")
    disagreement: dict[str, float] = Field(description="By seat: what it is left with.")
    hypervolume: float = Field(ge=0, le=1, description="Of the cube of shares that the front dominates.")
    doubtful: tuple[str, ...] = Field(description="Policies that are dominated, but maybe by chance.")
    basis: Basis
    short_sight: ShortSight | None = Field(description="Null where there is no other run than the one of `basis`.")
    notes: tuple[str, ...]
    words: tuple[str, ...]
    steps: tuple[Step, ...] = Field(
        default=(), description="How it came to this; empty where an older version of the program settled it."
    )
