"""The Prometheus metrics of an API process, in one place; the worker's are in `worker_metrics`.

Labels are markets, route names, reasons and versions, never diners, restaurants or campaigns.
"""

import os
import time
from pathlib import Path
from typing import Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MAP_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

Labelled = TypeVar("Labelled", Counter, Gauge, Histogram)


class Children(Generic[Labelled]):
    """A metric's children by their labels; the library's own look-up takes a lock and several microseconds."""

    def __init__(self, metric: Labelled) -> None:
        self._metric: Labelled = metric
        self._children: dict[tuple[str | int, ...], Labelled] = {}

    def __call__(self, *labels: str | int) -> Labelled:
        """The child with these labels, in the metric's order."""
        child = self._children.get(labels)
        if child is None:
            child = self._children[labels] = self._metric.labels(*labels)
        return child


class Metrics:
    """The metrics of one process; the composition root makes one, tests make their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = Children(
            Counter("tablestakes_requests", "Requests by route and status", ("route", "status"), registry=self.registry)
        )
        self._seconds = Children(
            Histogram(
                "tablestakes_request_seconds",
                "Time to answer, by route",
                ("route",),
                buckets=_SECONDS,
                registry=self.registry,
            )
        )
        self._stages = Children(
            Histogram(
                "tablestakes_stage_seconds",
                "Time in each stage of a recommendation",
                ("stage",),
                buckets=_SECONDS,
                registry=self.registry,
            )
        )
        self._degraded = Children(
            Counter(
                "tablestakes_degraded",
                "Answers given with less than all there is, by reason",
                ("reason",),
                registry=self.registry,
            )
        )
        self._cache = Children(
            Counter(
                "tablestakes_feature_cache",
                "Look-ups in the feature cache, by outcome",
                ("outcome",),
                registry=self.registry,
            )
        )
        self._events = Children(
            Counter("tablestakes_events", "Events received, by outcome", ("outcome",), registry=self.registry)
        )
        self._dropped = Gauge(
            "tablestakes_served_log_dropped",
            "Served records dropped because the database did not keep up",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._model_age = Gauge(
            "tablestakes_model_age_seconds",
            "Age of the model that serves, by market",
            ("market",),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self._markets_served = Gauge(
            "tablestakes_markets_served",
            "Markets in which lists are made",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self._markets_in_memory = Gauge(
            "tablestakes_markets_in_memory",
            "Markets that the API processes have in memory; one that several have counts in each",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._market_map_seconds = Histogram(
            "tablestakes_market_map_seconds",
            "Time to bring a market into a process's memory; whoever asked for it first waits so long",
            buckets=_MAP_SECONDS,
            registry=self.registry,
        )
        self._market_evictions = Counter(
            "tablestakes_market_evictions",
            "Markets that left a process's memory to make room for another",
            registry=self.registry,
        )
        self._answers = Children(
            Counter(
                "tablestakes_answers",
                "Lists made, by the versions that made them",
                ("market", "model_version", "policy", "policy_version"),
                registry=self.registry,
            )
        )
        self._waiting = {
            queue: Gauge(f"tablestakes_{queue}_waiting", what, registry=self.registry, multiprocess_mode="livesum")
            for queue, what in (
                ("served_log", "Served records that wait for the database"),
                ("event_commit", "Events that wait for the database; their senders wait too"),
            )
        }
        self._breaker = Gauge(
            "tablestakes_feature_cache_breaker_open",
            "Processes that have stopped asking the feature cache because it does not answer",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._processes = Gauge(
            "tablestakes_processes", "API processes that run", registry=self.registry, multiprocess_mode="livesum"
        )
        self._memory = Gauge(
            "tablestakes_process_resident_bytes",
            "Memory that the API processes hold; what they share counts in each",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        # A gauge: the time of a process that is gone leaves the sum, which a counter could not do.
        self._cpu = Gauge(
            "tablestakes_process_cpu_seconds",
            "CPU time of the API processes since each of them started",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._started = Gauge(
            "tablestakes_process_start_timestamp_seconds",
            "When the first of the API processes that answer together started",
            registry=self.registry,
            multiprocess_mode="livemin",
        )
        self._refused = Children(
            Counter(
                "tablestakes_overload_refused",
                "Requests refused with 503 before any work was done, by priority and reason",
                ("priority", "reason"),
                registry=self.registry,
            )
        )
        self._overload = {
            name: Gauge(f"tablestakes_overload_{name}", what, registry=self.registry, multiprocess_mode="livesum")
            for name, what in (
                ("limit", "Requests of the first priority that the API processes may have in flight"),
                ("in_flight", "Requests in flight, but for health and metrics"),
            )
        }
        self._lag = Gauge(
            "tablestakes_overload_lag_seconds",
            "How late the latest of the event loops runs what is due",
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self._began = time.time()

    def request(self, route: str, status: int, seconds: float) -> None:
        """One answered request."""
        self._requests(route, status).inc()
        self._seconds(route).observe(seconds)

    def stage(self, stage: str, seconds: float) -> None:
        """Time in one stage of a recommendation."""
        self._stages(stage).observe(seconds)

    def answer(self, market: str, model_version: str, policy: str, policy_version: int) -> None:
        """One list made."""
        self._answers(market, model_version, policy, policy_version).inc()

    def degraded(self, reason: str) -> None:
        """One answer that says `degraded`."""
        self._degraded(reason).inc()

    def cache(self, outcome: str) -> None:
        """One look-up in the feature cache: hit, miss or last_copy."""
        self._cache(outcome).inc()

    def events(self, outcome: str, count: int) -> None:
        """Events by outcome: accepted, duplicate or rejected."""
        if count:
            self._events(outcome).inc(count)

    def process(
        self,
        *,
        served_waiting: int,
        served_dropped: int,
        events_waiting: int,
        breaker_open: bool,
        memory_bytes: int,
        cpu_seconds: float,
    ) -> None:
        """Where this process stands now. To be told again and again: another process may be asked for it."""
        self._waiting["served_log"].set(served_waiting)
        self._waiting["event_commit"].set(events_waiting)
        self._dropped.set(served_dropped)
        self._breaker.set(breaker_open)
        self._processes.set(1)
        self._memory.set(memory_bytes)
        self._cpu.set(cpu_seconds)
        self._started.set(self._began)

    def overload(self, limit: float, in_flight: int, lag_seconds: float) -> None:
        """Where this process's limit on requests in flight stands."""
        self._overload["limit"].set(limit)
        self._overload["in_flight"].set(in_flight)
        self._lag.set(lag_seconds)

    def refused(self, priority: str, reason: str, count: int) -> None:
        """Requests refused before any work was done; they count as failed requests too, of no route."""
        self._refused(priority, reason).inc(count)
        self._requests("refused", 503).inc(count)

    def model_age(self, market: str, seconds: float) -> None:
        """Age of the model that serves a market."""
        self._model_age.labels(market).set(seconds)

    def markets(self, *, served: int, in_memory: int) -> None:
        """How many markets there are, and how many this process has in memory."""
        self._markets_served.set(served)
        self._markets_in_memory.set(in_memory)

    def market_mapped(self, seconds: float) -> None:
        """One market brought into memory."""
        self._market_map_seconds.observe(seconds)

    def market_evicted(self) -> None:
        """One market that had to make room."""
        self._market_evictions.inc()

    def render(self, multiprocess_dir: str | None = None) -> bytes:
        """The exposition text; with several worker processes, of all of them together."""
        if multiprocess_dir:
            _forget_dead_processes(Path(multiprocess_dir))
            together = CollectorRegistry()
            multiprocess.MultiProcessCollector(together, path=multiprocess_dir)  # type: ignore[no-untyped-call]
            return bytes(generate_latest(together))
        return bytes(generate_latest(self.registry))


def _forget_dead_processes(folder: Path) -> None:
    """A process that was killed cannot take back what waited in it; what it counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            pass  # another user's: it lives
