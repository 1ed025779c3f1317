"""The scorecard so far: one number a seat, from what can be measured today."""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import Engine, func, select

from data import columns as col
from data.dataset import Dataset
from models.artifacts import load
from services.ads.campaign import MICRO
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.schema import billing_queue, markets, settlements
from services.database.transactions import reading
from services.ranking.auction import why_money_is_off
from services.releases.freeze import FreezeStore
from services.releases.overview import price_of, queue_of
from services.releases.store import ReleaseStore
from services.simulation.walk_in import ApiClient, Visit
from services.stakeholders.policies import PolicyStore

_SAMPLE = 50
_SETTLING_SECONDS: Final = 15.0


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


@dataclass(frozen=True)
class Sales:
    """What the visits brought in fees."""

    charges: list[float] = field(repr=False)
    """Minor units, one a billed event, refunds below 0."""
    currency: str
    off: str | None
    """Why nothing is sold with the champion under the active policy."""


def measure_sales(engine: Engine, clock: Clock, market: str, champion_path: Path, since: datetime) -> Sales:
    """Charges of what happened since then, once the worker has settled what it owes; waits some seconds for that."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    queued = select(func.count()).select_from(billing_queue).where(billing_queue.c.market == market)
    chosen = (settlements.c.market == market) & (settlements.c.at >= since) & (settlements.c.amount != 0)
    while True:
        with reading(engine) as connection:
            waiting = connection.execute(queued).scalar_one()
            amounts = connection.execute(select(settlements.c.amount).where(chosen)).scalars().all()
            currency = connection.execute(select(markets.c.currency).where(markets.c.market == market)).scalar_one()
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    policies, active = PolicyStore(engine, AuditTrail(engine, clock), clock).of(market)
    ads = policies[active].ads
    off = why_money_is_off(ads, load(champion_path).calibration)
    return Sales([amount / MICRO for amount in amounts], currency, "lambda is 0" if ads.money == 0.0 else off)


def _fees(sales: Sales, visits: int) -> str:
    """With the 95 % interval of a compound Poisson sum."""
    if sales.off is not None:
        return f"0: money is off, {sales.off}"
    total = math.fsum(sales.charges)
    half = 1.96 * math.sqrt(math.fsum(charge * charge for charge in sales.charges))
    low, value, high = (1000.0 * fees / visits for fees in (max(0.0, total - half), total, total + half))
    unit = f"minor units of {sales.currency}"
    return f"{value:,.0f} [{low:,.0f}, {high:,.0f}] {unit}, from {len(sales.charges)} billed events"


def standstill_line(engine: Engine, clock: Clock, market: str) -> str | None:
    """What a freeze costs, for the infrastructure's seat; None where the market is not frozen."""
    trail = AuditTrail(engine, clock)
    freezes = FreezeStore(engine, trail, clock).active(market)
    if not freezes:
        return None
    releases = ReleaseStore(engine, trail, clock).releases(market)
    price = price_of(releases, clock.now())
    lost = "unknown" if price.ndcg_lost is None else f"{price.ndcg_lost:.4f}"
    cost = f"{price.staleness_days or 0.0:.1f} days stale, nDCG@10 lost {lost}, {len(queue_of(releases))} waiting"
    return f"{'infra':<17}{'what the freeze costs':<28}{cost} ({freezes[0].reason})"


def scorecard_lines(
    metrics: Mapping[str, Any], traffic: Traffic, sales: Sales, api: ApiClient, dataset: Dataset, market: str
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
        ("sales", "fees per 1,000 requests", _fees(sales, traffic.visits)),
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
