"""Redis or the database away, a damaged model: answers go on, and say so."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from services.features import EmbeddedRedis
from services.features.embedded import answers
from services.simulation.walk_in import ApiClient, ApiError
from tests.api.conftest import running
from tests.api.test_events import event, orders
from tests.commands import tablestakes
from tests.conftest import SmallCity

QUERY = {"user_id": "d0-000005", "k": 10}


@pytest.fixture
def bearer(small_city: SmallCity) -> dict[str, str]:
    return {"Authorization": f"Bearer {small_city.keys['app']}"}


def stop(redis: EmbeddedRedis) -> None:
    """Let the server end, and wait until it has."""
    url = redis.url
    redis.close()
    deadline = time.monotonic() + 10
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.02)


def listed(client: TestClient, bearer: dict[str, str], **query: Any) -> tuple[list[str], list[str]]:
    """Restaurants and degraded codes."""
    answer = client.get("/v1/recommendations", params={**QUERY, **query}, headers=bearer)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [item["restaurant_id"] for item in body["items"]], [note["code"] for note in body["degraded"]]


def test_without_redis_the_last_copy_serves_and_says_so(
    fresh_home: Path, tmp_path: Path, bearer: dict[str, str]
) -> None:
    with EmbeddedRedis(tmp_path / "redis") as server, running(fresh_home, redis_url=server.url) as client:
        healthy, none = listed(client, bearer)
        stop(server)
        away, codes = listed(client, bearer)
        stranger, _ = listed(client, bearer, user_id="never-seen")
        ready = client.get("/health/ready")

    assert none == []
    assert codes == ["feature-cache-away"]
    assert away == healthy
    assert len(stranger) == 10
    assert (ready.status_code, ready.json()["checks"]["feature_cache"]) == (200, "away")


def test_an_embedded_redis_that_crashes_is_started_again(fresh_home: Path, bearer: dict[str, str]) -> None:
    with running(fresh_home) as client:
        healthy, _ = listed(client, bearer)
        with EmbeddedRedis(fresh_home / "redis") as server, redis.Redis.from_url(server.url) as direct:
            pid = direct.info("server")["process_id"]
        os.kill(pid, signal.SIGKILL)
        codes = ["feature-cache-away"]
        deadline = time.monotonic() + 10
        while codes and time.monotonic() < deadline:
            items, codes = listed(client, bearer)
            assert items == healthy
            time.sleep(0.05)

    assert codes == []


def test_events_still_count_without_redis(fresh_home: Path, tmp_path: Path, bearer: dict[str, str]) -> None:
    with EmbeddedRedis(tmp_path / "redis") as server, running(fresh_home, redis_url=server.url) as client:
        before, _ = listed(client, bearer, k=100)
        stop(server)
        sent = orders(3, user_id=QUERY["user_id"], restaurant_id=before[60])
        taken = client.post("/v1/events", json=sent, headers=bearer)
        after, _ = listed(client, bearer, k=100)

    assert taken.json()["accepted"] == 3
    assert after.index(before[60]) < 30


def test_a_locked_database_refuses_events_and_lists_go_on(fresh_home: Path, bearer: dict[str, str]) -> None:
    sent = event(user_id=str(QUERY["user_id"]))
    with running(fresh_home) as client:
        listed(client, bearer)
        blocker = sqlite3.connect(fresh_home / "tablestakes.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        refused = client.post("/v1/events", json=sent, headers=bearer)
        items, _ = listed(client, bearer)
        blocker.execute("ROLLBACK")
        blocker.close()
        taken = client.post("/v1/events", json=sent, headers=bearer)

    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    assert len(items) == 10
    body = taken.json()
    assert body["accepted"] + body["duplicates"] == 1
    assert body["rejected"] == []


def test_a_damaged_champion_is_refused_and_the_old_model_serves_on(
    fresh_home: Path, small_city: SmallCity, bearer: dict[str, str]
) -> None:
    with running(fresh_home, refresh_seconds=0.1) as client:
        before = client.get("/v1/markets", headers=bearer).json()["items"][0]["model"]
        tablestakes("train", str(small_city.dataset), "--model", "popular", home=fresh_home)
        other = next(
            path for path in (fresh_home / "artifacts" / small_city.market).iterdir() if "popular" in path.name
        )
        blob = bytearray((other / "serving.safetensors").read_bytes())
        blob[-1] ^= 1
        (other / "serving.safetensors").write_bytes(blob)
        with sqlite3.connect(fresh_home / "tablestakes.db") as database:
            database.execute("UPDATE champions SET version = ?", (other.name,))
        database.close()
        time.sleep(0.5)
        items, _ = listed(client, bearer)
        after = client.get("/v1/markets", headers=bearer).json()["items"][0]["model"]

    assert before == after
    assert len(items) == 10


def test_a_new_champion_is_served_without_a_restart(
    fresh_home: Path, small_city: SmallCity, bearer: dict[str, str]
) -> None:
    with running(fresh_home, refresh_seconds=0.1) as client:
        tablestakes("train", str(small_city.dataset), "--model", "popular", home=fresh_home)
        with sqlite3.connect(fresh_home / "tablestakes.db") as database:
            (version,) = database.execute("SELECT version FROM model_versions WHERE model = 'popular'").fetchone()
        database.close()
        tablestakes("releases", "promote", version, "--reason", "a test", home=fresh_home)
        deadline = time.monotonic() + 5
        name = ""
        while name != "popular" and time.monotonic() < deadline:
            answer = client.get("/v1/recommendations", params=QUERY, headers=bearer)
            assert answer.status_code == 200
            name = answer.json()["model"]["name"]

    assert name == "popular"


def test_a_server_that_is_told_to_stop_answers_what_it_has_and_exits_cleanly(
    fresh_home: Path, bearer: dict[str, str]
) -> None:
    """SIGTERM in the middle of a stream of requests: every one that was taken is answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "TABLESTAKES_HOME": str(fresh_home)}
    command = [sys.executable, "-m", "services.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        api = ApiClient("127.0.0.1", port, bearer["Authorization"].removeprefix("Bearer "))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(ApiError):
                api.call("GET", "/health/ready")
                break
            time.sleep(0.1)
        answered = 0
        refused = ""
        while not refused and time.monotonic() < deadline:
            if answered == 50:
                process.send_signal(signal.SIGTERM)
            try:
                api.call("GET", f"/v1/recommendations?user_id={QUERY['user_id']}")
                answered += 1
            except ApiError as error:
                refused = str(error)
        api.close()

        assert process.wait(15) in (0, -signal.SIGTERM)
    assert answered >= 50
    # The connection was closed between two requests; none got half an answer or a 5xx.
    assert "IncompleteRead" not in refused
    assert not any(f": {status} " in refused for status in range(500, 600))
