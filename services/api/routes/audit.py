"""The audit trail, for those who look over everybody's shoulder."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.policy_schemas import AuditPage, AuditRecordBody
from services.api.problems import Unprocessable
from services.api.security import AUDITORS, require
from services.catalogue.records import Identifier, MarketKey
from services.database.types import is_storable

router = APIRouter(prefix="/v1", tags=["audit"], dependencies=[Depends(require(AUDITORS))])


@router.get("/audit-trail", operation_id="getAuditTrail", responses=answers(AuditPage, 422, 503))
async def audit_trail(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query(description="Only what concerns this market.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    action: Annotated[str | None, Query(max_length=64, description="Only this lever, as `policy.activate`.")] = None,
    subject: Annotated[Identifier | None, Query(description="Only what was done to this policy, campaign, …")] = None,
    role: Annotated[str | None, Query(max_length=32, description="Only what this role did.")] = None,
    cursor: Annotated[int | None, Query(ge=1, description="The last answer's `next`.")] = None,
) -> AuditPage:
    """Each use of a lever, the newest first, and whether the chain of digests holds."""
    named = {"action": _storable(action), "subject": subject, "role": _storable(role)}
    records = await services.in_thread(services.trail.page, market, cursor, limit + 1, **named)
    broken = await services.in_thread(services.trail.first_broken)
    following = str(records[limit - 1].seq) if len(records) > limit else None
    items = [AuditRecordBody.of(record) for record in records[:limit]]
    return AuditPage(items=items, next=following, verified=broken is None, broken_at=broken)


def _storable(text: str | None) -> str | None:
    """A text that a database can compare; raises Unprocessable."""
    if text is not None and not is_storable(text):
        raise Unprocessable("query: NUL and lone surrogates are in no record")
    return text
