"""The simulated diners decide reproducibly, and what they send is what the API takes."""

import random
from collections import Counter
from datetime import UTC, datetime

from loadtests.diners import MIX, Action, Person, Visit
from services.api.schemas import EventWrite

PERSON = Person("d1-000001", "aldermoor", 52.2, 0.12)
NOW = datetime(2026, 1, 9, 19, 0, tzinfo=UTC)
ANSWER = {"request_id": "019ab1c2", "items": [{"restaurant_id": f"r{n}"} for n in range(20)]}


def visit(seed: int = 1) -> Visit:
    return Visit(PERSON, random.Random(seed))


def test_the_same_seed_decides_the_same() -> None:
    assert visit(3).reactions(ANSWER, NOW) == visit(3).reactions(ANSWER, NOW)
    assert visit(3).reactions(ANSWER, NOW) != visit(4).reactions(ANSWER, NOW)


def test_all_events_are_events_of_the_api() -> None:
    kinds: Counter[str] = Counter()
    ids = set()
    for seed in range(200):
        for event in visit(seed).reactions(ANSWER, NOW):
            read = EventWrite.model_validate(event)
            kinds[read.type] += 1
            ids.add(read.event_id)
    assert set(kinds) == {"impression", "click", "order", "rating"}
    assert kinds["impression"] > kinds["click"] > kinds["order"] > kinds["rating"]
    assert len(ids) == kinds.total()


def test_the_top_of_a_list_is_seen_more_often_than_its_end() -> None:
    seen = Counter(
        event["restaurant_id"]
        for seed in range(500)
        for event in visit(seed).reactions(ANSWER, NOW)
        if event["type"] == "impression"
    )
    assert seen["r0"] == 500
    assert seen["r0"] > seen["r5"] > seen["r19"]


def test_slow_answers_end_a_visit_and_fast_ones_do_not() -> None:
    visits = [visit(seed) for seed in range(200)]
    shares = [sum(each.leaves_after(seconds) for each in visits) / 200 for seconds in (0.05, 2.0, 30.0)]
    assert shares[0] == 0.0
    assert 0.3 < shares[1] < 0.7
    assert shares[2] == 1.0


def test_the_mix_is_as_stated_and_similar_needs_something_seen() -> None:
    one = visit()
    asked = Counter(one.next_action(["r1"]) for _ in range(20_000))
    assert abs(sum(MIX.values()) - 1) < 1e-12
    for action, share in MIX.items():
        assert abs(asked[action] / 20_000 - share) < 0.02
    assert Action.SIMILAR not in {one.next_action([]) for _ in range(1_000)}


def test_some_ask_from_home_and_some_from_near_the_centre() -> None:
    one = visit()
    places = [one.place() for _ in range(2_000)]
    away = [place for place in places if place is not None]
    assert 0.35 < len(away) / 2_000 < 0.45
    assert all(abs(lat - PERSON.lat) < 0.2 and abs(lon - PERSON.lon) < 0.2 for lat, lon in away)
