"""`soak`: every read route and events, for long. No process's memory may have a slope above zero."""

import random
from datetime import UTC, datetime
from typing import Final

import numpy as np

from data import columns as col
from data.dataset import Dataset
from loadtests.diners import Action, Person, Visit
from loadtests.intervals import Interval
from loadtests.scenarios.scenario import Check, Figure, Outcome, Scenario, Segment, answered
from loadtests.scenarios.stage import Asking, Stage
from loadtests.trace import Planned
from services.features.codec import MAX_RECENT

_EVENTS: Final = 0.10
"""Share of requests that send what a diner did with a list; the rest is the diners' own mix of reads."""
_DINERS: Final = 200
"""Whose events are sent: what is kept of a diner is bounded, and full before memory is looked at."""
_HURRY_SECONDS: Final = 20.0
_HURRY_REQUESTS: Final = 20_000


def play(stage: Stage) -> Outcome:
    """Fill what is bounded, then offer the mix and look at memory."""
    asking = mixed(stage)
    _fill(stage, asking)
    stage.watcher.begin_anew()
    stage.offer([Segment("soak", stage.plan.rate, stage.plan.seconds)], asking=asking)
    stage.watcher.sample()
    outcome = Outcome([answered(stage.recording)])
    requests_a_minute = 60 * stage.plan.rate
    for name, grown in stage.watcher.seen().growths().items():
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


def _fill(stage: Stage, asking: Asking) -> None:
    """Let what is bounded be full: actions of those whose events are sent, copies of all diners; pools, by a fast mix.

    What is asked of everybody here is asked of nobody for the first time later on.
    """
    dataset = Dataset.open(stage.home.dataset)
    market = dataset.markets[0]
    places = [str(each) for each in dataset.restaurants(market)[col.RESTAURANT_ID]]
    luck = random.Random(stage.plan.seed)
    now = datetime.now(UTC).isoformat()
    clicks = [
        {
            "event_id": f"{luck.getrandbits(128):032x}",
            "type": "click",
            "user_id": diner,
            "restaurant_id": luck.choice(places),
            "market": market,
            "at": now,
        }
        for diner in stage.home.diners()[:_DINERS]
        for _ in range(MAX_RECENT)
    ]
    batches = [Planned(0.0, "/v1/events", "POST", clicks[begin : begin + 500]) for begin in range(0, len(clicks), 500)]
    mix = asking(np.zeros(4_000), np.random.default_rng(stage.plan.seed))
    everybody = [Planned(0.0, f"/v1/recommendations?user_id={diner}&k=20") for diner in stage.home.diners()]
    stage.hurry(batches, seconds=60.0, most=len(batches))
    stage.hurry(everybody, seconds=60.0, most=len(everybody))
    stage.hurry(mix, seconds=min(_HURRY_SECONDS, stage.plan.seconds / 4), most=_HURRY_REQUESTS)


def mixed(stage: Stage) -> Asking:
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
        visit = Visit(Person(luck.choice(people[:_DINERS]), market, 0.0, 0.0), luck)
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
