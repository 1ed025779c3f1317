"""What a scorecard costs: python -m services.stakeholders.scorecard.measure --lists 50000."""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import orjson
from sqlalchemy import Engine, insert

from data.columns import EventType
from data.dataset import MarketInfo
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.database.schema import events, markets, restaurants, served_lists
from services.database.transactions import writing
from services.ranking.rank import TERMS
from services.settings import Settings
from services.stakeholders.scorecard.estimates import bucket_of
from services.stakeholders.scorecard.store import Scorecards

_DAYS: Final = 7
_RESTAURANTS: Final = 400
_DINERS: Final = 4_000
_SHOWN: Final = 10
_VIEWED: Final = 4
_ORDER_RATE: Final = 0.3
_AT_ONCE: Final = 5_000
_MARKET: Final = "aldermoor"


def main() -> None:
    """Fill a database of its own with two windows of lists, and make their scorecard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lists", type=int, default=50_000, help="in a window of seven days")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ts-") as folder:
        engine = open_database(f"sqlite:///{Path(folder) / 'measure.db'}")
        migrate(engine)
        _fill(engine, 2 * options.lists)
        wall, cpu = [], []
        for _ in range(options.rounds):
            cards = Scorecards(engine, Clock(), Settings().objectives)
            for _ in range(2):
                started, busy = time.perf_counter(), time.process_time()
                cards.fresh(_MARKET, _DAYS)
                wall.append(time.perf_counter() - started)
                cpu.append(time.process_time() - busy)
        engine.dispose()
    size = f"{options.lists:,} lists and some {options.lists * 4.3:,.0f} events a window"
    print(f"{size}, SQLite, median of {options.rounds}")
    print(f"  first of an hour  {median(wall[::2]):.2f} s, CPU {median(cpu[::2]):.2f} s")
    print(f"  any other         {median(wall[1::2]):.2f} s, CPU {median(cpu[1::2]):.2f} s")
    print(f"  counting the duration of an answer  {_counting_ns():.0f} ns")


def _fill(engine: Engine, lists: int) -> None:
    rng, now = np.random.default_rng(0), Clock().now()
    info = MarketInfo(market=_MARKET, title="Aldermoor")
    places = [
        {"market": _MARKET, "restaurant_id": f"r{number}", "name": f"R {number}", "lat": 0.0, "lon": 0.0}
        | {"cuisines": [], "chain": "Big" if number % 4 == 0 else None, "district": f"d{number % 8}"}
        | {"delivery": False, "tags": [], "search_text": ""}
        for number in range(_RESTAURANTS)
    ]
    with writing(engine) as connection:
        connection.execute(insert(markets), {**info.model_dump(), "catalogue_version": 0})
        connection.execute(insert(restaurants), places)
    for first in range(0, lists, _AT_ONCE):
        numbers = range(first, min(lists, first + _AT_ONCE))
        made = [_list(rng, number, now - 2 * _DAYS * timedelta(days=1) * float(rng.random())) for number in numbers]
        with writing(engine) as connection:
            connection.execute(insert(served_lists), made)
            connection.execute(insert(events), [one for row in made for one in _events(rng, row)])


def _list(rng: np.random.Generator, number: int, at: Any) -> dict[str, Any]:
    shown = [f"r{row}" for row in rng.choice(_RESTAURANTS, _SHOWN, replace=False)]
    relevance = np.sort(rng.random(_SHOWN))[::-1].tolist()
    body = {"term_names": TERMS, "restaurant_ids": shown, "terms": [relevance, *[0.0] * (len(TERMS) - 1)]}
    head = {"request_id": f"q{number}", "market": _MARKET, "user_id": f"u{rng.integers(_DINERS)}", "at": at}
    model = {"policy": "balanced", "policy_version": 1, "model_version": "v1"}
    return {**head, **model, "document": orjson.dumps(body)}


def _events(rng: np.random.Generator, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    shown = orjson.loads(row["document"])["restaurant_ids"]
    kinds = [EventType.IMPRESSION] * _VIEWED + [EventType.ORDER] * int(rng.random() < _ORDER_RATE)
    for place, kind in enumerate(kinds):
        about = {name: row[name] for name in ("market", "user_id", "request_id", "at")}
        yield {
            **about,
            "event_id": f"{row['request_id']}-{place}",
            "type": kind,
            "restaurant_id": shown[place % _VIEWED],
        }


def _counting_ns() -> float:
    counter: Counter[int] = Counter()
    started = time.process_time()
    for number in range(200_000):
        counter[bucket_of(0.001 + number * 1e-9)] += 1
    return (time.process_time() - started) / 200_000 * 1e9


if __name__ == "__main__":
    main()
