"""Redis killed, hung, slow, flushed, wrong and full: lists go on, say that they are degraded, and are nobody else's."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from loadtests.chaos.promises import Check, all_of, none_of, within
from loadtests.chaos.redis_server import OwnRedis, SlowProxy
from loadtests.chaos.stage import DEGRADED, Stage, clean_log
from loadtests.chaos.traffic import Answer, Answers, Stream, body_of

Found = tuple[Sequence[Check], dict[str, Any]]

RATE = 150.0
PATIENCE_MS = 20
"""For Redis, of the servers here: what a list may lose to it in the first second of an outage."""
_STEADY_SECONDS = 3.0
_AWAY_SECONDS = 1.5
_BACK_SECONDS = 2.5
_BACK_LIMIT = 2.0
_FIRST_SECOND_MS = 25.0
_IN_A_ROW = 20
_OPEN_SECONDS = 0.6
"""The breaker promises half a second; a request that was under way then ends its wait after it."""


@dataclass(frozen=True)
class Outage:
    """When Redis went, when it may have answered again, and when it did; by `time.monotonic`."""

    begin: float
    cure: float
    end: float


def is_degraded(_number: int, answer: bytes) -> bool:
    """Whether the list says that it was made without the cache."""
    return DEGRADED in answer


def killed(stage: Stage) -> Found:
    """kill -9 and a new, empty server at the same address."""
    return _outages(stage, lambda redis: redis.kill(), lambda redis: redis.start(), stage.times(20, 3))


def hung(stage: Stage) -> Found:
    """SIGSTOP: the connection stands, nothing is answered."""
    return _outages(stage, lambda redis: redis.pause(), lambda redis: redis.resume(), stage.times(10, 2))


def _outages(stage: Stage, begin: Callable[[OwnRedis], float], end: Callable[[OwnRedis], float], times: int) -> Found:
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    outages = []
    with (
        OwnRedis(folder) as redis,
        stage.serve(home, redis_url=redis.url, redis_timeout_ms=PATIENCE_MS) as server,
        Stream(server.target, stage.lists(server, home), RATE, is_degraded) as stream,
    ):
        time.sleep(_STEADY_SECONDS)
        for _ in range(times):
            gone = begin(redis)
            time.sleep(_AWAY_SECONDS)
            outages.append(Outage(gone, time.monotonic(), end(redis)))
            time.sleep(_BACK_SECONDS)
    return _judged(stream.answers, outages, server.log)


def slow(stage: Stage) -> Found:
    """Every reply a second late, through a proxy."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    outages = []
    with (
        OwnRedis(folder) as redis,
        SlowProxy(folder, redis.url) as proxy,
        stage.serve(home, redis_url=proxy.url, redis_timeout_ms=PATIENCE_MS) as server,
        Stream(server.target, stage.lists(server, home), RATE, is_degraded) as stream,
    ):
        time.sleep(_STEADY_SECONDS)
        asked = 0
        for _ in range(stage.times(10, 2)):
            proxy.seconds, gone, before = 1.0, time.monotonic(), _commands(redis)
            time.sleep(_AWAY_SECONDS)
            asked += _commands(redis) - before
            cure = time.monotonic()
            proxy.seconds = 0.0
            time.sleep(1.0)  # what is late already comes first
            outages.append(Outage(gone, cure, time.monotonic()))
            time.sleep(_BACK_SECONDS)
    checks, figures = _judged(stream.answers, outages, server.log)
    lists = sum(len(stream.answers.due(each.begin, each.begin + _AWAY_SECONDS)) for each in outages)
    share = Check("no retries: Redis is asked 1.1 times a list at most", f"{asked} for {lists}", asked <= 1.1 * lists)
    return [*checks, share], figures


def _commands(redis: OwnRedis) -> int:
    """Commands that the server has had."""
    with redis.client() as client:
        return int(client.info("stats")["total_commands_processed"])


