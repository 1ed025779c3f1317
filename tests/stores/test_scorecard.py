"""The live scorecard on both servers: hand-made logs, another market beside them, and the same log as a dataset."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from happenings import NOON, event
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from selling_records import StoppedClock, campaign, keep, place, settlement
from sqlalchemy import Engine

from data import columns as col
from data.city.generate import generate
from data.columns import EventType
from data.dataset import Dataset, MarketInfo
from services.ads.campaigns import CampaignStore
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.database.stakeholder_tables import demands
from services.database.transactions import insert_into, reading, writing
from services.events.importing import import_events
from services.events.log import EventLog
from services.settings import Settings
from services.stakeholders.scorecard import numbers
from services.stakeholders.scorecard.card import Line, Scorecard, document, text_lines
from services.stakeholders.scorecard.estimates import Estimate, bucket_of
from services.stakeholders.scorecard.reading import SAMPLED_LISTS, Span, read_window
from services.stakeholders.scorecard.simulated import card_of, window_of
from services.stakeholders.scorecard.store import DEFAULT_DAYS, Busy, Scorecards, UnknownMarket
from services.stakeholders.seats import SEATS

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TERMS = ["relevance", "recency", "second_stage", "calibration", "exploration", "payment"]


def served(
    request: str, user: str, at: datetime, *shown: str, market: str = "aldermoor", **kept: Any
) -> dict[str, Any]:
    """A list of the restaurants shown, its relevance falling from 0.5 by 0.1."""
    relevance = [0.5 - 0.1 * place for place in range(len(shown))]
    terms = [relevance, 0.0, 0.0, 0.0, 0.0, 0.0]
    body = {"term_names": TERMS, "restaurant_ids": shown, "terms": terms, "exact_parts": True, **kept}
    head = {"request_id": request, "market": market, "user_id": user, "at": at, "model_version": "v1"}
    return {**head, "policy": "balanced", "policy_version": 1, "document": orjson.dumps(body)}


def cards(engine: Engine, at: datetime = NOON) -> Scorecards:
    return Scorecards(engine, StoppedClock(at), Settings().objectives)


def lines(card: Scorecard) -> dict[str, Line]:
    return {line.measure.key: line for of in card.seats for line in of.lines}


@pytest.fixture
def town(engine: Engine) -> Engine:
    """Three diners and three restaurants, one of a chain; the log begins eight days ago."""
    places = restaurants("A", "B", "C", chain=pd.array([None, "Big", None], "str"))
    CatalogueStore(engine).load(ALDERMOOR, places, diners("d1", "d2", "d3"))
    keep(engine, served_lists=[served("q-old", "d3", NOON - 8 * DAY, "r1")])
    return engine


@pytest.fixture
def week(town: Engine) -> Engine:
    """Two lists of d1 and one of d2; d1 orders at r2 and d2 at r1, who cancels; r2's place in q2 was sold."""
    at = NOON - DAY
    sold = {"sold": [{"campaign_id": "c1", "rank": 2, "price": 20_000_000}], "organic_ranks": [1, 2]}
    keep(
        town,
        served_lists=[
            served("q1", "d1", at, "r1", "r2"),
            served("q2", "d1", at + HOUR, "r1", "r2", ads=sold),
            served("q3", "d2", at, "r1", "r3"),
        ],
        ad_impressions=[place("q2", at + HOUR, restaurant_id="r2")],
        settlements=[
            settlement("e-order", at + HOUR, amount=30_000_000),
            settlement("e-refund", at + HOUR, amount=-10_000_000),
            settlement("e-other", at, user_id="d2", amount=5_000_000),
            settlement("e-late", NOON - 9 * DAY),
        ],
    )
    EventLog(town, StoppedClock(NOON)).append(
        [
            event("view", type=EventType.IMPRESSION, request_id="q1", restaurant_id="r1", at=at),
            event("order", type=EventType.ORDER, request_id="q2", restaurant_id="r2", at=at + HOUR, value=60.0),
            event("o2", type=EventType.ORDER, user_id="d2", request_id="q3", order_id="x", at=at),
            event("c2", type=EventType.ORDER_CANCELLED, user_id="d2", request_id="q3", order_id="x", at=at + HOUR),
            event("not-ours", type=EventType.ORDER, request_id="elsewhere", at=at),
            event("before", type=EventType.ORDER, user_id="d3", request_id="q-old", at=NOON - 8 * DAY),
        ]
    )
    return town


