"""Diners who walk in behave as those of the log: with its habits, as often as there, and with amounts."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from data import columns as col
from data.city import choice
from data.columns import EventType
from data.dataset import Dataset
from services.simulation.walk_in import Crowd
from tests.conftest import SmallCity


class Listing:
    """Stands for the API: answers with the same restaurants, and keeps what it is told."""

    def __init__(self, shown: list[str]) -> None:
        self.shown = shown
        self.asked: list[str] = []
        self.told: list[dict[str, Any]] = []

    def call(self, method: str, path: str, body: Any = None) -> Any:
        if method == "POST":
            self.told += body
            return {}
        self.asked.append(path.split("user_id=")[1].split("&")[0])
        items = [{"restaurant_id": name} for name in self.shown]
        return {"items": items, "request_id": "q", "as_of": "2026-11-27T19:00:00+00:00", "degraded": False}


@pytest.fixture(scope="module")
def log(small_city: SmallCity) -> Dataset:
    return Dataset.open(small_city.dataset)


def orders_of(crowd: Crowd, shown: list[str], visits: int) -> Listing:
    api = Listing(shown)
    for _, _ in zip(range(visits), crowd.visits(api), strict=False):  # type: ignore[arg-type]
        pass
    return api


def test_an_order_has_the_amount_that_is_usual_there(log: Dataset, small_city: SmallCity) -> None:
    orders = log.events(small_city.market, [EventType.ORDER])
    usual = orders.groupby(col.RESTAURANT_ID)[col.VALUE].median().round()
    shown = usual.index[:10].tolist()

    told = orders_of(Crowd(log, small_city.market, 1), shown, 200).told

    amounts = {event["restaurant_id"]: event["value"] for event in told if event["type"] == "order"}
    assert amounts
    assert amounts == {name: usual[name] for name in amounts}
    assert all("value" not in event for event in told if event["type"] != "order")


def test_what_was_ordered_before_is_wanted_again_and_new_orders_count_too(log: Dataset, small_city: SmallCity) -> None:
    crowd = Crowd(log, small_city.market, 1)
    shown = log.restaurants(small_city.market)[col.RESTAURANT_ID].head(10).tolist()
    before = {user: Counter(names) for user, names in crowd._orders.items()}

    told = orders_of(crowd, shown, 100).told

    made = [(event["user_id"], event["restaurant_id"]) for event in told if event["type"] == "order"]
    logged = log.events(small_city.market, [EventType.ORDER])
    assert sum(sum(names.values()) for names in before.values()) == len(logged)
    for user, name in made:
        assert crowd._orders[user][name] == before.get(user, Counter())[name] + made.count((user, name))

    who, rows, at = np.asarray([0]), np.asarray([0, 1]), "2026-11-27T19:00:00+00:00"
    lift = crowd._wishes(who, rows, [3, 0], at) - crowd._wishes(who, rows, [0, 0], at)
    wanted = choice.habit_utility(np.asarray([[3, 0]]), crowd._truth.parameters.habit)
    np.testing.assert_allclose(lift, wanted, atol=1e-6)
    assert lift[0, 0] > 0.0


def test_who_comes_often_in_the_log_walks_in_often(log: Dataset, small_city: SmallCity) -> None:
    crowd = Crowd(log, small_city.market, 1)
    often = dict(zip(log.diners(small_city.market)[col.USER_ID], crowd._truth.diners.visit, strict=True))

    asked = orders_of(crowd, ["nowhere"], 3_000).asked

    assert np.mean([often[user] for user in asked]) == pytest.approx(
        np.sum(np.square(list(often.values()))) / np.sum(list(often.values())), rel=0.05
    )
