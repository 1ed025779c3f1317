"""What one of each costs, at three sizes of a market: python -m loadtests.unit_costs [--quick] [--json FILE]

A city of each size is generated, trained on and served by one process; measured are CPU seconds (never wall: they are
what a plan adds up, and what neighbours disturb least), bytes on the wire and bytes in the database.
`loadtests.scale` makes a plan of them, and holds the largest size against what the two smaller ones foretell.
"""

import argparse
import json
import math
import resource
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import redis

from data import columns as col
from data.dataset import Dataset
from loadtests.closed_loop import run_closed_loop
from loadtests.homes import Home, HomeError, build_home, train_another
from loadtests.memory import champion, city_states, measure_redis
from loadtests.processes import settle
from loadtests.provenance import provenance
from loadtests.servers import Server, ServerError, end_tidily, serving
from loadtests.trace import recommendation_paths
from loadtests.watching import rollup_kib
from services.clock import Clock
from services.database.engine import open_database
from services.features import EmbeddedRedis

SIZES: Final = (500, 1_000, 2_000)
"""Restaurants of the three markets."""
DINERS_A_RESTAURANT: Final = 25
"""As in the plan's target: 500 million diners of 20 million restaurants."""
DAYS: Final = 7
_EVENTS_A_REQUEST: Final = 3


@dataclass(frozen=True)
class UnitCosts:
    """Of one market; every figure is larger than 0."""

    restaurants: float
    diners: float
    train_cpu_seconds: float
    """One training run with its evaluation, on a week of the city's log."""
    list_cpu_us: float
    """CPU of the API process a list of twenty with reasons, log and all."""
    list_redis_cpu_us: float
    list_bytes_out: float
    list_bytes_in: float
    list_stored_bytes: float
    """Growth of the database a list: the log, its seal and its indexes."""
    event_cpu_us: float
    """A durable click, three in a request."""
    event_stored_bytes: float
    diner_redis_bytes: float
    """`used_memory`."""
    process_mib: float
    """Private memory of a process that serves this one market."""
    mapped_mib: float
    """Of the model, shared by all processes of a machine."""


FIGURES: Final = tuple(one.name for one in fields(UnitCosts))


def measure(size: int, folder: Path, *, diners: int, seconds: float) -> UnitCosts:
    """Build, serve and ask. Raises HomeError or ServerError."""
    folder.mkdir(parents=True)
    home = build_home(folder, restaurants=size, diners=diners, days=DAYS)
    states = city_states(home)
    mapped = sum(file.stat().st_size for file in champion(home).path.glob("*.safetensors")) / 2**20
    before = _children_cpu()
    train_another(home)
    trained = _children_cpu() - before
    with EmbeddedRedis(folder / "redis") as cache, closing(redis.Redis.from_url(cache.url)) as client:
        environment = {**home.environment, "TABLESTAKES_REDIS_URL": cache.url, "TABLESTAKES_OVERLOAD_LAG_MS": "0"}
        with serving("the server", home.serve_command, log=folder / "server.log", environment=environment) as server:
            lists = _ask(server, home, client, seconds)
            events = _tell(server, home, seconds / 2)
            private = rollup_kib(server.pids[-1])
    (in_redis,) = measure_redis(states, [min(diners, 50_000)], folder / "diners")
    if events["event_stored_bytes"] <= 0.0:
        raise ServerError("no event was stored: were they refused?")
    return UnitCosts(
        restaurants=size,
        diners=diners,
        train_cpu_seconds=trained,
        **lists,
        **events,
        diner_redis_bytes=in_redis.used_bytes_a_diner,
        process_mib=(private.get("Private_Dirty", math.nan) + private.get("Private_Clean", 0.0)) / 1024,
        mapped_mib=mapped,
    )


