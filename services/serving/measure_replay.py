"""What it costs to be able to make lists again: bytes a list, time on the writer's thread, time of a replay.

    python -m services.serving.measure_replay [--last 1000]

over the lists that a home has served (`TABLESTAKES_HOME`).
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from sqlalchemy import Engine, func, select

from services.audit.seals import list_digest
from services.audit.trail import AuditTrail
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.database.schema import replay_blobs, served_lists
from services.database.transactions import reading
from services.serving.replay import Replayer
from services.serving.served_document import served_document, served_record
from services.settings import Settings
from services.stakeholders.policies import PolicyStore


def measure(engine: Engine, last: int) -> list[str]:
    """Lines of figures; the times are medians over the lists, in microseconds."""
    replayer = Replayer(engine, PolicyStore(engine, AuditTrail(engine, Clock()), Clock()))
    wanted, identical = replayer.newest(last), 0
    replays, documents, records, seals = [], [], [], []
    for request_id in wanted:
        started = time.perf_counter()
        made = replayer.replay(request_id)
        replays.append(time.perf_counter() - started)
        identical += made.identical
        answer, explain = made.answer, made.explain
        documents.append(_seconds(lambda: served_document(answer)))  # noqa: B023 - called at once
        record = served_record(answer, explain, made.body)  # hashes the live data, which is once a second in service
        records.append(_seconds(lambda: served_record(answer, explain, made.body)))  # noqa: B023
        head = (request_id, made.market, made.user_id, answer.at, "", 1, "")
        seals.append(_seconds(lambda: list_digest(*head, record.document, record.inputs)))  # noqa: B023
    with reading(engine) as connection:
        sizes = select(func.length(served_lists.c.inputs), func.length(served_lists.c.document))
        inputs, documented = np.asarray(
            [tuple(row) for row in connection.execute(sizes.where(served_lists.c.request_id.in_(wanted)))]
        ).T
        kinds = select(replay_blobs.c.kind, func.count(), func.sum(func.length(replay_blobs.c.content))).group_by(
            replay_blobs.c.kind
        )
        blobs = [tuple(row) for row in connection.execute(kinds.order_by(replay_blobs.c.kind))]
    return [
        f"{identical:,} of {len(wanted):,} lists are made again to the byte, {_micros(replays):,.0f} us each",
        f"inputs: {inputs.mean():,.0f} bytes a list beside {documented.mean():,.0f} of the document",
        *(
            f"{kind}: kept {count:,} times, {size / count / 1024:,.1f} KiB each, compressed"
            for kind, count, size in blobs
        ),
        f"on the writer's thread: document {_micros(documents):,.1f} us, "
        f"the whole record with inputs {_micros(records):,.1f} us, seal {_micros(seals):,.1f} us",
    ]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _micros(seconds: list[float]) -> float:
    return float(np.median(seconds)) * 1e6


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--last", type=int, default=1_000)
    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        for line in measure(engine, parser.parse_args().last):
            print(line)
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
