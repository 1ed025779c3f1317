"""The generated client as a program has it, and a real server over the small city, with a front to bargain over."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.settings import Settings
from services.stakeholders.fronts import FrontStore
from tests.api.conftest import serving
from tests.conftest import SmallCity
from tests.stakeholders.fronts import front, town

ROOT = Path(__file__).parent.parent.parent
PROJECT = ROOT / "clients" / "python"
sys.path.insert(0, str(PROJECT))

if TYPE_CHECKING:
    from tablestakes_client import AuthenticatedClient


@dataclass(frozen=True)
class Api:
    """A running server."""

    url: str
    market: str
    keys: dict[str, str]
    opened: ExitStack

    def client(self, role: str) -> "AuthenticatedClient":
        """A typed client with a role's key, patient: other tests may keep the machine busy."""
        from tablestakes_client import AuthenticatedClient

        client = AuthenticatedClient(self.url, token=self.keys[role], timeout=httpx.Timeout(30.0))
        return self.opened.enter_context(client)


@pytest.fixture(scope="session")
def api(small_city: SmallCity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server in a process of its own, over a home of its own."""
    home = tmp_path_factory.mktemp("client") / "home"
    shutil.copytree(small_city.home, home, ignore=shutil.ignore_patterns("redis"))
    engine = open_database(Settings(home=home).resolved_database_url)
    FrontStore(engine, AuditTrail(engine, Clock())).put(small_city.market, front(town(), town(8, days=182)), "admin")
    engine.dispose()
    with serving(home) as (port, _), ExitStack() as opened:
        yield Api(f"http://127.0.0.1:{port}", small_city.market, small_city.keys, opened)


def comparable(body: Any) -> Any:
    """A JSON body in which times are instants: `Z` and `+00:00` are the same."""
    if isinstance(body, dict):
        return {key: comparable(value) for key, value in body.items()}
    if isinstance(body, list):
        return [comparable(one) for one in body]
    if isinstance(body, str) and body[:4].isdigit() and "T" in body:
        return datetime.fromisoformat(body)
    return body
