"""What is told of every request when it has been answered: metrics, a line in the log where it was slow, a trace."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import structlog
from starlette.types import Scope

from services.monitoring.metrics import Metrics

if TYPE_CHECKING:
    from services.monitoring.tracing import Tracing

_NO_STAGES: Final[Mapping[str, float]] = {}
_LINES_A_SECOND: Final = 10
"""Of slow requests: a database that hangs holds hundreds, which then end together, and to tell of each took longer than
to answer them."""
_log = structlog.get_logger(__name__)


class RequestNotes:
    """What a request comes to know about itself while it is answered."""

    __slots__ = ("market", "model_version", "stages")

    def __init__(self) -> None:
        self.market: str | None = None
        self.model_version: str | None = None
        self.stages: Mapping[str, float] = _NO_STAGES
        """Seconds in each stage, one after the other."""

    def about(self) -> dict[str, str]:
        """What is known, for a line in the log."""
        known = (("market", self.market), ("model_version", self.model_version))
        return {name: value for name, value in known if value is not None}


class RequestWatch:
    """Told of each answered request, by the edge and by the hot path."""

    def __init__(self, metrics: Metrics, slow_seconds: float) -> None:
        self._metrics = metrics
        self._slow_seconds = slow_seconds
        self._second, self._told, self._untold = 0, 0, 0
        self.tracing: Tracing | None = None
        """Set while the application runs, where traces are configured."""

    def answered(
        self, scope: Scope, route: str, status: int, request_id: str, started: float, notes: RequestNotes
    ) -> None:
        """`started` by `time.perf_counter`; a status of 0 says that the answer broke off before it began."""
        seconds = time.perf_counter() - started
        self._metrics.request(route, status, seconds)
        if seconds >= self._slow_seconds:
            self._tell_slow(route, status, request_id, seconds, notes)
        if self.tracing is not None:
            self.tracing.answered(scope, route, status, request_id, seconds, notes)

    def _tell_slow(self, route: str, status: int, request_id: str, seconds: float, notes: RequestNotes) -> None:
        """A line in the log, unless there were many in this second; the next one says how many were not told of."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._told = second, 0
        if self._told == _LINES_A_SECOND:
            self._untold += 1
            return
        self._told += 1
        untold, self._untold = self._untold, 0
        _log.warning(
            "request_slow",
            request_id=request_id,
            route=route,
            status=status,
            milliseconds=round(1000.0 * seconds, 1),
            stages={name: round(1000.0 * spent, 1) for name, spent in notes.stages.items()},
            **notes.about(),
            **({"untold_before": untold} if untold else {}),
        )
