"""A market moves between two homes that serve: whoever asks is told where it is, and finds all of it there."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from data.dataset import Dataset
from loadtests.postgres import NOT_INSTALLED, find_binaries, running_postgres
from services.audit.anchors import ServedAnchors
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import open_database
from services.database.schema import events
from services.database.transactions import reading
from services.retraining.training import train_markets
from services.settings import Settings
from tests.api.conftest import running, serving
from tests.backup.sending import Sender
from tests.commands import tablestakes
from tests.conftest import SmallCity, open_keys

SIZES = ("--restaurants", "40", "--diners", "60", "--days", "4", "--seed", "5", "--markets", "2")
ASKED = {"k": 10, "explain": "full", "user_id": "d0-000451"}  # not one of those who act meanwhile


class Server:
    """A process that serves a home, asked by any role."""

    def __init__(self, port: int, home: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.port = port
        self.home = home
        with open_keys(home) as keys:
            self.keys = dict(keys)
        self.client = httpx2.Client(base_url=self.address, timeout=20)

    def __call__(self, role: str, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.keys[role]}"}
        return self.client.request(method, path, headers=headers, **options)

    def good(self, role: str, method: str, path: str, **options: Any) -> Any:
        answer = self(role, method, path, **options)
        assert answer.is_success, answer.text
        return answer.json()

    def list_of(self, market: str) -> httpx2.Response:
        return self("app", "GET", "/v1/recommendations", params={**ASKED, "market": market})


def patiently(ask: Callable[[], httpx2.Response]) -> Iterator[httpx2.Response]:
    """Answers until 20 s have gone: a process finds at its next look that a market has come."""
    until = time.monotonic() + 20.0
    while time.monotonic() < until:
        yield ask()
        time.sleep(0.1)


@contextmanager
def served(home: Path) -> Iterator[Server]:
    with serving(home) as (port, _):
        server = Server(port, home)
        with closing(server.client):
            yield server


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with another market."""
    folder = tmp_path_factory.mktemp("elsewhere")
    tablestakes("generate", *SIZES, "--out", str(folder / "data"), home=folder)
    dataset = Dataset.open(folder / "data")
    settings = Settings(home=folder / "home")
    list(train_markets(settings, dataset, "popular", market=dataset.markets[1], progress=_silent, passed_over=print))
    return folder / "home"


def _silent(*_: object) -> None:
    """Nobody watches."""


@pytest.fixture
def homes(small_city: SmallCity, elsewhere: Path, tmp_path: Path) -> tuple[Path, Path]:
    for name, home in (("west", small_city.home), ("east", elsewhere)):
        shutil.copytree(home, tmp_path / name, ignore=shutil.ignore_patterns("redis", "ready"))
    return tmp_path / "west", tmp_path / "east"


def stored(home: Path) -> set[str]:
    engine = open_database(Settings(home=home).resolved_database_url)
    with reading(engine) as connection:
        found = set(connection.execute(select(events.c.event_id)).scalars())
    engine.dispose()
    return found


def holds(home: Path) -> bool:
    engine = open_database(Settings(home=home).resolved_database_url)
    trail = AuditTrail(engine, Clock())
    found = list(ServedAnchors(engine, trail).findings())
    engine.dispose()
    return trail.first_broken() is None and found == []


def live(server: Server, market: str) -> dict[str, Any]:
    """A history: a campaign, a policy, a freeze, a list with reasons and what its diner did, and somebody erased."""
    made = server.list_of(market)
    assert made.status_code == 200, made.text
    first = made.json()
    place = first["items"][0]["restaurant_id"]
    bid = {"market": market, "restaurant_id": place, "payer": "Them", "bid": 50, "billing": "click"}
    server.good("sales", "PUT", "/v1/campaigns/ours", json=bid | {"daily_budget": 10_000, "total_budget": 100_000})
    server.good("ml", "PUT", "/v1/policies/nearer", params={"market": market}, json={"shortlist": 95})
    did = {"type": "order", "order_id": "o1", "value": 2_000, "user_id": ASKED["user_id"], "at": first["as_of"]}
    did |= {"event_id": "did", "restaurant_id": place, "request_id": first["request_id"], "market": market}
    assert server.good("app", "POST", "/v1/events", json=did)["accepted"] == 1
    server.good("app", "DELETE", "/v1/users/d0-000452")
    asked = {"request_id": first["request_id"], "restaurant_id": place}
    why = server.good("app", "GET", "/v1/explanations", params=asked)
    return {"list": made.content, "request_id": first["request_id"], "asked": asked, "why": why, "place": place}


