"""The advertiser's report over hand-made books whose sums are known, on both servers."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from happenings import event
from hypothesis import given
from records import ALDERMOOR
from selling_records import StoppedClock, campaign, keep, place, settlement
from sqlalchemy import Engine

from data.columns import EventType
from services.ads.campaign import MICRO
from services.ads.campaigns import StoredCampaign
from services.ads.local_days import EPOCH, LocalDays, binned, moment
from services.ads.report import AdReports, CampaignReport, PeriodError, report_csv
from services.ads.traffic import PRIOR
from services.events.log import EventLog

IMPRESSION, CLICK, ORDER, CANCELLED = (
    EventType.IMPRESSION,
    EventType.CLICK,
    EventType.ORDER,
    EventType.ORDER_CANCELLED,
)
LONDON = ALDERMOOR.time_zone
DAY_1, DAY_2 = date(2026, 7, 6), date(2026, 7, 7)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A local time of July 2026, when London is an hour before UTC."""
    return datetime(2026, 7, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


NOW = at(7, 18, 30)


def report_of(engine: Engine, first: date = DAY_1, last: date = DAY_2, **terms: Any) -> CampaignReport:
    stored = StoredCampaign(campaign(1, **terms), 1, NOW, NOW, None)
    return AdReports(engine, StoppedClock(NOW)).report(stored, ALDERMOOR, first, last)


def counts(report: CampaignReport) -> list[tuple[int, ...]]:
    """impressions, viewed, clicks, orders, by day."""
    return [(day.impressions, day.viewed, day.clicks, day.orders) for day in report.days]


def test_a_campaign_without_a_past_has_an_empty_report(engine: Engine) -> None:
    report = report_of(engine)

    assert counts(report) == [(0, 0, 0, 0)] * 2
    assert report.totals.return_on_spend is None
    assert report.pacing is None
    assert report.remaining.total.micro_units == 50_000 * MICRO
    assert report.remaining.today.micro_units == 2_000 * MICRO
    assert len(report.pace) == 24


def test_counts_follow_the_local_day(engine: Engine) -> None:
    times = [at(6, 0), at(6, 23, 59), at(7, 0), at(5, 23, 59), at(8, 0)]
    keep(engine, ad_impressions=[place(f"q{n}", time) for n, time in enumerate(times)])

    report = report_of(engine)

    assert [day.day for day in report.days] == [DAY_1, DAY_2]
    assert counts(report) == [(2, 0, 0, 0), (1, 0, 0, 0)]
    assert report.totals.impressions == 3


def test_a_place_is_viewed_once_and_by_its_own_diner_only(engine: Engine) -> None:
    keep(engine, ad_impressions=[place(f"q{n}", at(6, 12)) for n in range(5)])
    seen = {"type": IMPRESSION, "at": at(6, 13)}
    EventLog(engine).append(
        [
            event(1, request_id="q0", **seen),
            event(2, request_id="q0", **seen),
            event(3, request_id="q1", user_id="d2", **seen),
            event(4, request_id="q2", restaurant_id="r2", **seen),
            event(5, request_id="q3", market="bramble", **seen),
            event(6, **seen),
            event(7, request_id="q4", type=CLICK, at=at(6, 13)),
        ]
    )

    assert counts(report_of(engine))[0] == (5, 1, 1, 0)


def test_clicks_and_orders_belong_to_the_places_before_them(engine: Engine) -> None:
    keep(engine, ad_impressions=[place("q1", at(6, 12)), place("q0", at(1, 12), user_id="d7")])
    EventLog(engine).append(
        [
            event("named", request_id="q1", at=at(6, 12, 1)),
            event("later", at=at(7, 9)),
            event("elsewhere", request_id="q99", at=at(6, 12, 1)),
            event("before", at=at(6, 11, 59)),
            event("too-late", at=at(6, 12) + timedelta(days=7, microseconds=1)),
            event("stranger", user_id="d2", at=at(6, 12, 1)),
            event("order", type=ORDER, order_id="o1", value=1_500.0, at=at(7, 19)),
            event("unpriced", type=ORDER, order_id="o2", at=at(6, 19)),
            event("other-list", type=ORDER, order_id="o3", request_id="q99", value=500.5, at=at(6, 20)),
            event("gone", type=ORDER, order_id="o4", value=9_000.0, at=at(6, 20)),
            event("cancel", type=CANCELLED, order_id="o4", at=at(6, 21)),
            event("others-cancel", type=CANCELLED, order_id="o1", user_id="d2", at=at(7, 20)),
            event("from-before", type=ORDER, order_id="o5", value=100.0, user_id="d7", at=at(7, 8)),
        ]
    )

    report = report_of(engine)

    assert counts(report) == [(1, 0, 1, 2), (0, 0, 1, 2)]
    assert [day.revenue for day in report.days] == [500.5, 1_600.0]


def test_an_order_belongs_to_one_of_two_campaigns(engine: Engine) -> None:
    """The restaurant's campaign c2 followed c1: the later place has the order, unless the order names a list."""
    keep(
        engine,
        ad_impressions=[
            *(place(f"a{n}", at(6, 9), user_id=f"d{n}") for n in range(3)),
            *(place(f"b{n}", at(6, 18), user_id=f"d{n}", campaign_id="c2") for n in range(3)),
        ],
    )
    ordered = {"type": ORDER, "value": 1_000.0}
    EventLog(engine).append(
        [
            event(0, user_id="d0", order_id="o0", at=at(6, 20), **ordered),
            event(1, user_id="d1", order_id="o1", at=at(6, 20), request_id="a1", **ordered),
            event(2, user_id="d2", order_id="o2", at=at(6, 12), **ordered),
            event(3, user_id="d2", order_id="o3", at=at(6, 20), request_id="b2", **ordered),
        ]
    )

    first, second = report_of(engine), report_of(engine, campaign_id="c2")

    assert (first.totals.orders, second.totals.orders) == (2, 2)
    assert first.totals.revenue + second.totals.revenue == 4_000.0


def test_money_comes_from_the_settlements(engine: Engine) -> None:
    large = 9_007_199_254_740_993  # no float64
    keep(
        engine,
        ad_impressions=[place("q1", at(6, 12))],
        settlements=[
            settlement("e1", at(6, 12), amount=large),
            settlement("e2", at(7, 12), amount=7),
            settlement("e3", at(7, 13), outcome="refunded", type="order_cancelled", amount=-5),
            settlement("e4", at(7, 12), outcome="free", amount=0),
            settlement("e5", at(7, 12), outcome="already-charged", amount=0),
            settlement("e6", at(7, 12), outcome="not-sponsored", amount=0, campaign_id=None),
            settlement("e7", at(7, 12), campaign_id="c2", amount=1_000),
            settlement("e8", at(7, 12), market="bramble", amount=1_000),
            settlement("e9", at(8, 0), amount=1_000),
        ],
    )
    EventLog(engine).append([event(1, type=ORDER, order_id="o", value=18_014_398_509.0, at=at(6, 13))])

    report = report_of(engine)

    assert [day.spend.micro_units for day in report.days] == [large, 7]
    assert [day.refunds.micro_units for day in report.days] == [0, 5]
    assert report.totals.spend.micro_units == large + 7
    assert (report.totals.billed, report.days[1].billed) == (2, 1)
    assert report.days[1].spend.minor_units == 0.000007
    assert report.totals.return_on_spend == pytest.approx(2.0, rel=1e-6)
    assert report.days[1].return_on_spend == 0.0


def test_the_return_is_on_what_was_kept_of_the_charges(engine: Engine) -> None:
    back = {"outcome": "refunded", "type": "order_cancelled"}
    keep(
        engine,
        ad_impressions=[place("q1", at(6, 12)), place("q2", at(7, 12), user_id="d2")],
        settlements=[
            settlement("e1", at(6, 12), amount=100 * MICRO),
            settlement("e2", at(6, 13), amount=-60 * MICRO, **back),
            settlement("e3", at(7, 12), amount=50 * MICRO),
            settlement("e4", at(7, 13), amount=-50 * MICRO, **back),
        ],
    )
    EventLog(engine).append(
        [
            event(1, type=ORDER, order_id="o1", value=800.0, at=at(6, 13)),
            event(2, type=ORDER, order_id="o2", user_id="d2", value=80.0, at=at(7, 13)),
        ]
    )

    report = report_of(engine)

    assert [day.return_on_spend for day in report.days] == [20.0, None]
    assert report.totals.return_on_spend == 22.0


def test_what_was_lost_is_counted_by_reason(engine: Engine) -> None:
    hour = int(at(6, 23).timestamp()) // 3600
    numbers = {"auctions": 100, "shown": 40, "lost_to_budget": 30, "lost_to_floor": 20, "lost_to_price": 10}
    own = {"market": "aldermoor", "campaign_id": "c1"}
    keep(
        engine,
        campaign_hours=[
            {**own, "hour": hour, **numbers},
            {**own, "hour": hour + 1, **numbers, "lost_to_price": 1},
            {**own, "hour": hour + 25, **numbers},
            {**own, "campaign_id": "c2", "hour": hour, **numbers},
        ],
    )

    report = report_of(engine)

    shown = [(day.auctions, day.lost_to_budget, day.lost_to_floor, day.lost_to_price) for day in report.days]
    assert shown == [(100, 30, 20, 10), (100, 30, 20, 1)]
    assert report.totals.auctions == 200


def test_remaining_budgets_and_the_pacing_are_those_of_now(engine: Engine) -> None:
    key = {"market": "aldermoor", "campaign_id": "c1"}
    keep(
        engine,
        campaign_accounts=[{**key, "spent": 49_000 * MICRO}],
        campaign_days=[
            {**key, "day": (DAY_1 - EPOCH).days, "spent": 48_800 * MICRO},
            {**key, "day": (DAY_2 - EPOCH).days, "spent": 200 * MICRO},
        ],
        pacing=[{**key, "multiplier": 0.5, "is_open": True, "spent_seen": 5, "updated_at": NOW}],
    )

    report = report_of(engine)
    spent_up = report_of(engine, total_budget=10)

    assert report.remaining.total.minor_units == 1_000.0
    assert report.remaining.today.minor_units == 1_000.0  # the total leaves less than the day's 1,800
    assert report_of(engine, total_budget=10**6).remaining.today.minor_units == 1_800.0
    assert (spent_up.remaining.total.micro_units, spent_up.remaining.today.micro_units) == (0, 0)
    assert report.pacing is not None
    assert (report.pacing.multiplier, report.pacing.is_open, report.pacing.updated_at) == (0.5, True, NOW)
    assert report.pace[-1].plan.minor_units == 1_200.0  # of the total 48,800 were gone when the day began


def test_the_pacing_curve_follows_the_traffic(engine: Engine) -> None:
    hours = {6: 1, 12: 3, 18: 4}
    week_before = [int(at(day, hour).timestamp()) // 3600 for day in (1, 4) for hour in hours]
    keep(
        engine,
        market_hours=[
            *(
                {"market": "aldermoor", "hour": hour, "requests": requests * 10**8}
                for hour, requests in zip(week_before, [*hours.values()] * 2, strict=True)
            ),
            {"market": "aldermoor", "hour": int(at(7, 3).timestamp()) // 3600, "requests": 10**9},  # the day itself
            {"market": "bramble", "hour": week_before[0], "requests": 10**9},
        ],
        settlements=[
            settlement("e1", at(7, 6, 10), amount=300 * MICRO),
            settlement("e2", at(7, 12, 59), amount=100 * MICRO),
            settlement("e3", at(7, 13), outcome="refunded", amount=-50 * MICRO),
            settlement("e4", at(6, 13), amount=999 * MICRO),
        ],
    )

    report = report_of(engine)

    plan = [point.plan.minor_units for point in report.pace]
    spent = [None if point.spent is None else point.spent.minor_units for point in report.pace]
    assert [point.hour for point in report.pace] == list(range(24))
    assert plan == pytest.approx([0.0] * 6 + [250.0] * 6 + [1_000.0] * 6 + [2_000.0] * 6, abs=0.01)
    assert plan[-1] == 2_000.0
    assert spent == [0.0] * 6 + [300.0] * 6 + [400.0] + [350.0] * 6 + [None] * 5
    assert report.pace[0].starts_at == at(7, 0)


def test_without_counted_requests_the_plan_is_that_of_no_history(engine: Engine) -> None:
    plan = [point.plan.minor_units for point in report_of(engine).pace]

    assert plan == pytest.approx((2_000 * np.cumsum(PRIOR) / PRIOR.sum()).tolist(), abs=0.001)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_on_which_the_clock_changes_are_whole(engine: Engine, day: date, hours: int) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=LocalDays.of(day, day, LONDON).zone)
    first, last = midnight.astimezone(UTC), midnight.astimezone(UTC) + timedelta(hours=hours, microseconds=-1)
    keep(
        engine,
        ad_impressions=[
            place(f"q{n}", time)
            for n, time in enumerate([first - timedelta(microseconds=1), first, last, last + timedelta(microseconds=1)])
        ],
    )

    report = report_of(engine, day, day)

    assert report.totals.impressions == 2
    assert (report.pace[0].starts_at, report.pace[23].starts_at) == (first, first + timedelta(hours=hours - 1))


@pytest.mark.parametrize("payer", ["=1+1", "+49", "-2", "@SUM(A1)", "\tx", "＝1", 'a "b", c'])
def test_a_spreadsheet_runs_nothing(engine: Engine, payer: str) -> None:
    keep(engine, settlements=[settlement("e1", at(6, 12), amount=1_234_567)])

    rows = list(csv.DictReader(io.StringIO(report_csv(report_of(engine, payer=payer, campaign_id="c1")))))

    assert [row["day"] for row in rows] == ["2026-07-06", "2026-07-07"]
    assert [row["spend"] for row in rows] == ["1.234567", "0"]
    assert rows[0]["payer"] == (payer if payer.startswith("a") else f"'{payer}")
    assert rows[0]["currency"] == "GBP"
    assert rows[1]["return_on_spend"] == ""


def test_a_period_is_named_by_local_days(engine: Engine) -> None:
    late = datetime(2026, 7, 7, 23, 30, tzinfo=UTC)  # in London it is tomorrow already
    reports, stored = AdReports(engine, StoppedClock(late)), StoredCampaign(campaign(1), 1, NOW, NOW, None)

    def period(first: date | None, last: date | None) -> tuple[date, date]:
        report = reports.report(stored, ALDERMOOR, first, last)
        assert [report.first_day, report.last_day] == [report.days[0].day, report.days[-1].day]
        return report.first_day, report.last_day

    today = date(2026, 7, 8)
    assert period(None, None) == (date(2026, 6, 11), today)
    assert period(DAY_1, None) == (DAY_1, today)
    assert period(None, DAY_1)[1] == DAY_1
    assert period(date(2027, 1, 1), None) == (date(2027, 1, 1), date(2027, 1, 1))
    assert period(date(2025, 7, 7), DAY_1) == (date(2025, 7, 7), DAY_1)
    too_long = (date(2025, 7, 6), DAY_2)
    for first, last in [(DAY_2, DAY_1), too_long, (date(1, 1, 1), None), (None, date(9999, 12, 31))]:
        with pytest.raises(PeriodError):
            period(first, last)


ZONES = ["UTC", "Europe/London", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"]
SECONDS = st.integers(1_000_000_000, 1_900_000_000)


@given(st.sampled_from(ZONES), SECONDS, st.lists(st.tuples(SECONDS, st.integers(0, 2**50)), max_size=20))
def test_sums_by_local_day_are_those_of_the_calendar(zone: str, start: int, rows: list[tuple[int, int]]) -> None:
    """Against each time's own local date; quarters are exact for every time zone."""
    begin = datetime.fromtimestamp(start, UTC).date()
    days = LocalDays.of(begin, begin + timedelta(days=300), zone)
    near = [(start + at % (200 * 86_400), value) for at, value in rows]
    quarters = np.asarray([at // 900 * 900 * 1_000_000 for at, _ in near], np.int64)
    values = np.asarray([[value] for _, value in near], np.int64).reshape(-1, 1)

    sums = binned(quarters, values, days.edges)[:, 0]

    expected: dict[date, int] = dict.fromkeys(days.dates(), 0)
    for at, value in near:
        local = datetime.fromtimestamp(at, days.zone).date()
        if local in expected:
            expected[local] += value
    assert sums.tolist() == list(expected.values())
    assert moment(int(days.edges[0])).astimezone(days.zone).date() == begin
