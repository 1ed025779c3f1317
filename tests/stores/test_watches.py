"""What the worker watches, on both servers: the billing queue, the budgets, drift and calibration of what is served."""

import urllib.request
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from happenings import NOON, event
from records import ALDERMOOR, BRAMBLE, diners, restaurants
from selling_records import StoppedClock, keep
from sqlalchemy import Engine
from test_pacing_job import Town

from data.columns import EventType
from services.catalogue.store import CatalogueStore
from services.events.log import EventLog
from services.monitoring.calibration_watch import SETTLED_AFTER, live_calibration
from services.monitoring.drift_watch import live_drift
from services.monitoring.queue_watch import QueueState, queue_states
from services.monitoring.scorecard_watch import ScorecardWatch
from services.monitoring.worker_metrics import WorkerMetrics
from services.retraining.supervisor import Supervisor
from services.settings import Settings
from services.stakeholders.scorecard.store import Scorecards
from services.worker import Job, Worker, jobs

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACES = 5


@pytest.fixture
def city(engine: Engine) -> Engine:
    names = [f"Kitchen {n}" for n in range(20)]
    cuisines: dict[str, Any] = {"cuisines": [["thai"] if n % 2 else ["pizza"] for n in range(20)]}
    CatalogueStore(engine).load(ALDERMOOR, restaurants(*names, **cuisines), diners(*[f"d{n}" for n in range(1, 60)]))
    return engine


def serve(
    engine: Engine,
    rng: np.random.Generator,
    lists: int,
    since: datetime,
    span: timedelta,
    *,
    probability: float = 0.3,
    truth: float | None = None,
    version: str = "v1",
    rows: range = range(20),
) -> None:
    """Lists of five places, all viewed; an order of each comes with the probability `truth`."""
    served, happened = [], []
    for number in range(lists):
        request, at = f"q{since.timestamp():.0f}-{version}-{number}", since + span * (number / lists)
        user = f"d{1 + int(rng.integers(59))}"
        shown = [f"r{1 + row}" for row in rng.choice(rows, PLACES, replace=False)]
        terms = [rng.uniform(0.5, 1.5, PLACES) * probability, 0.0, 0.0, rng.normal(size=PLACES), 0.0]
        document = {
            "term_names": ["relevance", "recency", "calibration", "exploration", "payment"],
            "restaurant_ids": shown,
            "terms": [values.tolist() if isinstance(values, np.ndarray) else values for values in terms],
        }
        head = {"request_id": request, "market": "aldermoor", "user_id": user, "at": at, "model_version": version}
        policy = {"policy": "balanced", "policy_version": 1, "document": orjson.dumps(document)}
        served.append({**head, **policy})
        for place, chance in zip(shown, terms[0], strict=True):
            about = {"user_id": user, "restaurant_id": place, "request_id": request, "at": at}
            happened.append(event(f"i-{request}-{place}", type=EventType.IMPRESSION, **about))
            if rng.random() < (chance if truth is None else truth):
                happened.append(event(f"o-{request}-{place}", type=EventType.ORDER, value=1500.0, **about))
    keep(engine, served_lists=served)
    EventLog(engine).append(happened)


def test_the_queue_is_told_for_every_market(city: Engine) -> None:
    CatalogueStore(city).load(BRAMBLE, restaurants("B", of="bramble"), diners("b1", of="bramble"))
    clock = StoppedClock(NOON)
    EventLog(city, clock).append([event(1), event(2)])
    clock.at = NOON + timedelta(seconds=30)
    EventLog(city, clock).append([event(3)])

    assert queue_states(city, clock) == [QueueState("aldermoor", 3, 30.0), QueueState("bramble", 0, 0.0)]


def test_the_budgets_stand_where_the_campaigns_are(engine: Engine) -> None:
    town = Town(engine)
    town.advertise(1, daily_budget=1_000, total_budget=50_000)
    town.advertise(2, restaurant_id="r2", daily_budget=400, total_budget=50_000)
    town.advertise(3, restaurant_id="r3", daily_budget=700, total_budget=50_000, starts_at=NOON + DAY)
    town.charge(1, 300)
    town.charge(2, 400)

    found = town.job.spending()

    assert [(one.market, one.spent, one.left, one.campaigns_open) for one in found] == [("aldermoor", 700, 700, 1)]
    # Half a day, and what is known of a day without history: a part of 1,400, and the third campaign has no part in it.
    assert 1_400 * 0.2 < found[0].planned < 1_400 * 0.6
    town.clock.at += 11.9 * HOUR
    assert town.job.spending()[0].planned == pytest.approx(1_400, rel=0.01)


def test_scores_that_keep_their_promise_and_scores_that_do_not(city: Engine) -> None:
    rng = np.random.default_rng(1)
    clock = StoppedClock(NOON)
    serve(city, rng, 300, NOON - 20 * HOUR, 10 * HOUR, version="honest")
    serve(city, rng, 300, NOON - 9 * HOUR, 5 * HOUR, version="boastful", truth=0.15)
    serve(city, rng, 20, NOON - SETTLED_AFTER / 2, SETTLED_AFTER / 3, version="too-young")

    found = {one.model_version: one for one in live_calibration(city, clock)}

    assert set(found) == {"honest", "boastful"}
    assert abs(found["honest"].z) < 3
    assert found["honest"].viewed == 300 * PLACES
    assert found["boastful"].z < -5
    assert found["boastful"].observed / found["boastful"].predicted == pytest.approx(0.5, abs=0.1)


