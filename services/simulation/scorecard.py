"""The scorecard so far: one number a seat, from what can be measured today."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from data import columns as col
from data.dataset import Dataset
from services.simulation.walk_in import ApiClient, Visit

_SAMPLE = 50


@dataclass(frozen=True)
class Traffic:
    """What some visits came to."""

    visits: int
    orders: int
    milliseconds: list[float] = field(repr=False)
    """A whole visit: list, choice and events."""
    degraded: int = 0


def measure_traffic(visits: Iterator[Visit], count: int) -> Traffic:
    """Let `count` diners walk in."""
    orders = degraded = 0
    milliseconds = []
    for _ in range(count):
        started = time.perf_counter()
        visit = next(visits)
        milliseconds.append((time.perf_counter() - started) * 1000.0)
        orders += visit.ordered
        degraded += visit.degraded
    return Traffic(count, orders, milliseconds, degraded)


def scorecard_lines(
    metrics: Mapping[str, Any], traffic: Traffic, api: ApiClient, dataset: Dataset, market: str
) -> list[str]:
    """A line a seat: its number with a 95 % interval where there is one, and what it was measured on."""
    model = metrics["models"]["lightfm"]
    popular, oracle = metrics["models"]["popular"]["ndcg@10"], metrics["models"].get("oracle")
    lists = _lists(api, dataset, market)
    share = f", {model['share_of_oracle']['value']:.0%} of the oracle's" if oracle else ""
    order_rate = _rate_per_1000(traffic.orders, traffic.visits)
    exact, items = _explained_exactly(lists)
    ratio = _exposure_ratio(lists, dataset, market)
    p50, p99 = np.percentile(_request_milliseconds(api, dataset, market), [50, 99])
    rows = [
        ("ml", "nDCG@10", f"{_interval(model['ndcg@10'])} (popular {_interval(popular)}{share})"),
        ("sales", "fees per 1,000 requests", "0 (no campaigns yet)"),
        ("product", "orders per 1,000 requests", f"{order_rate}; p50 {p50:.1f} ms, p99 {p99:.1f} ms"),
        ("infra", "answers with less than all", f"{traffic.degraded} of {traffic.visits}"),
        ("interpretability", "items explained exactly", f"{exact} of {items}"),
        ("fairness", "min/max exposure per merit", f"{ratio:.3f} (independents and chains)"),
    ]
    lines = [f"scorecard of {market}, {traffic.visits} visits", ""]
    return lines + [f"{seat:<17}{name:<28}{value}" for seat, name, value in rows]


def _lists(api: ApiClient, dataset: Dataset, market: str) -> list[dict[str, Any]]:
    users = dataset.diners(market)[col.USER_ID].tolist()
    sample = users[:: max(1, len(users) // _SAMPLE)][:_SAMPLE]
    return [api.call("GET", f"/v1/recommendations?user_id={user}&explain=full") for user in sample]


def _request_milliseconds(api: ApiClient, dataset: Dataset, market: str) -> list[float]:
    measured = []
    for user in dataset.diners(market)[col.USER_ID].tolist()[:200]:
        started = time.perf_counter()
        api.call("GET", f"/v1/recommendations?user_id={user}")
        measured.append((time.perf_counter() - started) * 1000.0)
    return measured


def _explained_exactly(lists: list[dict[str, Any]]) -> tuple[int, int]:
    """Items whose terms add up to their score bit for bit, and all items."""
    exact = items = 0
    for answer in lists:
        for item in answer["items"]:
            total = 0.0
            for term in item["explanation"]["terms"]:
                total += term["value"]
            exact += total == item["score"]
            items += 1
    return exact, items


def _exposure_ratio(lists: list[dict[str, Any]], dataset: Dataset, market: str) -> float:
    """Exposure (1 / log2(rank + 1)) over merit (orders of the log), of independents against chains."""
    chains = dict(
        zip(*(dataset.restaurants(market)[name].tolist() for name in (col.RESTAURANT_ID, col.CHAIN)), strict=True)
    )
    orders = dataset.events(market, [col.EventType.ORDER], [col.RESTAURANT_ID, col.TYPE])[col.RESTAURANT_ID]
    exposure, merit = np.zeros(2), np.zeros(2)
    for answer in lists:
        for item in answer["items"]:
            exposure[_in_chain(chains.get(item["restaurant_id"]))] += 1.0 / math.log2(item["rank"] + 1)
    for restaurant, count in orders.value_counts().items():
        merit[_in_chain(chains.get(str(restaurant)))] += count
    per_merit = exposure / np.maximum(merit, 1.0)
    return float(per_merit.min() / per_merit.max()) if per_merit.max() > 0 else 1.0


def _in_chain(chain: object) -> int:
    return int(isinstance(chain, str))


def _interval(measured: Mapping[str, float]) -> str:
    return f"{measured['value']:.3f} [{measured['low']:.3f}, {measured['high']:.3f}]"


def _rate_per_1000(hits: int, trials: int) -> str:
    """With Wilson's 95 % interval."""
    z, rate = 1.96, hits / trials
    center = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return f"{1000 * rate:.0f} [{1000 * (center - half):.0f}, {1000 * (center + half):.0f}]"
