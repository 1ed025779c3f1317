"""Each number from a few rows, worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fairness.measures import MERIT_FLOOR
from services.stakeholders.scorecard import numbers
from services.stakeholders.scorecard.reading import explained_exactly
from services.stakeholders.scorecard.window import Answers, Changes, Money, Window
from services.stakeholders.seats import SEATS, measures, negotiable

NOON = datetime(2026, 1, 9, 12, tzinfo=UTC)
PLACE = {"sold": False, "viewed": 1.0, "ordered": False, "probability": 0.5, "exact": 1.0}


def places(*rows: dict[str, Any]) -> pd.DataFrame:
    frame = pd.DataFrame([{**PLACE, **row} for row in rows])
    if "organic_rank" not in frame:
        frame["organic_rank"] = np.nan
    return frame.assign(organic_rank=frame["organic_rank"].fillna(frame["position"]).astype(np.int64))


def place(number: int, user: str, restaurant: str, position: int, **changes: Any) -> dict[str, Any]:
    return {"list": number, "user_id": user, "restaurant_id": restaurant, "position": position, **changes}


def window(**changes: Any) -> Window:
    """A week of two diners and two restaurants, one of a chain: a at the top, b below it, in two lists each."""
    diners = pd.DataFrame({"lists": [2.0, 2.0], "orders": 0.0, "fees": 0.0, "sold_worth": 0.0}, index=["d1", "d2"])
    rows = [
        place(number, f"d{1 + number // 2}", restaurant, position)
        for number in range(4)
        for position, restaurant in ((1, "a"), (2, "b"))
    ]
    fields: dict[str, Any] = {
        "market": "aldermoor",
        "since": NOON - timedelta(days=7),
        "until": NOON,
        "began": NOON - timedelta(days=30),
        "diners": diners,
        "known_diners": 4,
        "places": places(*rows),
        "restaurants": pd.DataFrame(
            {
                "restaurant_id": ["a", "b"],
                "chain": [None, "Big"],
                "district": ["north", "south"],
                "opened_at": [None, None],
            },
            dtype=object,
        ),
        "returned": np.asarray([True, False, True, True]),
        "examination": np.asarray([1.0, 0.5]),
    }
    return Window(**{**fields, **changes})


def ordering(*where: tuple[int, str], base: Window | None = None) -> Window:
    """The week with orders in these lists at these restaurants."""
    base = base or window()
    keys = zip(base.places["list"], base.places["restaurant_id"], strict=True)
    return replace(base, places=base.places.assign(ordered=[key in where for key in keys]))


def test_ndcg_of_live_orders_by_hand() -> None:
    """One at the top weighs 1 and gains 1; one below weighs 1 / 0.5 and gains 1 / log2 3."""
    found = numbers.ndcg_live(ordering((0, "a"), (2, "b")))

    assert found.value == pytest.approx((1.0 + 2.0 / np.log2(3)) / 3.0)
    assert (found.n, found.of) == (2, "diners who ordered")


def test_an_order_that_an_ad_brought_speaks_for_the_rank_without_it() -> None:
    sold = window(
        places=places(
            place(0, "d1", "a", 1, ordered=True), place(1, "d2", "b", 1, organic_rank=12, sold=True, ordered=True)
        )
    )

    assert numbers.ndcg_live(sold).value == 0.5


def test_calibration_error_by_hand() -> None:
    """Eight places at 0.5 promise four orders; three came, all seen."""
    found = numbers.calibration_error(ordering((0, "a"), (1, "a"), (2, "b")))

    assert found.value == pytest.approx(0.25)
    assert found.low == 0.0


def test_exposure_per_merit_by_hand() -> None:
    """a: four looks for three orders; b: two looks (4 x 0.5) for one order from half a look, which is worth two."""
    found = numbers.exposure_ratio(ordering((0, "a"), (1, "a"), (2, "a"), (3, "b")))

    assert found.value == pytest.approx((2 / 2) / (4 / 3))
    assert found.low <= 0.75 <= found.high


def test_sold_places_are_in_a_ledger_of_their_own() -> None:
    """The top of the first list was: a has three looks that it did not pay for, b its two."""
    week = ordering((0, "a"), (2, "a"), (3, "b"))
    top = (week.places["list"] == 0) & (week.places["position"] == 1)
    sold = replace(week, places=week.places.assign(sold=top))

    assert numbers.exposure_ratio(sold).value == pytest.approx((2 / 2) / (3 / 2))
    assert numbers.exposure_ratio_paid(sold).value == 0.0
    assert numbers.exposure_ratio_paid(week).reason == "nothing was sold"


def test_a_group_that_nobody_has_ordered_from_has_the_floor_for_merit() -> None:
    found = numbers.exposure_ratio(ordering((0, "a"), (2, "a")))

    floor = MERIT_FLOOR * 2.0 / 2
    assert found.value == pytest.approx((4.0 / 2.0) / (2.0 / floor))


def test_a_restaurant_that_has_just_opened_is_a_newcomer() -> None:
    week = ordering((0, "a"), (1, "a"), (2, "a"), (3, "b"))
    both = week.restaurants.assign(chain=None)
    for days, groups in ((27, 2), (29, 1)):
        opened = both.assign(opened_at=[None, week.until - timedelta(days=days)])
        found = numbers.exposure_ratio(replace(week, restaurants=opened))
        assert (found.value is not None) is (groups == 2), days


def test_one_group_and_small_districts_are_no_comparison() -> None:
    alone = window(restaurants=window().restaurants.assign(chain=None))

    assert numbers.exposure_ratio(alone).reason == "there is one group of restaurants only"
    assert numbers.exposure_ratio_districts(window()).value is None


def test_orders_and_fees_by_hand() -> None:
    week = window(
        diners=pd.DataFrame(
            {"lists": [2.0, 1.0], "orders": [1.0, 0.0], "fees": [20.0, 10.0], "sold_worth": [90.0, 0.0]},
            index=["d1", "d2"],
        ),
        money=Money(30.0, 120.0, 3, off=None),
    )

    assert numbers.orders_per_1000(week).value == pytest.approx(1000 / 3)
    assert numbers.orders_per_diner_week(week).value == pytest.approx(1 / 4)  # two of the four stayed away
    assert numbers.fees_per_1000(week).value == pytest.approx(10_000.0)
    assert numbers.fees_per_diner_week(week).value == pytest.approx(30 / 4)
    assert numbers.advertiser_return(week).value == pytest.approx(3.0)
    nothing = replace(week, diners=week.diners.assign(sold_worth=0.0))
    assert numbers.advertiser_return(nothing).value == 0.0
    unsaid = replace(week, diners=week.diners.assign(sold_worth=[np.nan, 0.0]))
    assert numbers.advertiser_return(unsaid).reason == "no order at a sold place says what it was worth"
    assert numbers.budget_use(week).measured == {"value": 0.25, "low": 0.25, "high": 0.25}


def test_why_nothing_is_sold_stands_beside_the_nothing() -> None:
    week = window(money=Money(0.0, 0.0, 0, off="lambda is 0"))

    assert numbers.fees_per_1000(week).value == 0.0
    assert numbers.fees_per_1000(week).reason == "money is off: lambda is 0"
    assert numbers.advertiser_return(week).reason == "lambda is 0"


def test_lists_of_which_nothing_was_viewed_are_left() -> None:
    week = window()
    viewed = week.places["viewed"].where(week.places["list"] != 3, 0.0)

    assert numbers.abandoned_share(replace(week, places=week.places.assign(viewed=viewed))).value == 0.25
    untold = replace(week, places=week.places.assign(viewed=np.nan))
    assert numbers.abandoned_share(untold).reason == "no client has said what was viewed"


def test_what_answers_cost_by_hand() -> None:
    costs = pd.DataFrame({"minute": [1, 2], "requests": [10.0, 30.0], "cpu_ms": [20.0, 20.0], "memory_mib": [1e3, 3e3]})
    answers = Answers(40, 0, 0, costs, np.asarray([80]), np.asarray([40]), 0.8)
    week = window(answers=answers)

    assert numbers.cpu_ms_per_1000(week).value == pytest.approx(1000.0)
    assert numbers.memory_mib(week).value == pytest.approx(100.0)
    assert numbers.error_budget_left(week).value == 0.8
    assert 1.024 <= numbers.latency_p99_ms(week).value <= 1.117  # bucket 80: 2 ** 10 µs and 9 % more
    single = replace(week, answers=replace(answers, costs=costs[:1]))
    assert (numbers.cpu_ms_per_1000(single).value, numbers.cpu_ms_per_1000(single).reason) == (2000.0, "no interval")


def test_releases_by_hand() -> None:
    week = window(changes=Changes(tried=4, failed=1, rollbacks=2))

    assert numbers.change_failures(week).value == 0.25
    assert numbers.rollbacks(week).value == 2.0
    assert numbers.return_rate_28d(week).value == 0.75


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [1.0, 1.0]),
        ({"terms": [[0.5, 0.2], 0.0, [0.0, 0.1], 0.0]}, [1.0, 1.0]),
        ({"exact_parts": False}, [0.0, 0.0]),
        ({"exact_parts": None}, [float("nan"), float("nan")]),
        ({"terms": [[0.2, 0.5], 0.0, 0.0, 0.0]}, [0.0, 0.0]),
        ({"terms": [[float("nan"), 0.2], 0.0, 0.0, 0.0]}, [0.0, 0.0]),
        ({"terms": [[0.2, 0.5], 0.0, 0.0, [0.9, 0.0]], "ads": {"organic_ranks": [2, 1]}}, [1.0, 1.0]),
    ],
    ids=["by its terms", "moved by trees", "with a rest", "of old", "not in their order", "not a number", "sold"],
)
def test_an_item_is_explained_where_its_terms_give_its_place(change: dict[str, Any], expected: list[float]) -> None:
    served = {
        "term_names": ["relevance", "recency", "second_stage", "payment"],
        "restaurant_ids": ["a", "b"],
        "terms": [[0.5, 0.2], 0.0, 0.0, 0.0],
        "exact_parts": True,
        **change,
    }
    if served["exact_parts"] is None:
        del served["exact_parts"]

    np.testing.assert_array_equal(explained_exactly(served), expected)


@settings(max_examples=30)
@given(st.randoms(use_true_random=False), st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), min_size=1))
def test_the_order_of_rows_says_nothing(random: Any, orders: list[tuple[int, str]]) -> None:
    week = ordering(*orders)
    shuffled = list(range(len(week.places)))
    random.shuffle(shuffled)
    other = replace(week, places=week.places.iloc[shuffled], diners=week.diners.iloc[::-1])

    for number in (numbers.ndcg_live, numbers.calibration_error, numbers.explained_share, numbers.orders_per_1000):
        assert number(other).value == pytest.approx(number(week).value)
    assert numbers.exposure_ratio(other).value == pytest.approx(numbers.exposure_ratio(week).value)


@given(st.floats(0.05, 1.0), st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), min_size=1))
def test_exposure_per_merit_does_not_hang_on_the_unit_of_a_look(unit: float, orders: list[tuple[int, str]]) -> None:
    week = ordering(*orders)
    scaled = replace(week, examination=unit * np.asarray([1.0, 0.5]))

    assert numbers.exposure_ratio(scaled).value == pytest.approx(numbers.exposure_ratio(week).value)


def test_fidelity_is_that_of_the_model_card() -> None:
    found = numbers.fidelity(window(fidelity={"value": 0.4, "low": 0.3, "high": 0.5, "n": 200}))
    assert (found.measured, found.n, found.of) == ({"value": 0.4, "low": 0.3, "high": 0.5}, 200, "held-out diners")
    assert "does not say how faithful" in str(numbers.fidelity(window()).reason)


def test_fidelity_is_no_part_of_what_is_negotiated() -> None:
    seat = next(seat for seat in SEATS if seat.name == "interpretability")
    assert seat.number.key == "explained_share"
    assert "fidelity" in measures()
    assert "fidelity" not in negotiable()
