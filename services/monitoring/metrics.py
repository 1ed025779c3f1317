"""All Prometheus metrics, in one place. Labels are route names and reasons, never diners or restaurants."""

from typing import Any, Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

Labelled = TypeVar("Labelled", Counter, Histogram)


class Metrics:
    """The metrics of one process; the composition root makes one, tests make their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._children: dict[tuple[object, ...], Any] = {}
        self._requests = Counter(
            "tablestakes_requests", "Requests by route and status", ("route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "tablestakes_request_seconds",
            "Time to answer, by route",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "tablestakes_stage_seconds",
            "Time in each stage of a recommendation",
            ("stage",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._degraded = Counter(
            "tablestakes_degraded",
            "Answers given with less than all there is, by reason",
            ("reason",),
            registry=self.registry,
        )
        self._cache = Counter(
            "tablestakes_feature_cache",
            "Look-ups in the feature cache, by outcome",
            ("outcome",),
            registry=self.registry,
        )
        self._events = Counter(
            "tablestakes_events", "Events received, by outcome", ("outcome",), registry=self.registry
        )
        self._dropped = Gauge(
            "tablestakes_served_log_dropped",
            "Served records dropped because the database did not keep up",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._ready = Gauge(
            "tablestakes_model_age_seconds",
            "Age of the model that serves, by market",
            ("market",),
            registry=self.registry,
            multiprocess_mode="livemax",
        )

    def request(self, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        self._bound(self._requests, route, status).inc()
        self._bound(self._seconds, route).observe(seconds)

    def stage(self, stage: str, seconds: float) -> None:
        """Time in one stage of a recommendation."""
        self._bound(self._stages, stage).observe(seconds)

    def degraded(self, reason: str) -> None:
        """One answer that says `degraded`."""
        self._bound(self._degraded, reason).inc()

    def cache(self, outcome: str) -> None:
        """One look-up in the feature cache: hit, miss or last_copy."""
        self._bound(self._cache, outcome).inc()

    def _bound(self, metric: Labelled, *labels: str | int) -> Labelled:
        """The metric with these labels; the library's own look-up takes a lock and several microseconds."""
        key = (metric, *labels)
        child: Labelled | None = self._children.get(key)
        if child is None:
            child = self._children[key] = metric.labels(*labels)
        return child

    def events(self, outcome: str, count: int) -> None:
        """Events by outcome: accepted, duplicate or rejected."""
        if count:
            self._events.labels(outcome).inc(count)

    def served_dropped(self, total: int) -> None:
        """Served records dropped so far."""
        self._dropped.set(total)

    def model_age(self, market: str, seconds: float) -> None:
        """Age of the model that serves a market."""
        self._ready.labels(market).set(seconds)

    def render(self, multiprocess_dir: str | None = None) -> bytes:
        """The exposition text; with several worker processes, of all of them together."""
        if multiprocess_dir:
            together = CollectorRegistry()
            multiprocess.MultiProcessCollector(together, path=multiprocess_dir)  # type: ignore[no-untyped-call]
            return bytes(generate_latest(together))
        return bytes(generate_latest(self.registry))
