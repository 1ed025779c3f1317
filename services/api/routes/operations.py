"""How the system runs, for the page of operations: what machines scrape, under a key."""

import os
from datetime import UTC, datetime

from fastapi import APIRouter, Depends

from services.api.dependencies import ServicesDep
from services.api.examples import answers
from services.api.operations_schemas import OperationsBody, Worker
from services.api.security import READERS, require
from services.monitoring.worker_scrape import WorkerAway, scrape

router = APIRouter(prefix="/v1", tags=["operations"], dependencies=[Depends(require(READERS))])


@router.get("/operations", operation_id="getOperations", responses=answers(OperationsBody))
async def operations(services: ServicesDep) -> OperationsBody:
    """The metrics of the API and of the worker together, and what answers.

    For people's pages, which reach neither the worker's port nor, behind the proxy, `/metrics`. Machines scrape both
    themselves. Behind a proxy any of several replicas may answer: `tablestakes_process_start_timestamp_seconds` tells
    them apart.
    """
    services.observe()
    text = services.metrics.render(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    worker, shown = await _worker(services)
    return OperationsBody(
        at=datetime.now(UTC),
        checks=await services.checks(),
        metrics=text.decode(),
        worker=worker,
        worker_metrics=shown,
    )


async def _worker(services: ServicesDep) -> tuple[Worker, str]:
    url = services.settings.resolved_worker_metrics_url
    if not url:
        return "not_watched", ""
    try:
        return "watched", await services.in_thread(scrape, url)
    except WorkerAway:
        return "away", ""