def test_a_week_by_hand(week: Engine) -> None:
    found = {key: line.now for key, line in lines(cards(week).fresh("aldermoor")).items()}

    assert found["orders_per_1000"].value == pytest.approx(1000 / 3)  # the cancelled one and the foreign one are none
    assert found["orders_per_diner_week"].value == pytest.approx(1 / 3, rel=1e-3)
    assert found["fee_revenue_per_1000"].value == pytest.approx(1000 * 25 / 3)
    assert found["advertiser_return"].value == pytest.approx(60 / 25)
    assert found["explained_share"].measured == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["abandoned_share"].value == 0.0  # an order is a look, if a cancelled one
    assert found["exposure_ratio"].n == 2
    assert found["open_share"].value == 1.0
    assert found["return_rate_28d"].reason == "no list is 28 days old yet"
    assert found["rollbacks"].value == 0.0


@pytest.mark.parametrize(
    ("fidelity", "value"),
    [
        ({"pair": {"diners": 9, "margins": {"deletion": {"random": {"value": 0.4, "low": 0.3, "high": 0.5}}}}}, 0.4),
        ({"pair": None, "refused": "random does not say what its rows are made of"}, None),
        ({"pair": {"diners": 0, "cases": 0}}, None),
        (None, None),
    ],
)
def test_fidelity_is_read_from_the_model_card(
    week: Engine, fidelity: dict[str, Any] | None, value: float | None
) -> None:
    metrics = orjson.dumps({} if fidelity is None else {"fidelity": fidelity}).decode()
    version = {"version": "v1", "model": "lightfm", "path": "gone", "metrics": metrics, "created_at": NOON}
    keep(week, model_versions=[{"market": "aldermoor", **version}])

    found = lines(cards(week).fresh("aldermoor"))["fidelity"].now

    assert (found.value, found.n) == (value, 9 if value else 0)
    assert bool(found.reason) == (value is None)


def test_the_trend_is_against_the_days_before(week: Engine) -> None:
    EventLog(week).append([event("o3", type=EventType.ORDER, user_id="d1", request_id="q-old", at=NOON - 8 * DAY)])
    keep(week, served_lists=[served("q-old-2", "d1", NOON - 8 * DAY, "r1")])

    line = lines(cards(week).fresh("aldermoor"))["orders_per_1000"]

    assert line.trend.value == pytest.approx(1000 / 3 - 1000.0)
    assert line.course == "level", "three diners prove nothing"


def test_an_empty_market_has_reasons_and_no_numbers(engine: Engine) -> None:
    CatalogueStore(engine).load(BRAMBLE, restaurants("A", of="bramble"), diners("b1", of="bramble"))

    card = cards(engine).fresh("bramble", 28)

    for key, line in lines(card).items():
        assert line.now.value is not None or line.now.reason, key
    assert {key for key, line in lines(card).items() if line.now.value is not None} == {"rollbacks"}
    assert text_lines(card)
    with pytest.raises(UnknownMarket):
        cards(engine).of("nowhere")


def test_a_market_without_restaurants_or_diners_is_no_failure(engine: Engine) -> None:
    CatalogueStore(engine).load(BRAMBLE, restaurants(of="bramble"), diners(of="bramble"))
    keep(engine, served_lists=[served("q", "stranger", NOON - DAY, market="bramble")])

    assert lines(cards(engine).fresh("bramble"))["explained_share"].now.value is None