def test_a_market_moves_between_two_servers_while_diners_ask_and_act(
    homes: tuple[Path, Path], small_city: SmallCity
) -> None:
    market = small_city.market
    with served(homes[0]) as west, served(homes[1]) as east:
        past = live(west, market)
        assert east.list_of(market).status_code == 404
        before = west.list_of(market).json()
        with Sender(west.port, west.keys["app"], past["place"]) as sender:
            sender.until(20)
            to = ("--to", str(homes[1]))
            said = tablestakes("market", "move", market, *to, "--at", east.address, home=homes[0])
        assert f"{market} is served at {east.address}" in said.stdout
        assert len(sender.acknowledged) > 20
        assert set(sender.acknowledged) | {"did"} <= stored(homes[1])

        gone = west.list_of(market)
        assert (gone.status_code, gone.json()["type"]) == (410, "urn:tablestakes:problem:market-moved")
        assert gone.json()["moved_to"] == east.address
        for role, path in (("infra", "/v1/freeze"), ("sales", "/v1/campaigns"), ("app", "/v1/popular")):
            assert west(role, "GET", path, params={"market": market}).status_code == 410, path
        late = {"event_id": "late", "type": "click", "user_id": "anybody", "at": before["as_of"]}
        late |= {"restaurant_id": past["place"]}
        for named in ({}, {"market": market}):
            [refused] = west.good("app", "POST", "/v1/events", json=late | named)["rejected"]
            assert f"has moved to {east.address}" in refused["problem"]
        assert west("app", "DELETE", "/v1/users/d0-000453").status_code == 410

        now = next(each for each in patiently(lambda: east.list_of(market)) if each.status_code == 200).json()
        for name in ("restaurant_id", "rank", "sponsored"):
            assert [item[name] for item in now["items"]] == [item[name] for item in before["items"]]
        check_history(east, market, past)
        assert east.good("app", "POST", "/v1/events", json=late)["accepted"] == 1

        purged = tablestakes("market", "purge", market, "--to", str(homes[1]), home=homes[0])
        assert "rows are cleared away" in purged.stdout
        assert west.list_of(market).json()["moved_to"] == east.address
        assert west("app", "GET", "/v1/users/d0-000453").status_code == 404
        check_history(east, market, past)
    for home in homes:
        assert holds(home)
    assert not (homes[0] / "artifacts" / market).exists()


def check_history(server: Server, market: str, past: dict[str, Any]) -> None:
    """All that was before is there, and an old list is made again to the byte."""
    replay = server("auditor", "GET", f"/v1/replays/{past['request_id']}").json()
    assert (replay["identical"], replay["sealed"]) == (True, True)
    assert replay["response"] == json.loads(past["list"])
    assert server.good("app", "GET", "/v1/explanations", params=past["asked"]) == past["why"]
    campaign = server.good("sales", "GET", "/v1/campaigns/ours", params={"market": market})
    assert (campaign["payer"], campaign["total_budget"]) == ("Them", 100_000)
    assert server.good("ml", "GET", "/v1/policies/nearer", params={"market": market})["shortlist"] == 95
    assert server("app", "GET", "/v1/users/d0-000452").status_code == 404
    acted = {event["event_id"] for event in server.good("app", "GET", f"/v1/users/{ASKED['user_id']}")["events"]}
    assert "did" in acted
    trail = server.good("auditor", "GET", "/v1/audit-trail", params={"market": market, "limit": 100})["items"]
    assert {"campaign.put", "policy.put", "diner.erase", "market.leave", "market.arrive"} <= {
        record["action"] for record in trail
    }


def test_a_market_moves_from_sqlite_to_a_server_of_postgresql_and_its_password_is_in_no_message(
    homes: tuple[Path, Path], small_city: SmallCity
) -> None:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(NOT_INSTALLED)
    market = small_city.market
    with running_postgres(binaries) as server:
        url = server.url(server.create_database()).replace("postgres@", "postgres:hush-hush@")
        there = homes[1].with_name("north")
        with running(homes[0]) as client:
            bearer = {"Authorization": f"Bearer {small_city.keys['app']}"}
            made = client.get("/v1/recommendations", params={**ASKED, "market": market}, headers=bearer)
            request_id = made.json()["request_id"]
        with running(there, database_url=url) as client:
            command = [sys.executable, "-m", "services.cli", "market", "move", market, "--to", str(there)]
            secret = {"TABLESTAKES_TO_DATABASE_URL": url, "TABLESTAKES_HOME": str(homes[0])}
            done = subprocess.run(
                [*command, "--at", "https://north.example", "--grace", "0"],
                env={**os.environ, **secret},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert "hush-hush" not in done.stdout + done.stderr
            assert not any(b"hush-hush" in file.read_bytes() for file in homes[0].glob("tablestakes.db*"))
            services = client.app.state.services  # type: ignore[attr-defined]
            again = services.replayer.replay(request_id)
            assert (again.identical, again.sealed, again.body) == (True, True, made.content)
