"""Bodies of the routes of releases, freezes and the error budget."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from services.api.schemas import Body, Time
from services.releases.bounds import ApprovedBounds
from services.releases.budget import Budget
from services.releases.calendar import Window
from services.releases.freeze import Cause, Freeze
from services.releases.minutes import ShadowScore
from services.releases.overview import Price
from services.releases.states import State
from services.releases.store import Release

Reason = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$", description="For the audit trail.")]


class ReleaseBody(Body):
    """A model version and what it is in its market."""

    market: str
    version: str
    model: str
    state: State
    since: datetime = Field(description="When it came into this state.")
    reason: str
    created_at: datetime = Field(description="When it was registered.")
    served: bool = Field(description="Whether it is or has been champion: a rollback can lead to it.")
    share: float = Field(ge=0, le=1, description="Of diners (canary) or of lists (shadow); else 0.")
    ndcg: float | None = Field(description="nDCG@10 on held-out data when it was trained.")
    evidence: dict[str, Any] = Field(description="What the guardrails have counted in the trial, and their e-values.")
    agreement: ShadowScore | None = Field(description="How a shadow's lists agree with those that are shown.")

    @classmethod
    def of(cls, release: Release, ndcg: float | None, agreement: ShadowScore | None = None) -> Self:
        """From what the store keeps."""
        version = release.version
        return cls(
            market=version.market,
            version=version.version,
            model=version.model,
            state=release.state,
            since=release.since,
            reason=release.reason,
            created_at=version.created_at,
            served=release.served,
            share=release.share,
            ndcg=ndcg,
            evidence=dict(release.evidence),
            agreement=agreement,
        )


class BudgetBody(Body):
    """What is left of the error budget."""

    requests: int = Field(ge=0)
    errors: int = Field(ge=0)
    slow: int = Field(ge=0)
    window_days: int
    availability: float = Field(description="Share of lists that are to be answered.")
    fast: float = Field(description="Share of answers that are to take no longer than `slow_ms`.")
    slow_ms: float
    spent: float = Field(ge=0, description="Share of the allowed failures or slow answers; above 1: more than allowed.")
    left: float = Field(ge=0, le=1)

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """From the sums of the window."""
        promised = budget.objectives
        return cls(
            requests=budget.requests,
            errors=budget.errors,
            slow=budget.slow,
            window_days=promised.window_days,
            availability=promised.availability,
            fast=promised.fast,
            slow_ms=promised.slow_ms,
            spent=budget.spent,
            left=budget.left,
        )


class ReleasePage(Body):
    """All versions of a market, newest first."""

    items: list[ReleaseBody]
    next: str | None = None
    error_budget: BudgetBody


class Trying(Body):
    """How much of it a trial gets."""

    share: float = Field(gt=0, le=1, allow_inf_nan=False, description="Of diners (canary) or of lists (shadow).")
    reason: Reason = ""


class Moving(Body):
    """Why."""

    reason: Reason = ""


class FreezeWrite(Body):
    """A freeze by hand."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    until: Time


class FreezeReason(Body):
    """Something that freezes the market."""

    cause: Cause
    reason: str
    role: str
    since: datetime | None
    until: datetime | None = Field(description="Null: until the error budget has recovered, or somebody lifts it.")

    @classmethod
    def of(cls, freeze: Freeze) -> Self:
        """From the store."""
        return cls.model_validate(freeze, from_attributes=True)


class FreezeBody(Body):
    """Whether a market is frozen, what waits, and what that costs."""

    market: str
    frozen: bool
    freezes: list[FreezeReason]
    queue: list[ReleaseBody] = Field(description="Challengers that could be promoted, the longest waiting first.")
    price: Price
    bounds: ApprovedBounds = Field(description="How far policy dials may move while it is frozen.")
    calendar: list[Window]
    error_budget: BudgetBody


class CalendarBody(Body):
    """Hours of the local week in which nothing is released."""

    windows: list[Window] = Field(max_length=50)


def freeze_reasons(freezes: Sequence[Freeze]) -> list[dict[str, Any]]:
    """Freezes as the extra field of a problem."""
    return [FreezeReason.of(freeze).model_dump(mode="json") for freeze in freezes]