@pytest.mark.parametrize("seed", range(3))
def test_another_markets_events_change_nothing(week: Engine, seed: int) -> None:
    before = document(cards(week).fresh("aldermoor"))
    rng = np.random.default_rng(seed)
    CatalogueStore(week).load(BRAMBLE, restaurants("A", "B", of="bramble"), diners("d1", "d2", of="bramble"))
    moments = [NOON - float(rng.uniform(0.0, 14.0)) * DAY for _ in range(40)]
    users = [f"d{1 + int(rng.integers(2))}" for _ in moments]
    keep(
        week,
        served_lists=[
            served(f"b{number}", user, at, "r1", "r2", market="bramble")
            for number, (user, at) in enumerate(zip(users, moments, strict=True))
        ],
        settlements=[settlement(f"b{number}", at, market="bramble") for number, at in enumerate(moments)],
        serving_minutes=[answered(NOON - HOUR, market="bramble")],
        answer_times=[{"market": "bramble", "hour": hour_of(NOON), "bucket": 90, "answers": 7}],
    )
    kinds = (EventType.IMPRESSION, EventType.CLICK, EventType.ORDER)
    requests = ["q1", "b0", "b1"]
    EventLog(week).append(
        [
            event(
                f"b{number}",
                market="bramble",
                type=kinds[int(rng.integers(3))],
                user_id=user,
                request_id=requests[int(rng.integers(3))],
                at=at,
            )
            for number, (user, at) in enumerate(zip(users, moments, strict=True))
        ]
    )
    for at in moments[:5]:
        release(week, "bramble", at, "release.promote", "v9", {"v9": {"state": "champion"}})

    assert plain(document(cards(week).fresh("aldermoor"))) == plain(before)


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """Without what is measured on the clock."""
    for seat in body["seats"]:
        seat["numbers"] = [line for line in seat["numbers"] if line["key"] != "explaining_us"]
    return body


