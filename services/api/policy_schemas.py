"""Bodies of the routes of policies and of the audit trail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field

from services.api.schemas import ALL_FIELDS, Body
from services.audit.trail import AuditRecord
from services.stakeholders.policies import StoredPolicy
from services.stakeholders.policy import PolicyDials


class PolicyBody(PolicyDials):
    """A version of a policy."""

    model_config = ALL_FIELDS

    market: str
    name: str
    version: int = Field(ge=1, description="The `ETag` stands for it.")
    active: bool = Field(description="Whether this version makes the market's lists.")
    created_at: datetime

    @classmethod
    def of(cls, market: str, stored: StoredPolicy, active: tuple[str, int]) -> Self:
        """From what the store keeps; `active` is name and version of the active one."""
        policy = stored.policy
        dials = {dial: getattr(policy, dial) for dial in PolicyDials.model_fields}
        return cls(
            market=market,
            name=policy.name,
            version=policy.version,
            active=(policy.name, policy.version) == active,
            created_at=stored.created_at,
            **dials,
        )


class ActivePolicy(Body):
    """What makes a market's lists."""

    name: str
    version: int = Field(ge=1)


class PolicyPage(Body):
    """Policies of a market: the newest version of each, or all versions of one."""

    items: list[PolicyBody]
    next: str | None = None
    active: ActivePolicy = Field(description="It need not be among the items: a newer version may wait.")

    @classmethod
    def of(cls, market: str, stored: Sequence[StoredPolicy], active: tuple[str, int]) -> Self:
        """From what the store keeps; `active` is name and version of the active one."""
        name, version = active
        items = [PolicyBody.of(market, each, active) for each in stored]
        return cls(items=items, active=ActivePolicy(name=name, version=version))


class Activation(Body):
    """Which version is to be active."""

    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="By default the newest.")
    override: bool = Field(default=False, strict=True, description="Go without signatures: for set-up, the admin only.")
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = Field(
        default="", description="For the audit trail; an override needs one."
    )


class AuditRecordBody(Body):
    """One use of a lever."""

    seq: int = Field(ge=1)
    at: datetime
    role: str
    action: str = Field(examples=["policy.activate"])
    market: str | None
    subject: str
    document: dict[str, Any] = Field(description="What was there before and after.")
    previous: str = Field(description="The digest of the record before it; 64 zeros for the first.")
    digest: str = Field(description="sha256 over the record and `previous`.")

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """From the trail."""
        return cls.model_validate(record, from_attributes=True)


class AuditPage(Body):
    """A page of the audit trail, the newest record first."""

    items: list[AuditRecordBody]
    next: str | None
    verified: bool = Field(description="Whether the whole chain held at `verified_at`, from the first record on.")
    broken_at: int | None = Field(description="The first record at which it did not.")
    verified_at: datetime = Field(description="When that was looked at; a process does it once a minute at most.")
