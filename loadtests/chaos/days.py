"""The bad days there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.chaos import cache_days, client_days, clock_days, database_days, process_days, release_days
from loadtests.chaos.promises import Check
from loadtests.chaos.stage import Stage


@dataclass(frozen=True)
class Day:
    """One bad day."""

    name: str
    title: str
    play: Callable[[Stage], tuple[Sequence[Check], dict[str, Any]]]


DAYS = (
    Day("redis-killed", "Redis killed and restarted under load", cache_days.killed),
    Day("redis-hung", "Redis hangs", cache_days.hung),
    Day("redis-slow", "Redis answers a second late", cache_days.slow),
    Day("redis-flushed", "Redis loses all keys", cache_days.flushed),
    Day("redis-wrong", "Redis has wrong data", cache_days.wrong),
    Day("redis-full", "Redis has no memory left", cache_days.full),
    Day("postgres-killed", "PostgreSQL killed and restarted under event intake", database_days.postgres_killed),
    Day("postgres-failover", "PostgreSQL's primary dies and its replica takes over", database_days.postgres_failover),
    Day("postgres-hung", "PostgreSQL hangs", database_days.postgres_hung),
    Day("postgres-read-only", "PostgreSQL takes no writes", database_days.postgres_read_only),
    Day("sqlite-locked", "Another process holds SQLite's write lock", database_days.sqlite_locked),
    Day("sqlite-full", "No room on the disk", database_days.sqlite_full),
    Day("workers-killed", "API processes killed under event intake", process_days.workers_killed),
    Day("told-to-end", "SIGTERM in the middle of the work", process_days.told_to_end),
    Day("synced", "Events on the disk before their answers", process_days.synced),
    Day("cancelled", "Calls given up in flight", client_days.cancelled),
    Day("trickling", "Clients that send a byte a second", client_days.trickling),
    Day("store-gone", "The store of model versions vanishes", release_days.store_gone),
    Day("damaged-version", "A new version is damaged", release_days.damaged_version),
    Day("swapped", "Versions swapped under load", release_days.swapped),
    Day("clock-jumps", "The system's clock jumps", clock_days.jumps),
)
