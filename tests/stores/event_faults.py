"""Each rule of the event log's days, export, erasure and the two servers broken in one place on purpose.

What they would do: lose an acknowledged event, store or bill one twice, keep or export what is to be gone.
"""

from planting import Fault

_LOG, _RETENTION, _ARCHIVE = (f"services/events/{name}.py" for name in ("log", "retention", "archive"))
_DAYS, _ENGINE, _TRANSACTIONS = (
    f"services/database/{name}.py" for name in ("event_partitions", "engine", "transactions")
)
_OF_LOG, _OF_DAYS, _OF_RETENTION, _OF_ARCHIVE, _OF_DATABASE = (
    f"tests/stores/test_{name}.py"
    for name in ("event_log", "event_partitions", "event_retention", "event_archive", "database")
)

FAULTS = (
    Fault(
        "of two events with one id the first counts",
        _LOG,
        "first.setdefault(event.key, event)",
        "first[event.key] = event",
        f"{_OF_LOG} -k any_batching and sqlite",
    ),
    Fault(
        "what is kept already is compared with what comes",
        _LOG,
        "yield Outcome.DUPLICATE if event == kept[event.key] else Outcome.CONFLICT",
        "yield Outcome.DUPLICATE",
        f"{_OF_LOG} -k another_content and sqlite",
    ),
    Fault(
        "writers take events in one order",
        _LOG,
        "for key in sorted(first)]",
        "for key in first]",
        f"{_OF_LOG} -k opposite_orders and postgresql",
    ),
    Fault(
        "a cancelled order is money",
        _LOG,
        "{EventType.CLICK, EventType.ORDER, EventType.ORDER_CANCELLED}",
        "{EventType.CLICK, EventType.ORDER}",
        "tests/stores/test_settlement.py -k cancel and sqlite",
    ),
    Fault(
        "an erasure knows the copies that were made",
        _LOG,
        "audit_trail.c.action == EXPORTED",
        "audit_trail.c.action != EXPORTED",
        f"{_OF_ARCHIVE} -k is_told_of_it and sqlite",
    ),
    Fault(
        "an export is known before its first file",
        _ARCHIVE,
        "tell(EXPORTED, {})",
        "tell(_EXPORT_ENDED, {})",
        f"{_OF_ARCHIVE} -k is_told_of_it and sqlite",
    ),
    Fault(
        "a day that is made late takes its rows along",
        _DAYS,
        "INSERT INTO {name} SELECT * FROM moved",
        "INSERT INTO {name} SELECT * FROM moved LIMIT 0",
        f"{_OF_DAYS} -k made_late",
    ),
    Fault(
        "the ids of what was moved stay",
        _DAYS,
        "WITH moved AS (DELETE FROM {_REST}",
        "WITH moved AS (DELETE FROM events",
        f"{_OF_DAYS} -k made_late or registry",
    ),
    Fault(
        "what is taken over is never split",
        _DAYS,
        "if before is None or day >= before}",
        "if True or before}",
        f"{_OF_DAYS} -k taken_over",
    ),
    Fault(
        "a day stays while an event of it is owed",
        _DAYS,
        "    if _is_owed(connection, name):\n        return False",
        "    if False:\n        return False",
        f"{_OF_DAYS} -k not_billed",
    ),
    Fault(
        "a day that stays keeps its ids",
        _RETENTION,
        "if waits_to_be_billed(connection, day):",
        "if False:",
        f"{_OF_RETENTION} -k waits_to_be",
    ),
    Fault(
        "a day that is dropped leaves no ids behind",
        _DAYS,
        "    while _forget_ids(connection, begin, end):\n        pass\n",
        "",
        f"{_OF_DAYS} -k leaves_no_id or registry",
    ),
    Fault(
        "a row that is owed stays",
        _RETENTION,
        ".where(*past, ~owed)",
        ".where(*past)",
        f"{_OF_RETENTION} -k waits_to_be and sqlite",
    ),
    Fault(
        "events are kept for as many days as were said",
        _RETENTION,
        "self.forget(today - timedelta(days=self._keep_days))",
        "self.forget(today - timedelta(days=self._keep_days - 1))",
        f"{_OF_RETENTION} -k leaves_the_last and sqlite",
    ),
    Fault(
        "an export is of one moment",
        _ARCHIVE,
        "return Range(wanted.first, wanted.end, moment)",
        "return Range(wanted.first, wanted.end, wanted.received_before)",
        f"{_OF_ARCHIVE} -k broken_off_anywhere and sqlite",
    ),
    Fault(
        "what is received later is in the next export",
        _ARCHIVE,
        "received < micros(received_before)))",
        "received > 0))",
        f"{_OF_ARCHIVE} -k received_later and sqlite",
    ),
    Fault(
        "an acknowledged event is on the disk",
        _ENGINE,
        '"synchronous=FULL"',
        '"synchronous=NORMAL"',
        f"{_OF_DATABASE} -k commits_to_the_disk",
    ),
    Fault(
        "PostgreSQL has it on the disk too",
        _ENGINE,
        "-c synchronous_commit=on",
        "",
        f"{_OF_DATABASE} -k commits_to_the_disk",
    ),
    Fault(
        "a server that comes back is used again",
        _ENGINE,
        "pool_pre_ping=True",
        "pool_pre_ping=False",
        f"{_OF_DATABASE} -k comes_back",
    ),
    Fault(
        "a replica that takes no writes is a database that is away",
        _TRANSACTIONS,
        " or _is_of_a_replica(error)",
        "",
        f"{_OF_DATABASE} -k takes_no_writes",
    ),
    Fault(
        "a reader sees one state",
        _TRANSACTIONS,
        'isolation_level="REPEATABLE READ"',
        'isolation_level="READ COMMITTED"',
        f"{_OF_DATABASE} -k sees_one_state",
    ),
)