def _ask(server: Server, home: Home, client: redis.Redis, seconds: float) -> dict[str, float]:
    """Lists from sixteen connections, each diner's first left out."""
    paths = recommendation_paths(home.diners(), 4_096, np.random.default_rng(1))
    requests = [server.target.request(f"{path}&explain=reasons", headers=home.headers()) for path in paths]
    # Each once: who is not in the cache yet is read from the database, which is a start's cost and not a list's.
    run_closed_loop(server.target, requests, seconds=60.0, connections=16, max_requests=len(requests))
    settle(server.pids)
    stored, cpu, redis_cpu = _stored_bytes(home), server.cpu_seconds(), _redis_cpu(client)
    found = run_closed_loop(server.target, requests, seconds=seconds, connections=16)
    cpu = server.cpu_seconds() - cpu + settle(server.pids)
    if found.errors:
        raise ServerError(f"{found.errors} lists were not answered with 200")
    idle = server.idle_cores() * seconds
    return {
        "list_cpu_us": (cpu - idle) / found.answers * 1e6,
        "list_redis_cpu_us": (_redis_cpu(client) - redis_cpu) / found.answers * 1e6,
        "list_bytes_out": found.received_bytes / found.answers,
        "list_bytes_in": float(np.mean([len(request) for request in requests])),
        "list_stored_bytes": (_stored_bytes(home) - stored) / found.answers,
    }


def _tell(server: Server, home: Home, seconds: float) -> dict[str, float]:
    """Clicks of random diners, each request with ids of its own."""
    dataset = Dataset.open(home.dataset)
    market = dataset.markets[0]
    places = [str(one) for one in dataset.restaurants(market)[col.RESTAURANT_ID]]
    people, rng, now = home.diners(), np.random.default_rng(2), Clock().now().isoformat()

    def click(number: int) -> dict[str, str]:
        return {
            "event_id": f"unit-{number}",
            "type": "click",
            "market": market,
            "user_id": people[rng.integers(len(people))],
            "restaurant_id": places[rng.integers(len(places))],
            "at": now,
        }

    count = int(1_500 * seconds)
    bodies = [
        json.dumps([click(number * _EVENTS_A_REQUEST + one) for one in range(_EVENTS_A_REQUEST)]).encode()
        for number in range(count)
    ]
    headers = {**home.headers(), "content-type": "application/json"}
    requests = [server.target.request("/v1/events", method="POST", headers=headers, body=body) for body in bodies]
    stored, cpu = _stored_bytes(home), server.cpu_seconds()
    found = run_closed_loop(server.target, requests, seconds=20 * seconds, connections=16, max_requests=count)
    settle(server.pids)
    if found.errors:
        raise ServerError(f"{found.errors} requests with events were not answered with 2xx")
    told = found.answers * _EVENTS_A_REQUEST
    return {
        "event_cpu_us": (server.cpu_seconds() - cpu) / told * 1e6,
        "event_stored_bytes": (_stored_bytes(home) - stored) / told,
    }


def _stored_bytes(home: Home) -> int:
    """Of the database, free pages not counted."""
    engine = open_database(f"sqlite:///{home.path / 'tablestakes.db'}")
    with engine.connect() as connection:
        pages, free, size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
    engine.dispose()
    return int((pages - free) * size)


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _redis_cpu(client: redis.Redis) -> float:
    info = dict(client.info("cpu"))  # type: ignore[arg-type]
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def lines(found: Sequence[UnitCosts]) -> list[str]:
    """The table, a column a size."""
    text = [f"| | {' | '.join(f'{one.restaurants:,.0f} restaurants' for one in found)} |"]
    text.append("|---|" + "---|" * len(found))
    for name in FIGURES[1:]:
        cells = " | ".join(f"{getattr(one, name):,.1f}" for one in found)
        text.append(f"| {name.replace('_', ' ')} | {cells} |")
    return text


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.unit_costs", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="100, 200 and 400 restaurants, for a second each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    chosen = parser.parse_args(argv)
    sizes, seconds = ([100, 200, 400], 1.0) if chosen.quick else (list(SIZES), 6.0)
    found = []
    try:
        with tempfile.TemporaryDirectory(prefix="tablestakes-units-") as temporary:
            for size in sizes:
                diners = size * DINERS_A_RESTAURANT
                found.append(measure(size, Path(temporary) / str(size), diners=diners, seconds=seconds))
                print(f"{size:,} restaurants: done", file=sys.stderr)
    except (HomeError, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines(found)))
    if chosen.json is not None:
        document = {"sizes": [asdict(one) for one in found], "provenance": provenance()}
        chosen.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    end_tidily()
    sys.exit(main())
