"""`soak`: every read route and events, for long. No process's memory may have a slope above zero."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np

from data import columns as col
from data.dataset import Dataset
from loadtests.diners import Action, Person, Visit
from loadtests.intervals import Interval
from loadtests.scenarios.scenario import Check, Figure, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Stage
from loadtests.trace import Planned

_EVENTS: Final = 0.10
"""Share of requests that send what a diner did with a list; the rest is the diners' own mix of reads."""


def play(stage: Stage) -> Outcome:
    """Offer the mix and look at memory."""
    stage.offer([Segment("soak", stage.plan.rate, stage.plan.seconds)], asking=mixed(stage))
    stage.watcher.sample()
    outcome = Outcome([answered(stage.recording)])
    requests_a_minute = 60 * stage.plan.rate
    for name, grown in stage.watcher.growths().items():
        what = f"memory of {name}: slope indistinguishable from zero"
        if grown is None:
            outcome.checks.append(Check(what, False, "too few samples"))
            continue
        found = (
            f"{grown.kib_per_minute:+,.1f} KiB a minute ({grown.low:+,.1f} to {grown.high:+,.1f}), "
            f"{grown.first_kib / 1024:,.1f} to {grown.last_kib / 1024:,.1f} MiB"
        )
        outcome.checks.append(Check(what, not grown.grows, found))
        slope = Interval(grown.kib_per_minute, grown.low, grown.high)
        outcome.figures.append(Figure(f"slope of {name}", "KiB/min", slope))
        seen = (grown.high - grown.low) / 2 * 1024 / requests_a_minute
        outcome.notes.append(f"{name}: a leak of {seen:,.1f} bytes a request or more would have been seen")
    return outcome


def mixed(stage: Stage) -> Callable[[np.ndarray, np.random.Generator], list[Planned]]:
    """Requests as simulated diners make them, all different: reads by `loadtests.diners.MIX`, and batches of events."""
    dataset = Dataset.open(stage.home.dataset)
    market = dataset.markets[0]
    restaurants = [str(each) for each in dataset.restaurants(market)[col.RESTAURANT_ID]]
    people = stage.home.diners()

    def asking(times: np.ndarray, rng: np.random.Generator) -> list[Planned]:
        luck = random.Random(int(rng.integers(2**63)))
        return [_request(float(at), luck, market, people, restaurants) for at in times]

    return asking


def _request(at: float, luck: random.Random, market: str, people: list[str], restaurants: list[str]) -> Planned:
    visit = Visit(Person(luck.choice(people), market, 0.0, 0.0), luck)
    if luck.random() < _EVENTS:
        items = [{"restaurant_id": each} for each in luck.sample(restaurants, min(20, len(restaurants)))]
        answer = {"request_id": f"{luck.getrandbits(128):032x}", "items": items}
        return Planned(at, "/v1/events", "POST", visit.reactions(answer, datetime.now(UTC)))
    user, restaurant = visit.person.user_id, luck.choice(restaurants)
    paths = {
        Action.RECOMMENDATIONS: f"/v1/recommendations?user_id={user}&k=20",
        Action.SEARCH: f"/v1/search?q={visit.search_word()}&market={market}",
        Action.SIMILAR: f"/v1/restaurants/{restaurant}/similar",
        Action.POPULAR: f"/v1/popular?market={market}",
        Action.PROFILE: f"/v1/users/{user}",
    }
    return Planned(at, paths[visit.next_action([restaurant])])


SCENARIO = Scenario(
    "soak", "every read route and events, for long: does memory stay flat?", seconds=120, rate=150, play=play
)
