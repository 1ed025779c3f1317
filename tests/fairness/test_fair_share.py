"""The ledgers in a real Redis: two processes count what one would, nothing twice, and what is forgotten is reborn."""

import asyncio
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from models.fairness.control import Ledger, days_counted
from services.bootstrap import _keep_shares
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.events.served import Record, ServedLog
from services.features import EmbeddedRedis, FeatureCache
from services.monitoring.live_sample import probabilities
from services.serving import fair_share
from services.serving.fair_share import Counting, FairShares, decode_ledgers, encode_ledgers
from services.stakeholders.policy import GroupedBy

COUNTING = Counting(GroupedBy.KIND, 2.0)
NOW = datetime(2026, 1, 9, 19, tzinfo=UTC)
NAMES = ("chain", "independent")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedLog]:
    engine = open_database(f"sqlite:///{tmp_path / 'log.db'}")
    migrate(engine)
    with ServedLog(engine) as log:
        yield log
    engine.dispose()


@pytest.fixture
def admin(redis_server: EmbeddedRedis) -> Iterator[Redis]:
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


def one_list(number: int) -> Ledger:
    rng = np.random.default_rng(number)
    return Ledger(NAMES, rng.random(2), rng.random(2), newcomers=float(rng.random()), lists=1.0)


def at(number: int) -> datetime:
    return NOW + timedelta(seconds=number)


