"""A node of the cluster is killed while lists are asked for: each is answered, those made without it say so."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loadtests.redis_servers import running_cluster
from services.features.keys import diner_key
from tests.api.conftest import running
from tests.commands import tablestakes
from tests.conftest import SmallCity

MISSING = "feature-cache-away"


def test_a_node_that_is_killed_under_load_costs_no_answer(
    fresh_home: Path, small_city: SmallCity, tmp_path: Path
) -> None:
    bearer = {"Authorization": f"Bearer {small_city.keys['app']}"}
    answers: list[tuple[int, list[str]]] = []
    with (
        running_cluster(tmp_path / "cluster", replicas_each=1) as cluster,
        running(fresh_home, redis_url=cluster.url, redis_timeout_ms=50) as client,
        ThreadPoolExecutor(4) as pool,
    ):

        def ask(number: int) -> tuple[int, list[str]]:
            query = {"user_id": f"d0-{number % 40:06}", "k": 10}
            answer = client.get("/v1/recommendations", params=query, headers=bearer)
            return answer.status_code, [note["code"] for note in answer.json().get("degraded", [])]

        def ask_many() -> list[tuple[int, list[str]]]:
            told = list(pool.map(ask, range(80)))
            answers.extend(told)
            return told

        def until_none_is_missing(some_first: bool = False) -> None:
            """Ask until a whole round of lists has the cache: on a busy machine 50 ms are little."""
            deadline = time.monotonic() + 30.0
            while (without := any(MISSING in codes for _, codes in ask_many())) or some_first:
                assert time.monotonic() < deadline, "it did not become normal again"
                some_first = some_first and not without

        until_none_is_missing()
        lost = cluster.owner(diner_key(small_city.market, "d0-000001"))
        lost.kill()
        until_none_is_missing(some_first=True)  # normal again only when the replica has taken over
        assert cluster.owner(diner_key(small_city.market, "d0-000001")) is not lost
        lost.start()
        until_none_is_missing()
        ready = client.get("/health/ready").json()["checks"]["feature_cache"]
    assert {status for status, _ in answers} == {200}
    assert ready == "ok"


def test_the_doctor_says_whether_the_cache_can_use_what_is_configured(tmp_path: Path, monkeypatch) -> None:
    with running_cluster(tmp_path / "cluster") as cluster:
        monkeypatch.setenv("TABLESTAKES_REDIS_URL", cluster.url)
        good = tablestakes("doctor", home=tmp_path / "home", check=False)
    bad = tablestakes("doctor", home=tmp_path / "home", check=False)
    monkeypatch.setenv("TABLESTAKES_REDIS_URL", "redis-cluster://")
    none = tablestakes("doctor", home=tmp_path / "home", check=False)
    assert "ok   Redis, a cluster, at the configured address: the cache can use it" in good.stdout
    assert "BAD  Redis, a cluster, at the configured address: no node of the cluster answers" in bad.stdout
    assert "BAD  Redis: TABLESTAKES_REDIS_URL: the address of Redis names no host" in none.stdout