def hour_of(at: datetime) -> int:
    return int(at.timestamp() // 3600)


def answered(at: datetime, **changes: Any) -> dict[str, Any]:
    minute = {"market": "aldermoor", "minute": int(at.timestamp() // 60), "model_version": "v1", "trial": 0}
    return {**minute, "requests": 10, "errors": 0, "slow": 0, "cpu_micros": 20_000, "memory_mib": 2_000, **changes}


def test_counters_of_answers_by_hand(town: Engine) -> None:
    """Answers of 1 ms and one of 50 ms; an hour that is over and the one that began a week before count, no other."""
    begin = NOON.replace(minute=0, second=0, microsecond=0) - 7 * DAY
    quick, slow = bucket_of(0.001), bucket_of(0.050)
    keep(
        town,
        serving_minutes=[
            answered(NOON - HOUR),
            answered(NOON - HOUR, trial=1, requests=30, cpu_micros=20_000, memory_mib=6_000),
            answered(NOON - 2 * HOUR, requests=10, cpu_micros=10_000, memory_mib=2_000),
            answered(NOON - 3 * HOUR, requests=1_000, cpu_micros=0, memory_mib=0),  # counted before costs were
            answered(begin - timedelta(minutes=1), cpu_micros=9_000_000),
        ],
        answer_times=[
            {"market": "aldermoor", "hour": hour_of(NOON), "bucket": quick, "answers": 60},
            {"market": "aldermoor", "hour": hour_of(begin), "bucket": quick, "answers": 39},
            {"market": "aldermoor", "hour": hour_of(NOON), "bucket": slow, "answers": 1},
            {"market": "aldermoor", "hour": hour_of(begin) - 1, "bucket": slow, "answers": 500},
        ],
    )

    found = {key: line.now for key, line in lines(cards(town).fresh("aldermoor")).items()}

    assert found["cpu_ms_per_1000"].value == pytest.approx(1000 * 50 / 50)
    assert found["memory_mib"].value == pytest.approx(200.0)
    assert found["latency_p50_ms"].value == pytest.approx(1.0, rel=0.09)
    assert (found["latency_p99_ms"].n, found["latency_p99_ms"].high) == (100, pytest.approx(50.0, rel=0.09))


def release(engine: Engine, market: str, at: datetime, action: str, subject: str, after: dict[str, Any]) -> None:
    trail = AuditTrail(engine, StoppedClock(at))
    with writing(engine) as connection:
        body = {"before": {}, "after": after, "reason": ""}
        trail.record(connection, role="infra", action=action, market=market, subject=subject, document=body)


def test_change_failures_by_hand(town: Engine) -> None:
    """v1 is registered as champion, v2 is tried and fails, v3 is tried and stays, v4 only waits; v0 failed long ago."""
    at = NOON - DAY
    release(town, "aldermoor", NOON - 9 * DAY, "release.rollback", "v1", {"v0": {"state": "rolled-back"}})
    release(town, "aldermoor", at, "release.register", "v1", {"state": "champion", "reasons": []})
    release(town, "aldermoor", at, "release.canary", "v2", {"v2": {"state": "canary", "share": 0.1}})
    release(town, "aldermoor", at, "release.rollback", "v2", {"v2": {"state": "rolled-back"}})
    promoted = {"v1": {"state": "retired"}, "v3": {"state": "champion"}}
    release(town, "aldermoor", at, "release.promote", "v3", promoted)
    release(town, "aldermoor", at, "release.register", "v4", {"state": "challenger", "reasons": []})

    found = {key: line.now for key, line in lines(cards(town).fresh("aldermoor")).items()}

    assert found["change_failures"].value == pytest.approx(1 / 3)
    assert found["rollbacks"].value == 1.0


def test_budgets_are_what_could_have_been_spent(week: Engine) -> None:
    """c1 runs for the last two days at 2,000 a day; c2 has 30 in all and is spent by itself; c3 has not begun."""
    trail = AuditTrail(week, StoppedClock(NOON - 2 * DAY))
    store = CampaignStore(week, trail, StoppedClock(NOON - 2 * DAY))
    small = campaign(2, restaurant_id="r2", total_budget=30)
    for one in (campaign(1), small, campaign(3, restaurant_id="r3", starts_at=NOON + DAY)):
        store.put(one, None, "sales")

    found = lines(cards(week).fresh("aldermoor"))["budget_use"].now

    assert found.value == pytest.approx(25 / (2 * 2_000 + 30))
    assert found.n == 2


def test_a_demand_is_the_target_and_without_one_the_registry(week: Engine) -> None:
    body = {"limits": [{"measure": "orders_per_1000", "at_least": 400.0}, {"measure": "latency_p99_ms", "at_most": 50}]}
    row = {"market": "aldermoor", "seat": "product", "version": 1, "document": orjson.dumps(body).decode()}
    with writing(week) as connection:
        connection.execute(insert_into(week, demands), {**row, "updated_at": NOON})

    found = lines(cards(week).fresh("aldermoor"))

    orders = found["orders_per_1000"]
    assert orders.target is not None
    assert (orders.target.limit.at_least, orders.target.source, orders.verdict) == (400.0, "demand", "open")
    assert found["latency_p99_ms"].verdict == "unknown"
    assert found["fee_revenue_per_1000"].target is None
    assert any("at least 400: open" in line for line in text_lines(cards(week).fresh("aldermoor")))


def test_a_demand_on_another_seat_s_number_stands_among_one_s_own(week: Engine) -> None:
    body = {"limits": [{"measure": "fee_revenue_per_1000", "at_most": 1.0}]}
    row = {"market": "aldermoor", "seat": "product", "version": 1, "document": orjson.dumps(body).decode()}
    with writing(week) as connection:
        connection.execute(insert_into(week, demands), {**row, "updated_at": NOON})

    seats = {of.seat.name: of.lines for of in cards(week).fresh("aldermoor").seats}

    fees = seats["product"][-1]
    assert (fees.measure.key, fees.now.value) == ("fee_revenue_per_1000", pytest.approx(1000 * 25 / 3))
    assert fees.target is not None
    assert fees.target.limit.at_most == 1.0
    assert [line.target for line in seats["sales"] if line.measure.key == "fee_revenue_per_1000"] == [None]


def test_whoever_polls_gets_the_same_card_for_some_seconds(week: Engine) -> None:
    found = cards(week)

    assert found.of("aldermoor") is found.of("aldermoor")
    assert found.of("aldermoor", 14) is not found.of("aldermoor")


def test_nobody_waits_for_a_card_that_is_being_made(week: Engine) -> None:
    """The last one is answered while another is made; who has none is told to ask again, and gets it then."""
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Scorecards):
        def fresh(self, market: str, days: int = DEFAULT_DAYS) -> Scorecard:
            if days == 28:
                begun.set()
                assert go_on.wait(30)
            return super().fresh(market, days)

    found = Slow(week, StoppedClock(NOON), Settings().objectives)
    kept = found.of("aldermoor")
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(found.of, "aldermoor", 28)
        try:
            assert begun.wait(30)
            found._kept["aldermoor", DEFAULT_DAYS] = replace(found._kept["aldermoor", DEFAULT_DAYS], until=0.0)
            assert found.of("aldermoor") is kept
            for days in (14, 28):
                with pytest.raises(Busy, match=f"none of aldermoor over {days} days is kept yet: ask again"):
                    found.of("aldermoor", days)
        finally:
            go_on.set()
        made = making.result(30)
    assert found.of("aldermoor", 28) is made
    assert found.of("aldermoor", 14).days == 14
    with pytest.raises(UnknownMarket):
        found.of("nowhere")
    assert found.of("aldermoor") is not kept


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A synthetic city's log of 42 days."""
    path = tmp_path_factory.mktemp("scorecard") / "city"
    generate(path, restaurants=60, diners=80, days=42, markets=1, seed=3)
    return Dataset.open(path)


@pytest.fixture
def running(engine: Engine, log: Dataset) -> tuple[Engine, MarketInfo]:
    """The same log in the running system: its events, and a served list for each request of its impressions."""
    info = log.manifest.markets[0]
    CatalogueStore(engine).load(info, log.restaurants(info.market), log.diners(info.market))
    import_events(engine, log, info.market, lambda *_: None)
    shown = log.events(info.market, [EventType.IMPRESSION]).sort_values([col.REQUEST_ID, col.POSITION])
    rows = [
        served(
            request,
            group[col.USER_ID].iloc[0],
            group[col.AT].iloc[0].to_pydatetime(),
            *group[col.RESTAURANT_ID],
            market=info.market,
        )
        for request, group in shown.groupby(col.REQUEST_ID)
    ]
    keep(engine, served_lists=rows)
    return engine, info


BOTH_WAYS = (
    numbers.orders_per_1000,
    numbers.orders_per_diner_week,
    numbers.ndcg_live,
    numbers.exposure_ratio,
    numbers.exposure_ratio_districts,
    numbers.return_rate_28d,
    numbers.open_share,
)


def test_live_tables_and_a_dataset_of_the_same_log_give_equal_numbers(
    running: tuple[Engine, MarketInfo], log: Dataset
) -> None:
    engine, info = running
    end = log.events(info.market, columns=[col.AT])[col.AT].max().to_pydatetime()
    until = end.replace(minute=0, second=0, microsecond=0) - DAY
    looks = 0.8 ** np.arange(10)
    with reading(engine) as connection:
        live = read_window(connection, Span(info.market, until - 7 * DAY, until), examination=looks)
    simulated = window_of(log, info.market, until - 7 * DAY, until, SAMPLED_LISTS, looks)

    for number in BOTH_WAYS:
        here, there = number(live), number(simulated)
        assert here.value is not None, number.__name__
        assert rounded(here) == rounded(there), number.__name__
    for number in (numbers.fees_per_1000, numbers.change_failures, numbers.explained_share, numbers.abandoned_share):
        assert number(simulated).reason, number.__name__


def rounded(found: Estimate) -> tuple[Any, ...]:
    return (*(round(value, 9) for value in found.measured.values() if value is not None), found.n, found.of)


def test_every_measure_says_how_it_is_measured_live() -> None:
    assert all(measure.live for seat in SEATS for measure in (seat.number, *seat.others))


def test_the_card_of_a_dataset_has_the_numbers_of_its_last_days_and_of_those_before(log: Dataset) -> None:
    info = log.manifest.markets[0]
    card = card_of(log, info, 7)

    last = log.events(info.market, columns=[col.AT])[col.AT].max().to_pydatetime()
    assert card.until - HOUR <= last < card.until
    assert (card.market, card.currency, card.until - card.since) == (info.market, info.currency, 7 * DAY)
    now, before = (
        window_of(log, info.market, card.until - (weeks + 1) * 7 * DAY, card.until - weeks * 7 * DAY, SAMPLED_LISTS)
        for weeks in (0, 1)
    )
    found = {line.measure.key: line for of in card.seats for line in of.lines}
    for key, number in (("orders_per_1000", numbers.orders_per_1000), ("exposure_ratio", numbers.exposure_ratio)):
        assert found[key].now == number(now)
        assert found[key].trend.value == pytest.approx(number(now).value - number(before).value)
    assert found["open_share"].now.value is not None
    assert found["fee_revenue_per_1000"].now.reason
