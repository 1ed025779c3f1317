"""The Prometheus metrics of the worker: its jobs, the billing queue, the budgets, drift, calibration, the seats."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from data.drift import DriftReport
from services.ads.pacing_job import MarketSpend
from services.monitoring.calibration_watch import LiveCalibration
from services.monitoring.queue_watch import QueueState
from services.stakeholders.scorecard.card import Scorecard

_ROUND_SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0)


class WorkerMetrics:
    """One worker's metrics. Of several workers each tells the same of the database, and its own of its jobs.

    A job's label is `job_name`: `job` is Prometheus's own.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"tablestakes_{name}", what, labels, registry=self.registry)

        self._rounds = Counter(
            "tablestakes_worker_rounds",
            "Rounds of the worker's jobs, by outcome: done or failed",
            ("job_name", "outcome"),
            registry=self.registry,
        )
        self._round_seconds = Histogram(
            "tablestakes_worker_round_seconds",
            "Time of one round of a job",
            ("job_name",),
            buckets=_ROUND_SECONDS,
            registry=self.registry,
        )
        self._last_done = gauge(
            "worker_last_done_timestamp_seconds", "When a round of the job last ended without a fault", "job_name"
        )
        self._queue_depth = gauge("billing_queue_events", "Events that wait to be billed", "market")
        self._queue_age = gauge("billing_queue_age_seconds", "How long the oldest of them has waited", "market")
        self._spent = gauge("ad_spend_today_minor_units", "Charged less refunded on the market's local day", "market")
        self._planned = gauge(
            "ad_spend_planned_today_minor_units", "What the pacing would have spent of today's budgets by now", "market"
        )
        self._left = gauge("ad_budget_left_today_minor_units", "What open campaigns may still spend today", "market")
        self._campaigns = gauge("campaigns_open", "Campaigns that run now and have budget left", "market")
        self._drift_effect = gauge(
            "drift_effect", "PSI, Kolmogorov-Smirnov distance, or relative change of a rate", "market", "part", "column"
        )
        self._drift_p = gauge("drift_p_value", "Adjusted for all columns of the report", "market", "part", "column")
        self._drifted = gauge("drifted", "1 where p-value and effect say drift, else 0", "market", "part", "column")
        self._drift_checked = gauge("drift_checked_timestamp_seconds", "When drift was last looked for", "market")
        self._predicted = gauge(
            "calibration_predicted_orders", "Orders that the scores of viewed places promise", "market", "model_version"
        )
        self._observed = gauge("calibration_observed_orders", "Orders that came of them", "market", "model_version")
        self._calibration_z = gauge(
            "calibration_z",
            "Observed less predicted orders in standard errors over whole diners",
            "market",
            "model_version",
        )
        by_measure = ("market", "seat", "measure")
        self._measures = tuple(
            gauge(f"seat_measure{end}", what, *by_measure)
            for end, what in (
                ("", "What the scorecard says of a seat's number, over seven days"),
                ("_low", "Lower end of its 95 % interval"),
                ("_high", "Upper end of its 95 % interval"),
            )
        )

    def round(self, job: str, seconds: float, at: float, failed: bool) -> None:
        """One round of a job that ended `at`, in seconds since 1970."""
        self._rounds.labels(job, "failed" if failed else "done").inc()
        self._round_seconds.labels(job).observe(seconds)
        if not failed:
            self._last_done.labels(job).set(at)

    def queues(self, states: Iterable[QueueState]) -> None:
        """The billing queue, by market."""
        for state in states:
            self._queue_depth.labels(state.market).set(state.events)
            self._queue_age.labels(state.market).set(state.age_seconds)

    def spending(self, markets: Iterable[MarketSpend]) -> None:
        """Where the budgets stand."""
        for spend in markets:
            self._spent.labels(spend.market).set(spend.spent)
            self._planned.labels(spend.market).set(spend.planned)
            self._left.labels(spend.market).set(spend.left)
            self._campaigns.labels(spend.market).set(spend.campaigns_open)

    def drift(self, reports: Mapping[str, DriftReport], at: float) -> None:
        """What the last look for drift found, by market; columns that are gone are forgotten."""
        for metric in (self._drift_effect, self._drift_p, self._drifted):
            metric.clear()
        for market, report in reports.items():
            for one in report.columns:
                labels = (market, str(one.part), one.name)
                self._drift_effect.labels(*labels).set(one.effect)
                self._drift_p.labels(*labels).set(one.adjusted)
                self._drifted.labels(*labels).set(one.drifted)
            self._drift_checked.labels(market).set(at)

    def calibration(self, found: Iterable[LiveCalibration]) -> None:
        """Promised and observed orders, by market and model version; versions without recent lists are forgotten."""
        for metric in (self._predicted, self._observed, self._calibration_z):
            metric.clear()
        for one in found:
            labels = (one.market, one.model_version)
            self._predicted.labels(*labels).set(one.predicted)
            self._observed.labels(*labels).set(one.observed)
            if math.isfinite(one.z):
                self._calibration_z.labels(*labels).set(one.z)

    def scorecards(self, cards: Iterable[Scorecard]) -> None:
        """The seats' own numbers, by market; those that nobody can tell now are left out, not zero."""
        for metric in self._measures:
            metric.clear()
        for card in cards:
            for seat in card.seats:
                for line in seat.lines:
                    labels = (card.market, seat.seat.name, line.measure.key)
                    ends = (line.now.value, line.now.low, line.now.high)
                    for metric, value in zip(self._measures, ends, strict=True):
                        if value is not None:
                            metric.labels(*labels).set(value)

    def serve(self, host: str, port: int) -> int:
        """Answer `GET /metrics` from a thread; the port, for 0 a free one. Raises OSError where it is taken."""
        server, _ = start_http_server(port, host, self.registry)
        return int(server.server_port)
