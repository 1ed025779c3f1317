"""Where the time of a list of recommendations goes: CPU of each step, of one request at a time.

    TABLESTAKES_HOME=var/home python -m services.api.measure_hot_path [--requests 300] [--k 20] [--policy NAME]

Every step is called by itself for the same diners, as the hot path calls it. What is told is the median over diners of
the least of five tries of ten calls: neighbours on the machine and cold caches add to it in service, and the server's
own protocol is not in it. `log` is the answer's part of the log of served lists; `record` and `store` are done behind
the answers, by a thread of its own, on the same core where there is but one.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import numpy as np

from services.access.keys import ensure_keys
from services.access.roles import Role
from services.api.app import create_app
from services.api.asking import ask_for
from services.api.hot_path import parse_query
from services.api.security import READERS_OF_DINERS, role_of
from services.bootstrap import Services
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.events.served import ServedLog
from services.measuring import first_market
from services.monitoring.logs import configure_logs
from services.serving.present import body
from services.serving.recommender import Answer, Ask, ranked_lists, sold_list
from services.serving.served_document import served_record
from services.settings import Settings

_TRIES: Final = 5
_CALLS: Final = 10
STEPS: Final = {
    "query": "parse and validate the query, find market, policy and model",
    "key": "the caller's key",
    "features": "the diner's state from Redis: the command, its reply, decoding; not the wait",
    "ranking": "filters, fold-in, shortlist, scores, order",
    "ads": "the auction and the list with what it sold",
    "present": "the JSON, without reasons",
    "reasons": "what reasons add to it",
    "log": "counters, and the list handed to the log",
    "record": "behind the answer: what the log keeps of it",
    "store": "behind the answer: the database's part",
}


async def measure(settings: Settings, requests: int, k: int, policy: str | None = None) -> dict[str, float]:
    """Microseconds of CPU by step."""
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        key = ensure_keys(engine, settings.keys_file)[Role.APP]
        known = CatalogueStore(engine).diners(first_market(engine), None, requests)
    finally:
        engine.dispose()
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        services: Services = app.state.services
        market = next(iter(services.state.snapshots))
        queries = {diner.user_id: _query(diner.user_id, k, market, policy) for diner in known}
        each = [await _one(services, key, market, user_id, query) for user_id, query in queries.items()]
        spent = {step: float(np.median([one[step] for one in each])) for step in each[0]}
        answers = [await services.recommender.recommend(await _ask(services, query)) for query in queries.values()]
    return {**spent, "store": 1e6 * await asyncio.to_thread(_store_seconds, answers)}


def _query(user_id: str, k: int, market: str, policy: str | None) -> bytes:
    asked = {"user_id": user_id, "k": k, "explain": "reasons", "market": market}
    return urlencode(asked if policy is None else {**asked, "policy": policy}).encode()


async def _ask(services: Services, query: bytes) -> Ask:
    return await ask_for(services, parse_query(query))


async def _one(services: Services, key: str, market: str, user_id: str, query: bytes) -> dict[str, float]:
    """Microseconds by step, of one diner."""
    recommender, authorization = services.recommender, f"Bearer {key}".encode()
    ask = await _ask(services, query)
    answer = await recommender.recommend(ask)
    sent, state, at, request_id = body(answer, "reasons"), answer.state, answer.at, answer.request_id
    plain = _least(lambda: body(answer, "none"))
    ledgers = services.shares.count(ask, answer.ranked, answer.shown, at)
    return {
        "query": await _least_awaited(lambda: _ask(services, query)),
        "key": _least(lambda: role_of(authorization, services.keys, READERS_OF_DINERS)),
        "features": await _least_awaited(lambda: services.cache.diner(market, user_id)),
        "ranking": _least(lambda: ranked_lists(ask, state, at, request_id)),
        "ads": _least(lambda: sold_list(ask, answer.ranked)),
        "present": plain,
        "reasons": _least(lambda: body(answer, "reasons")) - plain,
        "log": _least(lambda: recommender.log(answer, "reasons", sent)),
        "record": _least(lambda: served_record(answer, "reasons", sent, ledgers)),
    }


def _least(step: Callable[[], object]) -> float:
    tries = []
    for _ in range(_TRIES):
        started = time.thread_time_ns()
        for _ in range(_CALLS):
            step()
        tries.append(time.thread_time_ns() - started)
    return min(tries) / _CALLS / 1e3


async def _least_awaited(step: Callable[[], Awaitable[object]]) -> float:
    """The wait is no CPU time; the turns of the loop that it takes are."""
    tries = []
    for _ in range(_TRIES):
        started = time.thread_time_ns()
        for _ in range(_CALLS):
            await step()
        tries.append(time.thread_time_ns() - started)
    return min(tries) / _CALLS / 1e3


def _store_seconds(answers: Sequence[Answer]) -> float:
    """A list's share of writing so many at once into an empty database, their records made before."""
    with tempfile.TemporaryDirectory(prefix="tablestakes-measure-") as folder:
        engine = open_database(f"sqlite:///{folder}/served.db")
        migrate(engine)
        try:
            with ServedLog(engine, interval_seconds=3600.0) as served:
                for answer in answers:
                    ask = answer.ask
                    served.record(
                        request_id=answer.request_id,
                        market=ask.snapshot.info.market,
                        user_id=ask.user_id,
                        at=answer.at,
                        policy=ask.policy.name,
                        policy_version=ask.policy.version,
                        model_version=ask.snapshot.artifact.version,
                        record=served_record(answer, "none", b"")._replace(blobs=()),
                    )
                started = time.thread_time()
                served.flush()
                return (time.thread_time() - started) / len(answers)
        finally:
            engine.dispose()


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m services.api.measure_hot_path", description=__doc__)
    parser.add_argument("--requests", type=int, default=300, help="diners that are asked for")
    parser.add_argument("--k", type=int, default=20, help="places of a list")
    parser.add_argument("--policy", help="the market's active one, if it is left out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    given = parser.parse_args()
    configure_logs("warning", False)
    found = asyncio.run(measure(Settings(), given.requests, given.k, given.policy))
    for step, micros in found.items():
        print(f"{step:9} {micros:6.1f} us  {STEPS[step]}")
    answered = sum(micros for step, micros in found.items() if step not in ("record", "store"))
    print(f"{'answer':9} {answered:6.1f} us  all but the last two")
    if given.json is not None:
        given.json.write_text(json.dumps({"microseconds": found, "requests": given.requests, "k": given.k}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