def _judged(answers: Answers, outages: Sequence[Outage], log: Path) -> Found:
    """What every outage of Redis promises."""
    # What was due shortly before may have met the fault on its way, on a machine that is busy.
    steady = answers.outside([(outage.begin - 0.5, outage.end + _BACK_LIMIT) for outage in outages])
    during = [answers.due(outage.begin, outage.cure) for outage in outages]
    unsaid = [each for part in during for each in part if each.good and not each.note and not _crossed(each, outages)]
    recovery = [_until_normal(answers, outage) for outage in outages]
    calm = steady.ms(0.99)
    first = [answers.due(each.begin, each.begin + 1.0).ms(0.99) for each in outages]
    later = [answers.due(each.begin + _OPEN_SECONDS, each.end).ms(0.99) for each in outages]
    waited = [len(_waiters(answers, outage)) for outage in outages]
    n_away = sum(map(len, during))
    checks = [
        all_of("every list is answered with 200", answers.good, len(answers)),
        none_of("a list made without Redis does not say so", len(unsaid), n_away, "lists while it was away"),
        replace(none_of("a list says `degraded` while all is well", sum(map(_noted, steady)), len(steady)), timed=True),
        clean_log(log),
        within("back to normal within 2 s, the slowest", max(recovery), _BACK_LIMIT, "s"),
        within("p99 of the first second over the steady one, median", float(np.median(first)) - calm, _FIRST_SECOND_MS),
        within("p99 with the breaker open against the steady one, median", float(np.median(later)), max(calm, 5.0)),
        within("lists that waited before the breaker opened, most", max(waited), 20, "lists"),
    ]
    figures = {
        "requests": len(answers),
        "outages": len(outages),
        "steady_p99_ms": calm,
        "first_second_p99_ms": first,
        "breaker_open_p99_ms": later,
        "recovery_seconds": recovery,
        "waited": waited,
        "statuses": answers.statuses,
    }
    return checks, figures


def _crossed(answer: Answer, outages: Sequence[Outage]) -> bool:
    """Whether Redis may still have answered, or have answered again, while the list was made."""
    own = [each for each in outages if each.begin <= answer.due < each.cure]
    return any(answer.due <= each.begin + 0.002 or answer.at >= each.cure for each in own)


def _until_normal(answers: Answers, outage: Outage) -> float:
    """Seconds from Redis's return to the first of so many lists in a row that were made with it."""
    in_a_row, first = 0, outage.end
    for each in answers.due(outage.end, outage.end + _BACK_SECONDS):
        if each.note or not each.good:
            in_a_row = 0
            continue
        first = each.due if not in_a_row else first
        in_a_row += 1
        if in_a_row == _IN_A_ROW:
            return first - outage.end
    return _BACK_SECONDS


def _waiters(answers: Answers, outage: Outage) -> Answers:
    """Lists that waited for Redis in vain before the breaker opened: those of the row, not the probes after it."""
    first = answers.due(outage.begin, outage.begin + _OPEN_SECONDS)
    return first.that(lambda each: each.note and each.ms >= 15.0)


