"""A front: policies, and what each of them came to. Made once, slowly; bargained over as often as one likes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy import special

from services.stakeholders.negotiation.pareto import Doubles
from services.stakeholders.policy import Policy

_TWO_SIDED = 0.975


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@lru_cache(maxsize=4_096)
def _quantile(freedom: int) -> float:
    """Student's, of a two-sided interval."""
    return float(special.stdtrit(freedom, _TWO_SIDED))


class Measured(_Document):
    """A number with its 95 % interval; null where there is nothing to measure."""

    value: float | None
    low: float | None
    high: float | None


class Estimate(_Document):
    """A measured mean."""

    mean: float | None = Field(description="Null where there was nothing to measure.")
    error: float | None = Field(default=None, ge=0.0, description="Its standard error; null where it is not known.")
    n: int = Field(default=1, ge=1, description="Independent parts that the error is over.")

    def measured(self) -> Measured:
        """With Student's 95 % interval."""
        if self.mean is None or self.error is None or self.n < 2:
            return Measured(value=self.mean, low=None, high=None)
        reach = _quantile(self.n - 1) * self.error
        return Measured(value=self.mean, low=self.mean - reach, high=self.mean + reach)


class Evaluated(_Document):
    """A policy with a model, and what they came to."""

    policy: Policy
    model: str
    outcomes: dict[str, Estimate]
    """By measure key."""


class Stage(_Document):
    """Policies that were tried for equally long in the same cities."""

    days: int = Field(ge=1)
    policies: tuple[Evaluated, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_each_name_once(self) -> Self:
        names = [one.policy.name for one in self.policies]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"policies: {twice[0]} is there twice")
        return self


class Front(_Document):
    """What policies came to: many over a short time, and those that matter over a long one."""

    front_id: str = Field(pattern=r"^[0-9a-f]{16,64}$", description="The hash of what it was made from.")
    created_at: datetime
    active: str
    """The policy that made the lists when the front was made."""
    wide: Stage
    long: Stage | None = None
    assumed: bool = Field(description="Whether it tells of an invented city instead of the market that it stands for.")
    notes: tuple[str, ...] = ()
    provenance: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """A stage as arrays: n policies, m measures."""

    policies: tuple[Evaluated, ...]
    column: Mapping[str, int]
    """Of each measure that some policy has a number of."""
    means: Doubles
    """(n, m); NaN where there is nothing to measure."""
    errors: Doubles
    """(n, m) standard errors; 0 where none is known."""
    counts: Doubles
    """(n, m) independent parts."""

    @classmethod
    def of(cls, policies: Sequence[Evaluated]) -> Self:
        """In the order of the policies' names, so that nothing hangs on the order in which they come."""
        ordered = sorted(policies, key=lambda one: one.policy.name)
        keys = sorted({key for one in ordered for key, found in one.outcomes.items() if found.mean is not None})
        nothing = Estimate(mean=None)
        cells = [[one.outcomes.get(key, nothing) for key in keys] for one in ordered]
        shape = (len(ordered), len(keys))

        def array(values: list[list[float]]) -> Doubles:
            return np.asarray(values, np.float64).reshape(shape)

        return cls(
            tuple(ordered),
            {key: column for column, key in enumerate(keys)},
            array([[np.nan if cell.mean is None else cell.mean for cell in row] for row in cells]),
            array([[cell.error if cell.error and cell.n > 1 else 0.0 for cell in row] for row in cells]),
            array([[float(cell.n) for cell in row] for row in cells]),
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the policies."""
        return tuple(one.policy.name for one in self.policies)

    def reach(self, key: str, confidence: float) -> Doubles:
        """(n,) from each mean to its one-sided bound of that confidence."""
        column = self.column[key]
        quantiles = special.stdtrit(np.maximum(self.counts[:, column] - 1.0, 1.0), confidence)
        return np.asarray(quantiles * self.errors[:, column])
