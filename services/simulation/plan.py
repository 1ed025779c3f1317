"""What the closed loop simulates: which policies, in what world, for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from data.city.life import LifeParameters
from data.city.parameters import ChoiceModel
from models.corrections import Corrections
from services.simulation.advertisers import Reaction
from services.simulation.latency import Machines
from services.simulation.wallets import Pacing
from services.stakeholders.policy import Policy

DAYS_PER_WEEK: Final = 7
MINUTES: Final = 10
"""Requests of so many minutes are ranked together; what they are charged is known to the auctions after them."""


@dataclass(frozen=True)
class Drift:
    """How a city changes from week to week, whatever is shown."""

    taste: float = 0.02
    """Share of the diners who take somebody else's taste."""
    fashion: float = 0.05
    """Standard deviation over cuisines of what all diners see in them more, or less, than the week before."""


@dataclass(frozen=True)
class World:
    """What lists do to the city, and the city to the lists. None: that part of it stands still."""

    choice: ChoiceModel = ChoiceModel.NESTED
    life: LifeParameters | None = field(default_factory=LifeParameters)
    """Diners who come more or less often, kitchens that fill up, restaurants that close."""
    machines: Machines | None = field(default_factory=Machines)
    """Lists that take time."""
    reaction: Reaction | None = field(default_factory=Reaction)
    """Advertisers who move bids and budgets once a week."""
    drift: Drift | None = None


STILL: Final = World(life=None, machines=None, reaction=None)
"""Nothing follows from the lists but the orders."""


@dataclass(frozen=True)
class Arm:
    """What is different for one policy of a plan."""

    added_ms: float = 0.0
    """Put on top of each of its answers."""
    retrain_days: int | None = None
    """Instead of the plan's."""
    corrections: Corrections | None = None
    """Of the own log, where a model learns anew from it; None: none."""


@dataclass(frozen=True)
class Plan:
    """What is simulated. Raises ValueError for what cannot be."""

    policies: tuple[Policy, ...]
    """Of different names."""
    restaurants: int = 300
    diners: int = 2_000
    warm_days: int = 14
    """Days of log that the model learns from."""
    days: int = 7
    """Days under each policy."""
    model: str = "lightfm"
    """Of policies that name none."""
    pacing: Pacing = Pacing.DUAL
    world: World = STILL
    retrain_days: int = 0
    """Each policy's model learns anew from the last `warm_days` of its own log every so many days; 0: never."""
    minutes: int = MINUTES
    """A divisor of 60."""
    judge_every: int = 1
    """Of so many lists one is judged by the truth."""
    arms: Mapping[str, Arm] = field(default_factory=dict, hash=False)
    """By policy, where it differs."""

    def __post_init__(self) -> None:
        names = [policy.name for policy in self.policies]
        if not names or len(set(names)) < len(names):
            raise ValueError("policies: at least one, and each of its own name")
        if unknown := set(self.arms) - set(names):
            raise ValueError(f"arms: there is no policy {min(unknown)!r}")
        if self.minutes < 1 or 60 % self.minutes:
            raise ValueError(f"minutes: a divisor of 60, not {self.minutes}")
        if self.judge_every < 1 or self.retrain_days < 0:
            raise ValueError("judge_every: from 1; retrain_days: from 0")

    def model_of(self, policy: Policy) -> str:
        """The model that makes a policy's lists."""
        return policy.model or self.model

    @property
    def models(self) -> tuple[str, ...]:
        """Of all policies, each once."""
        return tuple(dict.fromkeys(self.model_of(policy) for policy in self.policies))
