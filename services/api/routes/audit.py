"""The audit trail, for those who look over everybody's shoulder."""

import os
from pathlib import Path
from tempfile import mkstemp
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.policy_schemas import AuditPage, AuditRecordBody
from services.api.problems import Unprocessable
from services.api.security import AUDITORS, require
from services.catalogue.records import Identifier, MarketKey
from services.database.types import is_storable

_PROBLEMS = {status: told for status, told in answers(AuditPage, 422, 503).items() if status != 200}

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
    """Each use of a lever, the newest first, and whether the chain of digests held when it was last looked at.

    A process walks along the chain once a minute at most; `verified_at` says when, and says nothing of later records.
    The records that answer for served lists come with `action=served.anchor` only.
    """
    named = {"action": _storable(action), "subject": subject, "role": _storable(role)}
    records = await services.in_thread(services.trail.page, market, cursor, limit + 1, **named)
    chain = await services.in_thread(services.chain.verdict)
    following = str(records[limit - 1].seq) if len(records) > limit else None
    items = [AuditRecordBody.of(record) for record in records[:limit]]
    return AuditPage(
        items=items,
        next=following,
        verified=chain.broken_at is None,
        broken_at=chain.broken_at,
        verified_at=chain.at,
    )


@router.get(
    "/audit-trail/bundle",
    operation_id="exportAuditTrail",
    response_class=FileResponse,
    responses={**_PROBLEMS, 200: {"content": {"application/zip": {}}, "description": "The bundle."}},
)
async def bundle(
    services: ServicesDep,
    lists: Annotated[bool, Query(description="With the served lists, which hold diners' ids.")] = False,
) -> FileResponse:
    """The whole trail as a zip with `verify.py`, which checks it without this program: `python -I verify.py`."""
    descriptor, name = mkstemp(suffix=".zip")
    os.close(descriptor)
    path = Path(name)
    try:
        await services.in_thread(services.served.flush)
        await services.in_thread(services.anchors.anchor)
        await services.in_thread(services.anchors.export, services.clock, path, lists)
    except BaseException:
        path.unlink()
        raise
    return FileResponse(
        path, media_type="application/zip", filename="audit-trail.zip", background=BackgroundTask(path.unlink)
    )


def _storable(text: str | None) -> str | None:
    """A text that a database can compare; raises Unprocessable."""
    if text is not None and not is_storable(text):
        raise Unprocessable("query: NUL and lone surrogates are in no record")
    return text
