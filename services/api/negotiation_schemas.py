"""Bodies of the routes of demands and negotiations."""

from datetime import datetime
from typing import Self

from pydantic import Field

from services.api.policy_schemas import ActivePolicy
from services.api.schemas import ALL_FIELDS, Body
from services.catalogue.records import MarketKey
from services.stakeholders.demands import StoredDemand
from services.stakeholders.negotiation.demand import Demand
from services.stakeholders.negotiation.result import Result
from services.stakeholders.negotiations import Negotiation


class DemandBody(Demand):
    """What a seat demands."""

    model_config = ALL_FIELDS

    market: str
    seat: str
    version: int = Field(ge=1, description="The `ETag` stands for it.")
    updated_at: datetime

    @classmethod
    def of(cls, market: str, stored: StoredDemand) -> Self:
        """From what the store keeps."""
        demand = {name: getattr(stored.demand, name) for name in Demand.model_fields}
        return cls(market=market, seat=stored.seat, version=stored.version, updated_at=stored.updated_at, **demand)


class DemandPage(Body):
    """The demands of a market's seats; a seat that has demanded nothing is not in it."""

    items: list[DemandBody]
    next: str | None = None


class NegotiationRequest(Body):
    """What is to be negotiated. Without `demands` it is for real: by what the seats have demanded, and kept."""

    market: MarketKey | None = Field(default=None, description="May be left out where there is one market.")
    front_id: str | None = Field(
        default=None, pattern=r"^[0-9a-f]{16,64}$", description="By default the market's newest front."
    )
    demands: dict[str, Demand] | None = Field(
        default=None,
        max_length=64,
        description="What if: these seats' demands instead of what they have stored. Nothing of it is kept.",
    )


class FrontAge(Body):
    """What was bargained over."""

    front_id: str
    created_at: datetime
    age_seconds: float = Field(ge=0, description="When it was bargained over.")
    assumed: bool = Field(description="Whether it tells of an invented city instead of this market.")


class NegotiationBody(Result):
    """A negotiation and what came of it."""

    negotiation_id: str | None = Field(description="Null for a what-if.")
    market: str
    evaluated: FrontAge
    requested_by: str = Field(examples=["product"])
    created_at: datetime
    demands: dict[str, Demand]
    policy: ActivePolicy | None = Field(description="The settlement as a stored policy, ready to be signed.")
    held: str | None = Field(description="Why a settlement is not stored as a policy: the market is frozen.")

    @classmethod
    def of(cls, found: Negotiation) -> Self:
        """From what the store answers."""
        age = max((found.created_at - found.front_at).total_seconds(), 0.0)
        evaluated = FrontAge(front_id=found.front_id, created_at=found.front_at, age_seconds=age, assumed=found.assumed)
        policy = None if found.policy is None else ActivePolicy(name=found.policy[0], version=found.policy[1])
        return cls(
            **{name: getattr(found.result, name) for name in Result.model_fields},
            negotiation_id=found.negotiation_id,
            market=found.market,
            evaluated=evaluated,
            requested_by=found.requested_by,
            created_at=found.created_at,
            demands=dict(found.demands),
            policy=policy,
            held=found.held,
        )


class NegotiationPage(Body):
    """Negotiations that were kept, the newest first."""

    items: list[NegotiationBody]
    next: str | None = None
