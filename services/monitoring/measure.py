"""What telling costs: ns of CPU a request for its metrics, and for its trace where one is configured.

python -m services.monitoring.measure
PROMETHEUS_MULTIPROC_DIR=$(mktemp -d) python -m services.monitoring.measure      # as with several processes
"""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from services.monitoring.metrics import Metrics
from services.monitoring.requests import RequestNotes, RequestWatch

_ROUNDS: Final = 15
_REQUESTS: Final = 2_000
_STAGES: Final = {"features": 2e-4, "ranking": 2e-4, "ads": 2e-5}
_SCOPE: Final[dict[str, Any]] = {
    "type": "http",
    "method": "GET",
    "headers": [(b"host", b"api"), (b"authorization", b"Bearer x"), (b"accept", b"*/*")],
}


def cpu_ns(one: Callable[[], object]) -> tuple[float, float, float]:
    """(median, lowest, highest) ns of CPU of one call, over rounds of many."""
    for _ in range(_REQUESTS):
        one()
    found = []
    for _ in range(_ROUNDS):
        started = time.process_time_ns()
        for _ in range(_REQUESTS):
            one()
        found.append((time.process_time_ns() - started) / _REQUESTS)
    return float(np.median(found)), min(found), max(found)


def main() -> None:
    """Print the table."""
    metrics = Metrics()
    watch = RequestWatch(metrics, slow_seconds=60.0)
    notes = RequestNotes()
    notes.market, notes.model_version, notes.stages = "aldermoor", "lightfm-0123456789ab", _STAGES

    def in_the_recommender() -> None:
        metrics.cache("hit")
        for stage, seconds in _STAGES.items():
            metrics.stage(stage, seconds)
        metrics.answer("aldermoor", "lightfm-0123456789ab", "balanced", 1)

    def answered() -> None:
        watch.answered(_SCOPE, "recommendations", 200, "01a207b5e928bf46f891c413ba266409", time.perf_counter(), notes)

    _print("metrics in the recommender", in_the_recommender)
    _print("metrics and slow log when it is answered", answered)
    try:
        from opentelemetry.sdk.trace import TracerProvider

        from services.monitoring.tracing import Tracing
    except ImportError:
        print("traces: the extra `tracing` is not installed")
        return
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("measure")
    watch.tracing = Tracing(tracer, share=0.0)
    _print("the same, traces on, this one not sampled", answered)
    watch.tracing = Tracing(tracer, share=1.0)
    _print("the same, sampled: four spans (without sending them)", answered)


def _print(what: str, one: Callable[[], object]) -> None:
    median, low, high = cpu_ns(one)
    print(f"{what:<56}{median:>8,.0f} ns  ({low:,.0f} – {high:,.0f})")


if __name__ == "__main__":
    main()
