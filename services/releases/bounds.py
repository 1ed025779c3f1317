"""How far policy dials may move while a market is frozen: what infra has approved beforehand. Pure.

Artifacts are held by a freeze, policies are small documents: the price of money can follow the market inside these
bounds without anything new reaching the processes that serve.
"""

from collections.abc import Iterator
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from services.stakeholders.differences import PARTS, dials_of
from services.stakeholders.policy import PolicyDials


def _numbers(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        if field.annotation in (int, float):
            yield prefix + name


DIALS: Final = frozenset(
    {*_numbers(PolicyDials), *(dial for name, part in PARTS.items() for dial in _numbers(part, f"{name}."))}
)
"""The dials that can have bounds: those that are numbers, `ads.money` among them."""


class DialRange(BaseModel):
    """A closed range."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: float = Field(allow_inf_nan=False)
    max: float = Field(allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min > self.max:
            raise ValueError("min is above max")
        return self


class ApprovedBounds(RootModel[dict[str, DialRange]]):
    """A range for each dial that may move; the others may not move at all."""

    model_config = ConfigDict(frozen=True)

    root: dict[str, DialRange] = Field(default={}, max_length=len(DIALS))

    @model_validator(mode="after")
    def _names_dials(self) -> Self:
        unknown = sorted(set(self.root) - DIALS)
        if unknown:
            raise ValueError(f"{unknown[0][:64]!r} is no dial that is a number; there are {', '.join(sorted(DIALS))}")
        return self


def moved_outside(bounds: ApprovedBounds, active: PolicyDials, wanted: PolicyDials) -> list[str]:
    """What a policy would move that it may not, in words; empty where it stays inside.

    >>> from services.stakeholders.policy import AdPolicy, Policy
    >>> approved = ApprovedBounds({"ads.money": DialRange(min=0.0, max=0.004)})
    >>> moved_outside(approved, Policy(), Policy(ads=AdPolicy(money=0.003)))
    []
    >>> moved_outside(approved, Policy(), Policy(ads=AdPolicy(money=0.005)))
    ['ads.money: 0.005 is outside 0 to 0.004']
    >>> moved_outside(approved, Policy(), Policy(shortlist=300))
    ['shortlist: no bounds are approved']
    """
    before, after = dict(dials_of(active)), dict(dials_of(wanted))
    # Which model a policy is for is held against the champion when it is activated, and a freeze keeps the champion.
    after.pop("model", None)
    found = []
    for dial in after:
        if before[dial] == after[dial]:
            continue
        bound = bounds.root.get(dial)
        if bound is None:
            found.append(f"{dial}: no bounds are approved")
        elif not bound.min <= after[dial] <= bound.max:
            found.append(f"{dial}: {after[dial]:g} is outside {bound.min:g} to {bound.max:g}")
    return found
