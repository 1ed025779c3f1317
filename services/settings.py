"""All settings, read once by the composition root. Each is an environment variable with the prefix `TABLESTAKES_`."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.releases.budget import Objectives

LEAST_SOLD_DAYS: Final = 63
"""Two windows of a scorecard, which are compared, and the days after a place was sold in which it earns."""
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """A duration as people write it; raises ValueError for another text, or one that is not above zero.

    >>> duration("90m")
    datetime.timedelta(seconds=5400)
    """
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if found is None or int(found[1]) == 0:
        raise ValueError(f"{text!r} is no duration: write a number and s, m, h or d, as in 1h")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class Settings(BaseSettings):
    """Where things live and how much of them there may be."""

    model_config = SettingsConfigDict(env_prefix="TABLESTAKES_", frozen=True, extra="ignore")

    home: Path = Path("var")
    """Everything that the system keeps: database, artifacts, embedded Redis, `keys.json`."""
    database_url: str = ""
    """SQLAlchemy URL, `postgresql+psycopg://…` or `sqlite:///…`; empty: SQLite in the home."""
    redis_url: str = ""
    """`redis://…`, `unix://…`, `redis-sentinel://…`, `redis-cluster://…`; empty: one's own server is started."""
    redis_password_file: Path | None = None
    """File whose first line is Redis's password, in the place of one in `redis_url`."""
    redis_ca_file: Path | None = None
    """PEM file of who signed the certificates of `rediss://…`; none: whom the system trusts."""
    redis_cert_file: Path | None = None
    """PEM file of the certificate that this process shows to Redis."""
    redis_key_file: Path | None = None
    """PEM file of that certificate's private key."""
    redis_timeout_ms: int = Field(default=50, ge=1, le=10_000)
    """Longest wait for the feature cache; past it the request goes on without."""
    diner_ttl_hours: int = Field(default=24 * 14, ge=1)
    """How long an unused diner stays in the feature cache."""
    warm_up_diners: int = Field(default=20_000, ge=0)
    """Diners that are put into the feature cache before the process says that it is ready: as many of each market."""
    last_copy_diners: int = Field(default=20_000, ge=0)
    """Diners whose last state a process keeps for the time when Redis is away."""
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    """Larger request bodies are refused with 413 before they are read."""
    max_url_bytes: int = Field(default=32_768, ge=1_000)
    """A longer address, its query included, is refused with 414."""
    max_query_fields: int = Field(default=300, ge=250)
    """A query of more fields is refused with 400; a list may exclude 200 restaurants, each a field."""
    max_headers: int = Field(default=100, ge=20)
    """A request with more headers is refused with 431."""
    max_header_bytes: int = Field(default=16_384, ge=1_000)
    """Headers with more bytes, names and values together, are refused with 431."""
    max_json_levels: int = Field(default=32, ge=10)
    """A body with more arrays and objects inside one another is refused with 400 before it is parsed."""
    client_seconds: float = Field(default=8.0, ge=0.1, le=3600)
    """A client that needs longer for its headers, again for its body, or to take the answer in, is cut off."""
    overload_lag_ms: float = Field(default=10.0, ge=0.0, le=1_000)
    """How late an API process's event loop may be before requests are refused with 503; 0: none is ever refused."""
    rate_app_per_second: float = Field(default=0.0, ge=0)
    """Requests a second that each API process answers to the app's key; beyond them 429. 0: any number."""
    rate_seats_per_second: float = Field(default=0.0, ge=0)
    """The same for the key of each seat, of the auditor and of the admin; dear routes count for several requests."""
    rate_burst_seconds: float = Field(default=10.0, ge=1, le=3600)
    """So many seconds' worth of requests may come at once."""
    hsts_seconds: int = Field(default=0, ge=0)
    """For how long browsers shall use nothing but TLS (HSTS), where it ends in front of the API; 0: no header."""
    max_event_batch: int = Field(default=1_000, ge=1)
    """Events in one `POST /v1/events`."""
    served_log_buffer: int = Field(default=50_000, ge=1)
    """Served records that wait for the database at most; beyond it the oldest are dropped and counted."""
    served_days: int = Field(default=0, ge=0, le=36_500)
    """Days for which served lists are kept, with what it takes to make them again; 0: all."""
    events_days: int = Field(default=0, ge=0, le=36_500)
    """Days for which events are kept, today not counted; 0: all. Not below `retrain_days`. What was billed stays."""
    sold_days: int = Field(default=0, ge=0, le=36_500)
    """Days for which sold places are kept, today not counted; 0: all. At least 63: scorecards and attribution."""
    markets_in_memory: int = Field(default=64, ge=1)
    """Markets that an API process has in memory at most; another one takes the place of the least recently asked."""
    refresh_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often a process looks for a new champion, catalogue, policy or key and refreshes the market's blob."""
    follow_releases_seconds: float = Field(default=0.2, gt=0, le=60)
    """How often a process looks whether a version was promoted, tried or rolled back; one small read."""
    guardrail_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often the worker compares a canary with the champion."""
    guardrail_alpha: float = Field(default=0.05, gt=0, lt=1)
    """Probability at most that a canary which is as good as the champion is ever rolled back by its guardrails."""
    slo_slow_ms: float = Field(default=100.0, gt=0)
    """An answer that takes longer is slow."""
    slo_availability: float = Field(default=0.999, gt=0, lt=1)
    """Share of the lists asked for that are answered, as promised: what is left of 1 is the error budget."""
    slo_fast: float = Field(default=0.99, gt=0, lt=1)
    """Share of the answers that are not slow, as promised: 0.99 makes `slo_slow_ms` the promised p99."""
    slo_window_days: int = Field(default=28, ge=1, le=366)
    """Over how many days the promises are kept, and for how long counts of answers are held."""
    slo_least_requests: int = Field(default=10_000, ge=1)
    """With fewer lists in the window nothing is frozen: a share of almost nothing is no share."""
    settle_after_seconds: float = Field(default=5.0, ge=0, le=3600)
    """How long a click or an order waits before it is billed, for the record of what was sold to be written."""
    retrain_every: str = ""
    """How often the worker asks for a retraining run of each market, as in `1h` or `1d`; empty: only on demand."""
    retrain_models: list[str] = ["lightfm"]
    """Members of the ladder that a retraining run trains, unless it names others."""
    retrain_days: int = Field(default=0, ge=0, le=3650)
    """Days of log, the newest, that a retraining run learns from and is measured on; 0: all there are."""
    retrain_checks: str = ""
    """YAML file of behavioural checks that a retrained version must pass too; empty: none but the built-in ones."""
    retrain_slice_loss: float = Field(default=0.1, ge=0, le=1)
    """Share of the champion's nDCG@10 in a slice: who is certainly worse in one, and by more, may not serve."""
    retrain_least_exposure_ratio: float | None = Field(default=None, ge=0, le=1)
    """Least over greatest exposure per merit of groups of restaurants: a version certainly below it may not serve."""
    retrain_greatest_quality_gap: float | None = Field(default=None, ge=0, le=1)
    """Greatest less least nDCG@10 of groups of diners: a version certainly above it may not serve."""
    retrain_fairness_loss: float = Field(default=0.1, ge=0, le=1)
    """Share of what a group has under the champion: a version under which it certainly loses more may not serve."""
    retrain_balance: Literal["", "kind", "district", "price level", "cuisine"] = ""
    """Groups of restaurants whose orders weigh what is expected of their clicks, where a retraining run learns."""
    retrain_leave_out: list[str] = []
    """Attributes of profiles and restaurants that no retrained model learns from."""
    engine: str = "local"
    """Where work over markets, policies and seeds is done: `local` processes, `ray`, or a backend of joblib by name."""
    engine_address: str = ""
    """Of a Ray cluster, `host:port`; empty: one is started on this machine for a command, and ended with it."""
    engine_jobs: int = Field(default=1, ge=1, le=10_000)
    """Markets that retraining, training and evaluation work on at once; 1: one after the other, in one process."""
    engine_store: str = ""
    """Where tasks of retraining, or of other machines, find and leave files: any fsspec URL; empty: in the home."""
    mlflow_uri: str = ""
    """MLflow tracking URI of retraining runs, `http://…` or `sqlite:///…`; empty: none. Needs the extra `tracking`."""
    cors_origins: list[str] = []
    """Origins whose pages may call the API; none by default."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""
    log_json: bool = False
    """Structured logs as JSON lines; plain text by default."""

    @field_validator("retrain_every")
    @classmethod
    def _is_a_duration(cls, text: str) -> str:
        if text:
            duration(text)
        return text

    @model_validator(mode="after")
    def _keeps_what_it_learns_from(self) -> Self:
        if 0 < self.events_days < self.retrain_days:
            raise ValueError(f"events_days: {self.events_days} are too few, retrain_days are {self.retrain_days}")
        if 0 < self.sold_days < LEAST_SOLD_DAYS:
            raise ValueError(
                f"sold_days: {self.sold_days} are too few, scorecards and attribution read {LEAST_SOLD_DAYS}"
            )
        return self

    @property
    def retrain_period(self) -> timedelta | None:
        """`retrain_every` as a duration."""
        return duration(self.retrain_every) if self.retrain_every else None

    slow_request_ms: int = Field(default=500, ge=1, le=60_000)
    """Requests that take longer are logged with their route, status and versions."""
    worker_metrics_host: str = "127.0.0.1"
    """Address on which the worker shows its metrics."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Port of the worker's `/metrics`; 0: none."""
    worker_metrics_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    """Where API processes find the worker's metrics; empty: on this machine, if the port is set."""
    drift_days: int = Field(default=7, ge=1, le=90)
    """Days of served lists that are compared with twice as many before them: whole weeks, best."""
    otlp_endpoint: str = ""
    """Base URL of an OTLP/HTTP receiver of traces, `http://collector:4318`; empty: no traces, at no cost."""
    trace_share: float = Field(default=0.01, ge=0, le=1)
    """Share of requests that are traced where the caller's `traceparent` does not decide."""

    @property
    def resolved_database_url(self) -> str:
        """The database's URL with the default filled in."""
        return self.database_url or f"sqlite:///{(self.home / 'tablestakes.db').absolute()}"

    @property
    def resolved_engine_store(self) -> str:
        """Where tasks of other machines find their data; a folder of the home where none is set."""
        return self.engine_store or str((self.home / "fan-out").absolute())

    @property
    def resolved_worker_metrics_url(self) -> str:
        """Where the worker shows its metrics; empty where it does not."""
        if self.worker_metrics_url or not self.worker_metrics_port:
            return self.worker_metrics_url
        host = "127.0.0.1" if self.worker_metrics_host == "0.0.0.0" else self.worker_metrics_host  # noqa: S104
        return f"http://{host}:{self.worker_metrics_port}/metrics"

    @property
    def objectives(self) -> Objectives:
        """What is promised about answers."""
        return Objectives(
            self.slo_availability, self.slo_fast, self.slo_slow_ms, self.slo_window_days, self.slo_least_requests
        )

    @property
    def artifacts(self) -> Path:
        """Where model versions lie: `artifacts/<market>/<version>/`."""
        return self.home / "artifacts"

    @property
    def retraining(self) -> Path:
        """What retraining runs leave: `retraining/<market>/<run_id>/`."""
        return self.home / "retraining"

    @property
    def measurements(self) -> Path:
        """What was measured beside the serving: `measurements/<market>/<what>.json`."""
        return self.home / "measurements"

    @property
    def worker_heartbeat(self) -> Path:
        """Touched by the worker after each round of a job."""
        return self.home / "worker.heartbeat"

    @property
    def keys_file(self) -> Path:
        """The seats' keys, mode 0600."""
        return self.home / "keys.json"

    @property
    def pseudonym_secret_file(self) -> Path:
        """What turns diners' ids into the names they have in the audit trail, mode 0600."""
        return self.home / "pseudonym.secret"
