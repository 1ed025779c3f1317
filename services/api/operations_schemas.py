"""The body of the route of operations, with its example."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from services.api.schemas import Body

Worker = Literal["watched", "away", "not_watched"]


class OperationsBody(Body):
    """How the system runs, as machines tell it."""

    at: datetime = Field(description="By the machine's clock, as all timestamps of metrics are.")
    checks: dict[str, str] = Field(description="What answers, by part: `ok` or what is wrong, as `/health/ready` says.")
    metrics: str = Field(
        description="Of the API processes that answer together: Prometheus text, as `/metrics` has it."
    )
    worker: Worker = Field(description="`not_watched`: `TABLESTAKES_WORKER_METRICS_PORT` and `…_URL` are not set.")
    worker_metrics: str = Field(description="Of the worker, in the same form; empty unless it is watched.")


ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "getOperations": {
        "at": "2026-01-09T19:00:00Z",
        "checks": {"feature_cache": "ok", "database": "ok", "markets": "ok"},
        "metrics": 'tablestakes_requests_total{route="events",status="202"} 18.0\n',
        "worker": "watched",
        "worker_metrics": 'tablestakes_worker_rounds_total{job_name="pacing",outcome="done"} 4.0\n',
    }
}
