"""All settings, read once by the composition root. Each is an environment variable with the prefix `TABLESTAKES_`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things live and how much of them there may be."""

    model_config = SettingsConfigDict(env_prefix="TABLESTAKES_", frozen=True, extra="ignore")

    home: Path = Path("var")
    """Everything that the system keeps: database, artifacts, embedded Redis, `keys.json`."""
    database_url: str = ""
    """SQLAlchemy URL, `postgresql+psycopg://…` or `sqlite:///…`; empty: SQLite in the home."""
    redis_url: str = ""
    """`redis://…`, `rediss://…` or `unix://…`; empty: a Redis server of one's own is started in the home."""
    redis_timeout_ms: int = Field(default=50, ge=1, le=10_000)
    """Longest wait for the feature cache; past it the request goes on without."""
    diner_ttl_hours: int = Field(default=24 * 14, ge=1)
    """How long an unused diner stays in the feature cache."""
    warm_up_diners: int = Field(default=20_000, ge=0)
    """Diners a market that are put into the feature cache before the process says that it is ready."""
    last_copy_diners: int = Field(default=20_000, ge=0)
    """Diners whose last state a process keeps for the time when Redis is away."""
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    """Larger request bodies are refused with 413 before they are read."""
    max_event_batch: int = Field(default=1_000, ge=1)
    """Events in one `POST /v1/events`."""
    served_log_buffer: int = Field(default=50_000, ge=1)
    """Served records that wait for the database at most; beyond it the oldest are dropped and counted."""
    refresh_seconds: float = Field(default=1.0, gt=0, le=60)
    """How often a process looks for a new champion, catalogue, policy or key and refreshes the market's blob."""
    settle_after_seconds: float = Field(default=5.0, ge=0, le=3600)
    """How long a click or an order waits before it is billed, for the record of what was sold to be written."""
    cors_origins: list[str] = []
    """Origins whose pages may call the API; none by default."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""
    log_json: bool = False
    """Structured logs as JSON lines; plain text by default."""

    slow_request_ms: int = Field(default=500, ge=1, le=60_000)
    """Requests that take longer are logged with their route, status and versions."""
    worker_metrics_host: str = "127.0.0.1"
    """Address on which the worker shows its metrics."""
    worker_metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Port of the worker's `/metrics`; 0: none."""
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
    def artifacts(self) -> Path:
        """Where model versions lie: `artifacts/<market>/<version>/`."""
        return self.home / "artifacts"

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
