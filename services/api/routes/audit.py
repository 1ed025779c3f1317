"""The audit trail, for those who look over everybody's shoulder."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.policy_schemas import AuditPage, AuditRecordBody
from services.api.security import AUDITORS, require
from services.catalogue.records import MarketKey

router = APIRouter(prefix="/v1", tags=["audit"], dependencies=[Depends(require(AUDITORS))])


@router.get("/audit-trail", operation_id="getAuditTrail", responses=answers(AuditPage, 422, 503))
async def audit_trail(
    services: ServicesDep,
    market: Annotated[MarketKey | None, Query(description="Only what concerns this market.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[int | None, Query(ge=1, description="The last answer's `next`.")] = None,
) -> AuditPage:
    """Each use of a lever, the newest first, and whether the chain of digests holds."""
    records = await services.in_thread(services.trail.page, market, cursor, limit + 1)
    broken = await services.in_thread(services.trail.first_broken)
    following = str(records[limit - 1].seq) if len(records) > limit else None
    items = [AuditRecordBody.of(record) for record in records[:limit]]
    return AuditPage(items=items, next=following, verified=broken is None, broken_at=broken)