def flushed(stage: Stage) -> Found:
    """All keys gone at once, the server well: states are made again from the database."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    with (
        OwnRedis(folder) as redis,
        stage.serve(home, redis_url=redis.url) as server,
        Stream(server.target, stage.lists(server, home), RATE, is_degraded) as stream,
    ):
        for _ in range(stage.times(10, 2)):
            time.sleep(1.0)
            with redis.client() as client:
                client.flushall()
        time.sleep(1.0)
    answers = stream.answers
    return [
        all_of("every list is answered with 200", answers.good, len(answers)),
        none_of("a list says `degraded`: an empty cache is no outage", sum(map(_noted, answers)), len(answers)),
        clean_log(server.log),
    ], {"p99_ms": answers.ms(0.99), "statuses": answers.statuses}


def _noted(answer: Answer) -> bool:
    return bool(answer.note)


def wrong(stage: Stage) -> Found:
    """Under every diner's key another's state, noise, or a list; the market's blob spoilt too.

    Lists without sold places and exploration at one fixed time are the diner's alone: any other order is a foreign one.
    """
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    with OwnRedis(folder) as redis, stage.serve(home, redis_url=redis.url, redis_timeout_ms=PATIENCE_MS) as server:
        request_of = stage.lists(server, home, "&ads=false")
        n_diners = len(stage.diners)

        def listed(_number: int, answer: bytes) -> tuple[str, tuple[str, ...], bool]:
            body = json.loads(body_of(answer))
            names = tuple(item["restaurant_id"] for item in body.get("items", ()))
            return body.get("user_id", ""), names, DEGRADED in answer

        with Stream(server.target, request_of, 2 * RATE, listed) as before:
            time.sleep(n_diners / (2 * RATE) + 0.5)
        own = {each.note[0]: each.note[1] for each in before.answers if each.good}
        keys = _spoil(redis)
        with Stream(server.target, request_of, RATE, listed) as stream:
            for _ in range(stage.times(6, 2)):
                time.sleep(2.0)
                keys += _spoil(redis)
            time.sleep(n_diners / RATE if not stage.quick else 1.0)
    answers = stream.answers.that(lambda each: each.good)
    asked = [stage.diners[each.number % n_diners] for each in answers]
    other = sum(each.note[0] != diner for each, diner in zip(answers, asked, strict=True))
    foreign = sum(own[diner] != each.note[1] for each, diner in zip(answers, asked, strict=True) if diner in own)
    noticed = sum(each.note[2] for each in answers)
    return [
        all_of("every list is answered with 200", len(answers), len(stream.answers)),
        none_of("a list names another diner", other, len(answers)),
        none_of("a list is another than the diner's own", foreign, len(answers)),
        Check("spoilt values are noticed: refused and said", f"{noticed:,} lists said so", noticed > 0),
        clean_log(server.log),
    ], {"keys_spoilt": keys, "lists_that_said_so": noticed, "distinct_lists": len(set(own.values()))}


def _spoil(redis: OwnRedis) -> int:
    """Spoil all diners' keys, in turn in four ways, and the market's blob; how many keys there were."""
    draw = np.random.default_rng(5)
    with redis.client() as client:
        keys = sorted(client.scan_iter(match="ts:*:d:*", count=1_000))
        values = dict(zip(keys, client.mget(keys), strict=True)) if keys else {}
        pipeline = client.pipeline(transaction=False)
        for number, key in enumerate(keys):
            kind = number % 4
            if kind == 0:  # the next diner's
                pipeline.set(key, values[keys[(number + 1) % len(keys)]] or b"", ex=600)
            elif kind == 1:
                pipeline.set(key, draw.bytes(len(values[key] or b"x")), ex=600)
            elif kind == 2:
                pipeline.set(key, (values[key] or b"")[: int(draw.integers(48))], ex=600)
            else:
                pipeline.delete(key)
                pipeline.lpush(key, b"no blob")
        for key in client.scan_iter(match="ts:*:m"):
            pipeline.set(key, draw.bytes(200), ex=600)
        pipeline.execute()
    return len(keys)


def full(stage: Stage) -> Found:
    """No memory left and nothing may be thrown out: reads go on, every write is refused."""
    folder = stage.fresh_folder()
    home = stage.fresh_home(folder)
    with OwnRedis(folder) as redis, stage.serve(home, redis_url=redis.url, redis_timeout_ms=PATIENCE_MS) as server:
        requests = (stage.lists(server, home), stage.events(server, home))
        with Stream(server.target, lambda n: requests[n % 4 == 3](n), RATE, is_degraded) as stream:
            time.sleep(_STEADY_SECONDS)
            with redis.client() as client:
                client.config_set("maxmemory-policy", "noeviction")
                client.config_set("maxmemory", 1)
                begin = time.monotonic()
                time.sleep(stage.times(10, 4))
                client.config_set("maxmemory", 0)
            end = time.monotonic()
            time.sleep(_BACK_SECONDS)
    answers = stream.answers
    lists = answers.that(lambda each: each.number % 4 != 3)
    steady = lists.due(0.0, begin)
    during = lists.due(begin + _OPEN_SECONDS, end)
    lasting = lists.due(end + _BACK_LIMIT, end + 60.0)
    return [
        all_of("every list and every event is answered with 2xx", answers.good, len(answers)),
        none_of("a list says `degraded` 2 s after there is room again", sum(map(_noted, lasting)), len(lasting)),
        clean_log(server.log),
        within("p99 of lists meanwhile over the steady one", during.ms(0.99) - steady.ms(0.99), _FIRST_SECOND_MS),
    ], {
        "degraded_meanwhile": sum(map(_noted, during)),
        "lists_meanwhile": len(during),
        "steady_p99_ms": steady.ms(0.99),
        "full_p99_ms": during.ms(0.99),
        "statuses": answers.statuses,
    }
