"""A key that asks for too much is told so, and told when to come back; another key is not touched."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.access.rates import COSTS, RateLimits
from services.access.roles import Role
from services.bootstrap import Services
from tests.api.conftest import running
from tests.api.test_roles import RIGHTS
from tests.conftest import SmallCity

FAST, SLOW = "/v1/recommendations?user_id=d0-000001", "/v1/markets"


class Time:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(st.floats(0.5, 500), st.floats(1, 20), st.lists(st.floats(0, 2), min_size=1, max_size=50))
def test_over_any_time_a_key_gets_its_rate_and_one_burst(rate: float, burst: float, pauses: list[float]) -> None:
    time = Time()
    limits = RateLimits(rate, 0, burst, time)
    started, passed = time.now, 0
    for pause in pauses:
        time.now += pause
        standing = limits.take(Role.APP)
        assert standing is not None
        passed += not standing.refused
        assert passed <= standing.burst + rate * (time.now - started) + 1e-3


@given(st.integers(10, 23), st.floats(0.0, 1_000.0))
def test_what_is_told_is_whole_requests_and_seconds_at_any_time_of_the_clock(power: int, before: float) -> None:
    """Also where a sum of times is beyond a power of two, and so has a bit less."""
    time = Time()
    time.now = 2**power - before
    limits = RateLimits(0.001, 0, 3_000, time)
    told = [limits.take(Role.APP) for _ in range(4)]

    said = [one.headers()[0][1].decode() for one in told]  # type: ignore[union-attr]
    assert said == ['"app";r=2;t=1000', '"app";r=1;t=2000', '"app";r=0;t=3000', '"app";r=0;t=3000']
    assert told[-1].retry_after_seconds == 1_000  # type: ignore[union-attr]


def test_a_key_that_asks_without_a_pause_gets_its_rate_within_two_per_cent() -> None:
    time = Time()
    limits = RateLimits(50, 0, 1, time)
    passed = 0
    for _ in range(60_000):
        time.now += 0.001
        standing = limits.take(Role.APP)
        passed += standing is not None and not standing.refused

    assert passed - 50 == pytest.approx(50 * 60, rel=0.02)


def test_who_waits_as_long_as_he_is_told_passes() -> None:
    time = Time()
    limits = RateLimits(0, 0.5, 10, time)
    while not (standing := limits.take(Role.SALES, 3)).refused:  # type: ignore[union-attr]
        pass
    time.now += standing.retry_after_seconds  # type: ignore[union-attr]

    assert not limits.take(Role.SALES, 3).refused  # type: ignore[union-attr]


def test_a_request_dearer_than_a_full_bucket_passes_when_it_is_full() -> None:
    time = Time()
    limits = RateLimits(0, 1, 5, time)

    assert not limits.take(Role.ML, 20).refused  # type: ignore[union-attr]
    assert limits.take(Role.ML).refused  # type: ignore[union-attr]
    time.now += 5
    assert not limits.take(Role.ML, 20).refused  # type: ignore[union-attr]


def test_dear_operations_exist() -> None:
    assert set(COSTS) <= set(RIGHTS)


@pytest.mark.parametrize("path", [FAST, SLOW])
def test_beyond_its_rate_a_key_gets_429_and_others_do_not(
    fresh_home: Path, small_city: SmallCity, stack: ExitStack, path: str
) -> None:
    client = stack.enter_context(running(fresh_home, rate_app_per_second=0.001, rate_burst_seconds=3_000))
    app, sales = ({"Authorization": f"Bearer {small_city.keys[role]}"} for role in ("app", "sales"))

    answers = [client.get(path, headers=app) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0", "r=0"]
    assert answers[0].headers["ratelimit-policy"] == '"app";q=3;w=3000'
    assert answers[3].headers["content-type"] == "application/problem+json"
    assert 900 < int(answers[3].headers["retry-after"]) <= 1_000
    assert answers[3].json()["request_id"] == answers[3].headers["x-request-id"]
    assert client.get(path, headers=sales).status_code == 200
    assert "ratelimit" not in client.get(path, headers=sales).headers
    assert client.get(path).status_code == 401


def test_dear_routes_count_for_several_requests(fresh_home: Path, small_city: SmallCity, stack: ExitStack) -> None:
    client = stack.enter_context(running(fresh_home, rate_seats_per_second=0.001, rate_burst_seconds=3_600 * 1.0))
    services: Services = client.app.state.services  # type: ignore[attr-defined]
    services.rates = RateLimits(0, 0.001, 100_000)
    key = {"Authorization": f"Bearer {small_city.keys['auditor']}"}

    answer = client.get("/v1/audit-trail", headers=key)

    assert answer.headers["ratelimit"].startswith(f'"auditor";r={100 - COSTS["getAuditTrail"]};')


def test_by_default_nothing_is_limited(server, small_city: SmallCity) -> None:  # type: ignore[no-untyped-def]
    key = {"Authorization": f"Bearer {small_city.keys['app']}"}

    assert "ratelimit" not in server.get(FAST, headers=key).headers
