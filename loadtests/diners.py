"""One visit of a simulated diner: it asks, looks down the list, clicks, orders, rates; slow answers make it leave.

Pure decisions from a seeded generator, without HTTP: `loadtests.locustfile` carries them out.
"""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from data.columns import EventType


class Action(StrEnum):
    """What a diner can ask for."""

    RECOMMENDATIONS = "recommendations"
    POPULAR = "popular"
    SEARCH = "search"
    SIMILAR = "similar"
    PROFILE = "profile"


MIX: Final[Mapping[Action, float]] = {
    Action.RECOMMENDATIONS: 0.70,
    Action.SEARCH: 0.12,
    Action.SIMILAR: 0.08,
    Action.POPULAR: 0.07,
    Action.PROFILE: 0.03,
}
"""Shares of what is asked for. Assumed: lists are the main thing; the rest is there to load every read route."""

CONTINUE: Final = 0.85
"""P(looks at the next position | looked at this one): the cascade of Craswell et al., 2008, with one parameter."""
CLICK: Final = 0.12
ORDER: Final = 0.30
_RATE: Final = 0.25
_AWAY: Final = 0.4
"""P(asks from another place than home)."""
_SPREAD_DEGREES: Final = 0.03
PATIENCE_MEDIAN_SECONDS: Final = 2.0
PATIENCE_SIGMA: Final = 0.6
_WORDS: Final = ("pizza", "thai", "sushi", "garden", "house", "italian", "indian", "golden", "cafe", "burger")


@dataclass(frozen=True)
class Person:
    """A diner as the API lists it, with the centre of its market."""

    user_id: str
    market: str
    lat: float
    lon: float


class Visit:
    """One visit of one person. All randomness is from `rng`, so the same seed decides the same."""

    def __init__(self, person: Person, rng: random.Random) -> None:
        self.person = person
        self._rng = rng
        self._patience_seconds = PATIENCE_MEDIAN_SECONDS * rng.lognormvariate(0.0, PATIENCE_SIGMA)

    def next_action(self, seen: Sequence[str]) -> Action:
        """What to ask for next; what is similar can only be asked of a restaurant that was seen."""
        action = self._rng.choices(list(MIX), list(MIX.values()))[0]
        return Action.RECOMMENDATIONS if action is Action.SIMILAR and not seen else action

    def leaves_after(self, seconds: float) -> bool:
        """Whether an answer that took this long ends the visit."""
        return seconds > self._patience_seconds

    def place(self) -> tuple[float, float] | None:
        """Where it asks from; None: from home, which the API knows."""
        if self._rng.random() >= _AWAY:
            return None
        lat, lon = (self._rng.gauss(centre, _SPREAD_DEGREES) for centre in (self.person.lat, self.person.lon))
        return round(lat, 5), round(lon, 5)

    def search_word(self) -> str:
        """What it searches for."""
        return self._rng.choice(_WORDS)

    def pick(self, restaurants: Sequence[str]) -> str:
        """One of the restaurants that it has seen."""
        return self._rng.choice(restaurants)

    def reactions(self, answer: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
        """Events for a list: an impression of each position it looked at; clicks, and what comes of them.

        `answer` is the body of `GET /v1/recommendations`; the events are bodies of `POST /v1/events`.
        """
        events = []
        for item in answer["items"]:
            restaurant = item["restaurant_id"]
            events.append(self._event(EventType.IMPRESSION, restaurant, answer["request_id"], now))
            if self._rng.random() < CLICK:
                events += self._visits(restaurant, answer["request_id"], now)
            if self._rng.random() >= CONTINUE:
                break
        return events

    def _visits(self, restaurant: str, request_id: str, now: datetime) -> list[dict[str, Any]]:
        events = [self._event(EventType.CLICK, restaurant, request_id, now)]
        if self._rng.random() < ORDER:
            order = self._event(EventType.ORDER, restaurant, request_id, now)
            events.append(order | {"order_id": self._new_id(), "value": self._rng.randint(900, 6_000)})
            if self._rng.random() < _RATE:
                rating = self._event(EventType.RATING, restaurant, request_id, now)
                events.append(rating | {"value": self._rng.randint(1, 5)})
        return events

    def _event(self, kind: EventType, restaurant: str, request_id: str, now: datetime) -> dict[str, Any]:
        return {
            "event_id": self._new_id(),
            "type": str(kind),
            "user_id": self.person.user_id,
            "restaurant_id": restaurant,
            "market": self.person.market,
            "request_id": request_id,
            "at": now.isoformat(),
        }

    def _new_id(self) -> str:
        return uuid.UUID(int=self._rng.getrandbits(128)).hex