def count(shares: FairShares, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that counts for `one_list`, without ranking one."""
    monkeypatch.setattr(fair_share, "list_ledger", lambda *_: one_list(number))
    snapshot = SimpleNamespace(info=SimpleNamespace(market="centro"), countings=[COUNTING])
    shares.count(SimpleNamespace(snapshot=snapshot), None, None, at(number))


def expected(numbers: range, until: datetime, begun: datetime = NOW) -> Ledger:
    """Added up list by list with its own decay; counted since `begun`."""
    days = (until - begun).total_seconds() / 86_400.0
    total = replace(Ledger.empty(NAMES), days=days_counted(days, COUNTING.half_life_days))
    for number in numbers:
        age = (until - at(number)).total_seconds()
        total = total.plus(one_list(number), 0.5 ** (age / COUNTING.half_life))
    return total


def assert_same(found: Ledger, wanted: Ledger) -> None:
    assert found.groups == wanted.groups
    np.testing.assert_allclose(found.exposure, wanted.exposure, rtol=1e-9)
    np.testing.assert_allclose(found.merit, wanted.merit, rtol=1e-9)
    assert found.days == pytest.approx(wanted.days, rel=1e-9)
    assert (found.newcomers, found.lists) == pytest.approx((wanted.newcomers, wanted.lists), rel=1e-9)


def with_shares(url: str, served: ServedLog, work: Callable[[FairShares], Any]) -> Any:
    async def run() -> Any:
        cache = FeatureCache(url, timeout_ms=5_000)
        try:
            return await work(FairShares(cache, served, Clock()))
        finally:
            await cache.close()

    return asyncio.run(run())


def begin(url: str, served: ServedLog, when: datetime = NOW) -> None:
    async def work(shares: FairShares) -> None:
        await shares.ledgers("centro", [COUNTING], when)

    with_shares(url, served, work)


def _one_process(url: str, home: str, numbers: range) -> None:
    engine = open_database(f"sqlite:///{home}/other.db")
    with pytest.MonkeyPatch.context() as patch, ServedLog(engine) as log:

        async def work(shares: FairShares) -> None:
            for number in numbers:
                count(shares, number, patch)
                if number % 7 == 0:
                    await shares.flush()
            await shares.flush()
            await shares.flush()

        with_shares(url, log, work)


def test_two_processes_count_what_one_would(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, tmp_path: Path
) -> None:
    begin(redis_server.url, served)
    spawn = multiprocessing.get_context("spawn")
    halves = [range(1, 400, 2), range(2, 400, 2)]
    workers = [
        spawn.Process(target=_one_process, args=(redis_server.url, str(tmp_path), numbers)) for numbers in halves
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0

    async def work(shares: FairShares) -> Any:
        return await shares.ledgers("centro", [COUNTING], at(1_000))

    assert_same(with_shares(redis_server.url, served, work)[COUNTING], expected(range(1, 400), at(1_000)))


def test_a_batch_that_is_sent_twice_counts_once(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(redis_server.url, served)

    async def work(shares: FairShares) -> Any:
        for number in range(1, 4):
            count(shares, number, monkeypatch)
        cache, add = shares._cache, shares._cache.add_sums

        async def unheard(*arguments: Any) -> None:
            await add(*arguments)

        monkeypatch.setattr(cache, "add_sums", unheard)
        await shares.flush()
        count(shares, 4, monkeypatch)
        monkeypatch.setattr(cache, "add_sums", add)
        await shares.flush()
        await shares.flush()
        return await shares.ledgers("centro", [COUNTING], at(10))

    assert_same(with_shares(redis_server.url, served, work)[COUNTING], expected(range(1, 5), at(10)))


def log_list(served: ServedLog, number: int) -> None:
    document = {"restaurant_ids": [], "fairness": {"by": "kind", **one_list(number).document()}}
    served.record(f"q{number:05d}", "centro", "d1", at(number), "fair", 1, "v1", Record(orjson.dumps(document)))


def test_what_redis_forgot_is_made_again_from_the_log(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(redis_server.url, served)
    for number in range(1, 50):
        log_list(served, number)

    async def work(shares: FairShares) -> Any:
        for number in range(1, 50):
            count(shares, number, monkeypatch)
        await shares.flush()
        before = await shares.ledgers("centro", [COUNTING], at(100))
        admin.flushall()
        return before, await shares.ledgers("centro", [COUNTING], at(100))

    before, after = with_shares(redis_server.url, served, work)
    assert_same(before[COUNTING], expected(range(1, 50), at(100)))
    # The sums are of the time since the first list on record, no longer since the process asked.
    assert_same(after[COUNTING], expected(range(1, 50), at(100), begun=at(1)))


def test_what_the_sums_began_with_is_not_added_again(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 5):
        log_list(served, number)

    async def work(shares: FairShares) -> Any:
        for number in range(1, 5):
            count(shares, number, monkeypatch)
        await shares.ledgers("centro", [COUNTING], at(10))  # begins, with these lists from the log
        await shares.flush()
        return await shares.ledgers("centro", [COUNTING], at(20))

    wanted = expected(range(1, 5), at(20), begun=at(1))
    assert_same(with_shares(redis_server.url, served, work)[COUNTING], wanted)


def test_what_was_counted_after_the_sums_began_is_added_however_long_redis_was_away(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was cut off has lists of before and after: no more than 5 seconds of them share a batch."""
    begin(redis_server.url, served, at(102))

    async def work(shares: FairShares) -> Any:
        for number in range(1, 201):
            count(shares, number, monkeypatch)
        await shares.flush()
        return await shares.ledgers("centro", [COUNTING], at(300))

    found = with_shares(redis_server.url, served, work)[COUNTING]
    assert int(NOW.timestamp()) % 5 == 0
    assert_same(found, expected(range(105, 201), at(300), begun=at(102)))


def test_the_last_flush_leaves_nothing_behind(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the one before was cancelled while it waited for Redis: after it had sent, and before it heard."""
    begin(redis_server.url, served)

    async def work(shares: FairShares) -> Any:
        count(shares, 1, monkeypatch)
        add, sent = shares._cache.add_sums, asyncio.Event()

        async def unheard(*arguments: Any) -> None:
            await add(*arguments)
            sent.set()
            await asyncio.sleep(60.0)

        monkeypatch.setattr(shares._cache, "add_sums", unheard)
        keeping = asyncio.create_task(_keep_shares(shares))
        await sent.wait()
        count(shares, 2, monkeypatch)
        keeping.cancel()
        await asyncio.wait([keeping])
        monkeypatch.setattr(shares._cache, "add_sums", add)
        await shares.flush()
        return await shares.ledgers("centro", [COUNTING], at(10))

    assert_same(with_shares(redis_server.url, served, work)[COUNTING], expected(range(1, 3), at(10)))


def test_where_redis_is_away_there_is_no_word_and_nothing_is_lost(
    redis_server: EmbeddedRedis, admin: Redis, served: ServedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(shares: FairShares) -> Any:
        count(shares, 1, monkeypatch)
        await shares.flush()
        return await shares.ledgers("centro", [COUNTING], NOW), len(shares._sending)

    assert with_shares("redis://127.0.0.1:1", served, work) == ({}, 1)


@given(st.floats(0.5, 365.0), st.floats(1.7e9, 1.9e9), st.floats(0.0, 365.0))
def test_a_weight_halves_in_a_half_life_and_stays_a_number(half_life, moment, days):
    counting = Counting(GroupedBy.KIND, half_life)
    later, epoch = moment + days * 86_400.0, counting.epoch(moment)
    weights = counting.weight(moment, epoch), counting.weight(later, epoch)
    assert weights[0] >= 1.0
    assert np.isfinite(weights).all()
    assert weights[0] / weights[1] == pytest.approx(0.5 ** (days / half_life), rel=1e-6)


def test_a_lift_is_no_probability_to_those_who_watch_the_log() -> None:
    """Calibration and merit are read from the record: what somebody is owed makes nobody likelier to order."""
    names = ["relevance", "calibration", "fairness", "exploration", "payment"]
    document = {"term_names": names, "restaurant_ids": ["a", "b"], "terms": [[1.0, 2.0], [-0.9, -1.8], 0.5, 0.1, 0.0]}
    assert probabilities(document) == pytest.approx([0.1, 0.2])


def test_ledgers_survive_the_blob_bit_for_bit() -> None:
    ledgers = {COUNTING: one_list(3), replace(COUNTING, by=GroupedBy.PRICE): one_list(4)}
    again = decode_ledgers(encode_ledgers(ledgers))
    assert list(again) == list(ledgers)
    assert [one.document() for one in again.values()] == [one.document() for one in ledgers.values()]
    assert encode_ledgers({}) == b""
    assert decode_ledgers(b"") == {}
