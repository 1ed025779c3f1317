"""Simulated diners as locust users: `locust -f loadtests/locustfile.py --host http://127.0.0.1:8000`.

They need a key in `LOADTESTS_KEY`. `LOADTESTS_RESULT` names a file for what was counted, `LOADTESTS_SEED` the seed.
Locust is a closed loop: read its times as the diners' experience under this load, and quote tails from the open loop.
"""

import json
import os
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from locust import FastHttpUser, between, events, task
from locust.env import Environment
from locust.exception import StopUser

from loadtests.diners import Action, Person, Visit
from loadtests.histogram import Histogram
from loadtests.latency import parse_server_timing

KEY_VARIABLE = "LOADTESTS_KEY"
RESULT_VARIABLE = "LOADTESTS_RESULT"
SEED_VARIABLE = "LOADTESTS_SEED"


class Counts:
    """What a run saw, beside locust's own statistics."""

    def __init__(self) -> None:
        self._statuses: Counter[tuple[str, int]] = Counter()
        self._seconds: dict[str, list[float]] = {}
        self._stages: dict[str, list[float]] = {}
        self._events: Counter[str] = Counter()
        self._visits = 0
        self._left = 0

    def answered(self, name: str, status: int, seconds: float, server_timing: str) -> None:
        """One answer; status 0 where there was none."""
        self._statuses[name, status] += 1
        self._seconds.setdefault(name, []).append(seconds)
        for stage, milliseconds in parse_server_timing(server_timing).items():
            self._stages.setdefault(stage, []).append(milliseconds / 1e3)

    def sent(self, receipt: dict[str, Any]) -> None:
        """What became of a batch of events."""
        self._events["accepted"] += receipt["accepted"]
        self._events["duplicates"] += receipt["duplicates"]
        self._events["rejected"] += len(receipt["rejected"])

    def came(self) -> None:
        """A visit that begins."""
        self._visits += 1

    def left(self) -> None:
        """A diner whose patience ended."""
        self._left += 1

    def as_json(self, environment: Environment) -> dict[str, Any]:
        """Everything, with raw histograms."""
        return {
            "valid": not getattr(environment.runner, "cpu_warning_emitted", False),
            "routes": {name: _figures(values) for name, values in sorted(self._seconds.items())},
            "statuses": [
                {"route": name, "status": status, "count": count}
                for (name, status), count in sorted(self._statuses.items())
            ],
            "stages": {stage: _figures(values) for stage, values in self._stages.items()},
            "events": dict(self._events),
            "visits": self._visits,
            "left_impatient": self._left,
        }


def _figures(seconds: list[float]) -> dict[str, Any]:
    histogram = Histogram.of(np.asarray(seconds))
    return {"count": histogram.total, "latency_ms": histogram.summary_ms(), "histogram": histogram.as_json()}


@events.init.add_listener
def _prepare(environment: Environment, **_: Any) -> None:
    environment.tablestakes_counts = Counts()
    environment.tablestakes_people = []
    environment.tablestakes_seeds = random.Random(int(os.environ.get(SEED_VARIABLE, "1")))


@events.quitting.add_listener
def _write(environment: Environment, **_: Any) -> None:
    if path := os.environ.get(RESULT_VARIABLE):
        counts = environment.tablestakes_counts
        Path(path).write_text(json.dumps(counts.as_json(environment), indent=2) + "\n")


class Diner(FastHttpUser):
    """Visits, one after another, each as another person; a slow answer ends a visit."""

    wait_time = between(0.5, 2.0)

    def on_start(self) -> None:
        """Learn who lives where, and begin the first visit."""
        self.counts: Counts = self.environment.tablestakes_counts
        self.headers = {"Authorization": f"Bearer {os.environ[KEY_VARIABLE]}"}
        people: list[Person] = self.environment.tablestakes_people
        if not people:
            people.extend(self._people())
        if not people:
            raise StopUser
        self._people_known = people
        self._rng = random.Random(self.environment.tablestakes_seeds.getrandbits(64))
        self._begin()

    def _begin(self) -> None:
        self.counts.came()
        self.visit = Visit(self._rng.choice(self._people_known), self._rng)
        self.seen: list[str] = []

    @task
    def act(self) -> None:
        """One request of the visit, and what follows from its answer."""
        action = self.visit.next_action(self.seen)
        seconds = getattr(self, f"_{action}")()
        if self.visit.leaves_after(seconds):
            self.counts.left()
            self._begin()

    def _recommendations(self) -> float:
        query = {"user_id": self.visit.person.user_id, "market": self.visit.person.market, "k": 20}
        if place := self.visit.place():
            query |= {"lat": place[0], "lon": place[1]}
        answer, seconds = self._get(Action.RECOMMENDATIONS, f"/v1/recommendations?{urlencode(query)}")
        if answer is not None and not self.visit.leaves_after(seconds):
            self.seen = [item["restaurant_id"] for item in answer["items"]]
            self._send(self.visit.reactions(answer, datetime.now(UTC)))
        return seconds

    def _popular(self) -> float:
        return self._get(Action.POPULAR, f"/v1/popular?market={self.visit.person.market}")[1]

    def _search(self) -> float:
        query = urlencode({"q": self.visit.search_word(), "market": self.visit.person.market})
        return self._get(Action.SEARCH, f"/v1/search?{query}")[1]

    def _similar(self) -> float:
        return self._get(Action.SIMILAR, f"/v1/restaurants/{self.visit.pick(self.seen)}/similar")[1]

    def _profile(self) -> float:
        return self._get(Action.PROFILE, f"/v1/users/{self.visit.person.user_id}")[1]

    def _send(self, reactions: list[dict[str, Any]]) -> None:
        if reactions:
            receipt, _ = self._ask("POST", "events", "/v1/events", json=reactions)
            if receipt is not None:
                self.counts.sent(receipt)

    def _get(self, name: str, path: str) -> tuple[Any, float]:
        return self._ask("GET", name, path)

    def _ask(self, method: str, name: str, path: str, **arguments: Any) -> tuple[Any, float]:
        """The answer's body (None unless 2xx) and its seconds."""
        started = time.perf_counter()
        with self.client.request(
            method, path, name=str(name), headers=self.headers, catch_response=True, **arguments
        ) as response:
            seconds = time.perf_counter() - started
            timing = (response.headers or {}).get("Server-Timing", "")
            self.counts.answered(str(name), response.status_code or 0, seconds, timing)
            if not 200 <= (response.status_code or 0) < 300:
                response.failure(f"status {response.status_code}")
                return None, seconds
            return response.json(), seconds

    def _people(self) -> list[Person]:
        markets, _ = self._get("markets", "/v1/markets")
        people: list[Person] = []
        for market in (markets or {"items": []})["items"]:
            listed, _ = self._get("users", f"/v1/users?market={market['market']}&limit=1000")
            people += [
                Person(diner["user_id"], market["market"], market["lat"], market["lon"])
                for diner in (listed or {"items": []})["items"]
            ]
        return people
