"""Health and metrics: for machines, without a key."""

import os

from fastapi import APIRouter, Response

from services.api.dependencies import ServicesDep
from services.api.schemas import Health
from services.monitoring.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"])


@router.get("/health/live", operation_id="getLiveness")
async def live() -> Health:
    """The process runs."""
    return Health(status="ok")


@router.get("/health/ready", operation_id="getReadiness", responses={503: {"model": Health}})
async def ready(services: ServicesDep, response: Response) -> Health:
    """Markets are loaded and warm. A cache or a database that is away degrades, but does not unready, the process."""
    checks = await services.checks()
    if not services.ready:
        response.status_code = 503
        return Health(status="starting", checks=checks)
    well = all(state == "ok" for state in checks.values())
    return Health(status="ok" if well else "degraded", checks=checks)


@router.get(
    "/metrics", operation_id="getMetrics", responses={200: {"content": {"text/plain": {}}}}, include_in_schema=False
)
async def metrics(services: ServicesDep) -> Response:
    """Prometheus metrics, of all worker processes together."""
    services.observe()
    text = services.metrics.render(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    return Response(text, media_type=CONTENT_TYPE)
