"""One running application, called with any role's key, and a worker that does one job."""

import time
from collections.abc import Callable
from typing import Any

import httpx2
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.bootstrap import Services
from services.clock import Clock
from services.monitoring.worker_metrics import WorkerMetrics
from services.retraining.supervisor import Supervisor
from services.settings import Settings
from services.worker import Worker, jobs

DINERS = [f"d0-{number:06d}" for number in range(1, 121)]
PATIENCE = 30.0


def worker_of(job: str, engine: Engine, clock: Clock, settings: Settings) -> Worker:
    """A worker that does one job."""
    everything = jobs(engine, clock, settings, Supervisor(engine, clock, settings), WorkerMetrics())
    return Worker([one for one in everything if one.name == job])


class Caller:
    """Calls one running application with any role's key."""

    def __init__(self, client: TestClient, keys: dict[str, str]) -> None:
        self.client = client
        self.keys = keys

    def __call__(self, role: str, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.keys[role]}", **options.pop("headers", {})}
        return self.client.request(method, path, headers=headers, **options)

    @property
    def services(self) -> Services:
        return self.client.app.state.services  # type: ignore[attr-defined]

    def states(self) -> dict[str, str]:
        """State by version."""
        return {item["version"]: item["state"] for item in self("ml", "GET", "/v1/releases").json()["items"]}

    def version_in(self, state: str) -> str:
        return next(version for version, found in self.states().items() if found == state)

    def move(self, version: str, move: str, **body: Any) -> httpx2.Response:
        return self("infra", "POST", f"/v1/releases/{version}/{move}", json=body)

    def model_of(self, user_id: str = DINERS[0], **query: Any) -> str:
        answer = self("app", "GET", "/v1/recommendations", params={"user_id": user_id, "k": 10, **query})
        assert answer.status_code == 200, answer.text
        return answer.json()["model"]["version"]

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.02)
