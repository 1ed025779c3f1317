"""Lists and events by turns, and whether what was acknowledged is what is stored."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from loadtests.chaos.promises import Check, all_of, none_of, within
from loadtests.chaos.stage import Stage, call
from loadtests.chaos.traffic import Answer, Answers, Stream, body_of, header_of
from loadtests.connection import LOST
from loadtests.homes import Home
from loadtests.servers import Server
from services.database.engine import open_database
from services.database.schema import billing_queue, events, settlements
from services.database.transactions import reading

RATE = 200.0
"""Half of it lists, half of it events."""
STRANGERS = 20
"""One list in so many is for a diner whom nobody knows: it is made without the cache."""
SOON_SECONDS = 8.0
"""An event is taken or refused within this: the wait for a lock is five seconds."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Noted:
    """What an answer said."""

    acknowledged: bool = False
    retry_after: bool = False
    degraded: tuple[str, ...] = ()


def is_event(answer: Answer) -> bool:
    """Whether an event was delivered; else a list was asked for."""
    return answer.number % 2 == 1


def requests_of(stage: Stage, server: Server, home: Home, run: str) -> Callable[[int], bytes]:
    """A list, an event, a list, …; the event of request n is the run's (n // 2)th."""
    lists, delivered = stage.lists(server, home), stage.events(server, home, run)
    headers = home.headers()

    def request(number: int) -> bytes:
        if number % 2:
            return delivered(number // 2)
        if number // 2 % STRANGERS == 0:
            return server.target.request(f"/v1/recommendations?user_id=stranger-{number}&k=10", headers=headers)
        return lists(number // 2)

    return request


def noted(number: int, answer: bytes) -> Noted:
    """What is worth remembering of an answer."""
    if number % 2 == 0:
        known = ("feature-cache-away", "profile-away")
        return Noted(degraded=tuple(code for code in known if f'"{code}"'.encode() in answer))
    if not answer.startswith(b"HTTP/1.1 2"):
        return Noted(retry_after=header_of(answer, b"retry-after") is not None)
    receipt = json.loads(body_of(answer))
    return Noted(acknowledged=receipt["accepted"] + receipt["duplicates"] == 1)


def stream_of(stage: Stage, server: Server, home: Home, run: str, rate: float = RATE) -> Stream:
    """Lists and events by turns, under an open loop."""
    return Stream(server.target, requests_of(stage, server, home, run), rate, noted)


def stored(engine: Engine, run: str) -> dict[str, int]:
    """How often each event of a run is in the log."""
    statement = (
        select(events.c.event_id, func.count())
        .where(events.c.event_id.startswith(f"chaos{run}-"))
        .group_by(events.c.event_id)
    )
    with reading(engine) as connection:
        return {row.event_id: row[1] for row in connection.execute(statement)}


def _queued(engine: Engine, run: str) -> int:
    """How many entries a run has in the queue for billing, or has had: those are settled."""
    ours = f"chaos{run}-"
    with reading(engine) as connection:
        return sum(
            connection.execute(select(func.count()).where(table.c.event_id.startswith(ours))).scalar_one()
            for table in (billing_queue, settlements)
        )


def ledger_checks(
    stage: Stage, server: Server, home: Home, answers: Answers, run: str, database_url: str, replays: int = 1
) -> list[Check]:
    """Acknowledged = stored; all events are delivered again, `replays` times, and each is stored once."""
    delivered = answers.that(is_event)
    known = {
        stage.event(each.number // 2, run)["event_id"] for each in delivered if each.note and each.note.acknowledged
    }
    engine = open_database(database_url)
    try:
        kept = stored(engine, run)
        again = [_delivered_again(stage, server, home, delivered, run) for _ in range(replays)]
        after, queued = stored(engine, run), _queued(engine, run)
    finally:
        engine.dispose()
    other = _altered(stage, server, home, delivered, run)
    return [
        none_of("an acknowledged event is lost", len(known - kept.keys()), len(known), "acknowledged"),
        all_of(
            f"delivered {replays} time(s) again, every event is there once", _singles(after), len(delivered), "events"
        ),
        Check(
            "the first time again stores what was lost, and no more",
            f"{again[0]:,} new",
            again[0] == len(delivered) - len(kept),
        ),
        none_of("a later time again stores anything", sum(again[1:]), replays * len(delivered), "deliveries"),
        Check(
            "each click is queued for billing once, or settled",
            f"{queued:,} of {len(delivered):,}",
            queued == len(delivered),
        ),
        Check("the same id with another content is rejected, and said", other, other.startswith("rejected")),
    ]


def _singles(counts: dict[str, int]) -> int:
    return sum(count == 1 for count in counts.values())


def _delivered_again(stage: Stage, server: Server, home: Home, delivered: Sequence[Answer], run: str) -> int:
    """Deliver all events in batches; how many were new."""
    new = 0
    for start in range(0, len(delivered), _BATCH):
        batch = [stage.event(each.number // 2, run) for each in delivered[start : start + _BATCH]]
        receipt = call(server.target, home, "POST", "/v1/events", batch)
        assert receipt.status == 202, receipt
        new += receipt.body["accepted"]
        assert receipt.body["accepted"] + receipt.body["duplicates"] == len(batch), receipt
    return new


def _altered(stage: Stage, server: Server, home: Home, delivered: Sequence[Answer], run: str) -> str:
    """Deliver the first event with another restaurant; what is said."""
    changed = stage.event(delivered[0].number // 2, run, restaurant_id=stage.restaurants[-1])
    receipt = call(server.target, home, "POST", "/v1/events", changed)
    rejected = receipt.body.get("rejected", [])
    return f"rejected: {rejected[0]['problem'].partition(' ')[2]}" if rejected else f"taken: {receipt.body}"


def outage_checks(answers: Answers, *, lost: bool = False) -> list[Check]:
    """What lists and events promise while the database is away. `lost`: connections may break, for processes die."""
    lists, delivered = answers.that(lambda each: not is_event(each)), answers.that(is_event)
    refused = delivered.that(lambda each: each.status == 503)
    odd = delivered.that(lambda each: each.status not in ((202, 503, LOST) if lost else (202, 503)))
    silent = refused.that(lambda each: not each.note.retry_after)
    answered = lists.that(lambda each: not (lost and each.status == LOST))
    return [
        all_of("every list is answered with 200", lists.good, len(answered), "lists"),
        none_of("an event is answered with anything but 202 and 503", len(odd), len(delivered), "events"),
        Check("503 says when to come again (Retry-After)", f"{len(silent):,} of {len(refused):,} do not", not silent),
        within("the slowest answer to an event", delivered.ms(1.0) / 1e3, SOON_SECONDS, "s"),
    ]