def test_nothing_served_is_nothing_found(city: Engine) -> None:
    clock = StoppedClock(NOON)

    assert live_calibration(city, clock) == []
    assert live_drift(city, clock, 7) == {}


def test_drift_is_seen_in_what_is_shown_in_the_scores_and_in_what_comes_of_them(city: Engine) -> None:
    rng = np.random.default_rng(2)
    clock = StoppedClock(NOON)
    serve(city, rng, 400, NOON - 21 * DAY, 14 * DAY)
    serve(city, rng, 200, NOON - 7 * DAY, 7 * DAY - HOUR)
    assert live_drift(city, clock, 7)["aldermoor"].drifted == ()

    clock.at += 7 * DAY
    serve(city, rng, 200, NOON + HOUR, 7 * DAY - 2 * HOUR, probability=0.15, rows=range(0, 20, 2), version="v2")
    report = live_drift(city, clock, 7)["aldermoor"]

    assert {one.name for one in report.drifted} >= {"cuisine_shown", "probability", "order_rate"}
    assert "price_shown" in report.skipped, "all have one price"


def test_what_is_watched_can_be_scraped(city: Engine) -> None:
    rng = np.random.default_rng(3)
    serve(city, rng, 60, NOON - 21 * DAY, 13 * DAY)
    serve(city, rng, 60, NOON - 7 * DAY, 7 * DAY - HOUR)
    EventLog(city, StoppedClock(NOON)).append([event(1)])
    metrics, settings = WorkerMetrics(), Settings(drift_days=7)
    clock = StoppedClock(NOON)
    for job in jobs(city, clock, settings, Supervisor(city, clock, settings), metrics):
        if job.name.endswith("-watch"):
            job.run()

    port = metrics.serve("127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()

    assert 'tablestakes_billing_queue_events{market="aldermoor"} ' in text
    assert 'tablestakes_drifted{column="probability",market="aldermoor",part="score"} 0.0' in text
    assert 'tablestakes_calibration_predicted_orders{market="aldermoor",model_version="v1"}' in text


def test_rounds_of_jobs_are_counted_with_their_faults() -> None:
    metrics = WorkerMetrics()

    def ill() -> None:
        raise ValueError("a fault")

    worker = Worker([Job("well", 1.0, lambda: None), Job("ill", 1.0, ill)], metrics=metrics)
    for job in (Job("well", 1.0, lambda: None), Job("ill", 1.0, ill)):
        worker._round(job)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"tablestakes_worker_{name}", labels)

    assert value("rounds_total", job_name="well", outcome="done") == 1.0
    assert value("rounds_total", job_name="ill", outcome="failed") == 1.0
    assert value("last_done_timestamp_seconds", job_name="ill") is None
    assert value("last_done_timestamp_seconds", job_name="well")
    assert value("round_seconds_count", job_name="ill") == 1.0


def test_versions_and_columns_that_are_gone_are_forgotten(city: Engine) -> None:
    metrics, clock = WorkerMetrics(), StoppedClock(NOON)
    serve(city, np.random.default_rng(4), 30, NOON - 5 * HOUR, HOUR)
    metrics.calibration(live_calibration(city, clock))
    labels = {"market": "aldermoor", "model_version": "v1"}
    assert metrics.registry.get_sample_value("tablestakes_calibration_observed_orders", labels) is not None

    clock.at += 2 * DAY
    metrics.calibration(live_calibration(city, clock))

    assert metrics.registry.get_sample_value("tablestakes_calibration_observed_orders", labels) is None


def test_the_seats_numbers_are_shown_and_those_that_nobody_can_tell_are_not(city: Engine) -> None:
    metrics, clock = WorkerMetrics(), StoppedClock(NOON)
    serve(city, np.random.default_rng(5), 60, NOON - 5 * HOUR, HOUR)
    (card,) = ScorecardWatch(city, Scorecards(city, clock, Settings().objectives)).round()

    metrics.scorecards([card])

    lines = {(seat.seat.name, line.measure.key): line.now for seat in card.seats for line in seat.lines}
    assert {None} < {line.value for line in lines.values()}
    for (seat, measure), now in lines.items():
        labels = {"market": "aldermoor", "seat": seat, "measure": measure}
        for end, value in (("", now.value), ("_low", now.low), ("_high", now.high)):
            assert metrics.registry.get_sample_value(f"tablestakes_seat_measure{end}", labels) == value


def test_scorecards_are_made_one_market_a_round_and_in_turn(city: Engine) -> None:
    CatalogueStore(city).load(BRAMBLE, restaurants("Bar", of="bramble"), diners(of="bramble"))
    clock = StoppedClock(NOON)
    watch = ScorecardWatch(city, Scorecards(city, clock, Settings().objectives))

    told = []
    for _ in range(4):
        told.append({card.market: card.until - NOON for card in watch.round()})
        clock.at += HOUR

    first, second = sorted(told[1], key=lambda market: told[1][market])
    assert told == [
        {first: 0 * HOUR},
        {first: 0 * HOUR, second: 1 * HOUR},
        {first: 2 * HOUR, second: 1 * HOUR},
        {first: 2 * HOUR, second: 3 * HOUR},
    ]
