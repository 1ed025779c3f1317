"""A process that works on a market's money, and the history that it works on.

python settling.py settle URL LIMIT: settles what there is, LIMIT events at a time, for ever; prints a line a batch.
python settling.py deliver URL EVENTS PART PARTS: delivers a part of a history to the event log, much of it twice.
"""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from happenings import event
from sqlalchemy import Engine

from data.columns import EventType
from services.ads.campaign import MICRO
from services.ads.settlement import Settler
from services.clock import Clock
from services.database.engine import open_database
from services.database.errors import StorageUnavailable
from services.events.log import Event, EventLog

BEGIN = datetime.fromisoformat("2026-03-27T12:00:00+00:00")  # the clock changes within the four days that follow
DAYS = 4
CAMPAIGNS = 12
BATCH = 1_000


@dataclass(frozen=True)
class History:
    """A seeded world: who was shown what, and what they did. Much of it is about the same few campaigns."""

    events: int
    seed: int = 1

    def campaigns(self) -> Iterator[dict[str, Any]]:
        """Even ones pay for clicks; their budgets are some tenths of what they could spend."""
        each = self.events * 2 // CAMPAIGNS
        for number in range(CAMPAIGNS):
            total = max(3, each * (1 + number % 5) // 10)
            terms = {"total_budget": total, "daily_budget": max(1, total // (2 + number % 4)), "bid": 5}
            yield {"campaign_id": f"c{number}", "restaurant_id": f"r{number}", "billing": _billing(number), **terms}

    def places(self) -> Iterator[dict[str, Any]]:
        """One for every two events, for one of many diners."""
        rng = random.Random(self.seed)
        for number in range(self.events // 2):
            campaign = rng.randrange(CAMPAIGNS)
            yield {
                "request": f"q{number}",
                "campaign_id": f"c{campaign}",
                "restaurant_id": f"r{campaign}",
                "user_id": f"d{number % (self.events // 8)}",
                "at": BEGIN + timedelta(seconds=rng.randrange(DAYS * 86_400)),
                "billing": _billing(campaign),
                "price": rng.randint(1, 3 * MICRO),
            }

    def happened(self) -> list[Event]:
        """Clicks and orders on these places, as many as `events`; a tenth of the orders is cancelled besides."""
        rng = random.Random(self.seed + 1)
        places = list(self.places())
        return [one for number in range(self.events) for one in _acts(number, rng.choice(places), rng)]


def _billing(campaign: int) -> str:
    return "order" if campaign % 2 else "click"


def _acts(number: int, place: dict[str, Any], rng: random.Random) -> Iterator[Event]:
    kind = EventType(place["billing"]) if rng.random() < 0.9 else rng.choice([EventType.CLICK, EventType.ORDER])
    fields: dict[str, Any] = {
        "user_id": place["user_id"],
        "restaurant_id": place["restaurant_id"],
        "request_id": place["request"] if rng.random() < 0.8 else None,
        "order_id": f"o{number}" if kind is EventType.ORDER else None,
        "at": place["at"] + timedelta(seconds=rng.randrange(-60, 86_400)),
    }
    yield event(number, type=kind, **fields)
    if kind is EventType.ORDER and rng.random() < 0.1:  # told again, in other words
        yield event(f"{number}-again", type=kind, **{**fields, "request_id": None})
    if kind is EventType.ORDER and rng.random() < 0.1:
        for again in range(rng.randint(1, 2)):
            yield event(f"{number}-x{again}", **{**fields, "type": EventType.ORDER_CANCELLED})


def deliver(url: str, events: int, part: int, parts: int) -> None:
    """Every part is shuffled, and its events come two times or three, from this process and from the next one."""
    log = EventLog(_patient(url))
    history = History(events).happened()
    mine = [one for n, one in enumerate(history) if part in (n % parts, (n + 1) % parts)]
    rng = random.Random(part)
    mine += rng.sample(mine, len(mine) // 4)
    rng.shuffle(mine)
    for start in range(0, len(mine), BATCH):
        _until_it_answers(log.append, mine[start : start + BATCH])


def settle(url: str, limit: int) -> None:
    """Until it is killed. os.write, so that nothing waits in a buffer of this process."""
    settler = Settler(_patient(url), Clock(), settle_after_seconds=0.0)
    while True:
        taken = _until_it_answers(settler.settle, limit)
        os.write(1, f"{taken}\n".encode())
        if not taken:
            time.sleep(0.02)


def _patient(url: str) -> Engine:
    return open_database(url, lock_timeout_ms=30_000)


def _until_it_answers(work: Callable[..., Any], *arguments: Any) -> Any:
    while True:
        try:
            return work(*arguments)
        except StorageUnavailable as error:
            os.write(2, f"{error}\n".encode())
            time.sleep(0.05)


if __name__ == "__main__":
    task, url, *numbers = sys.argv[1:]
    {"settle": settle, "deliver": deliver}[task](url, *map(int, numbers))
