"""What the log of served lists costs behind the answers: CPU of the thread that writes it, a list.

    TABLESTAKES_HOME=var/home python -m services.api.measure_log [--policy NAME] [--against CHECKOUT HOME]

Lists of the home's diners are made once; then a log of its own is filled with `--filled` of them, for an index of a
million entries costs more than one of none, and batches as the server writes them are measured. With `--against`
another checkout of this program does the same with its own code and a home of its own: the two take turns, so that the
ratio is of one run.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from services.access.keys import ensure_keys
from services.api.app import create_app
from services.api.asking import ask_for
from services.api.hot_path import parse_query
from services.catalogue.store import CatalogueStore
from services.database.engine import migrate, open_database
from services.events.served import ServedLog
from services.identifiers import RequestIds
from services.measuring import first_market
from services.monitoring.logs import configure_logs
from services.serving.present import body
from services.serving.recommender import Answer
from services.serving.served_document import served_record
from services.settings import Settings

Made = tuple[Answer, bytes, Any]
Figures = list[tuple[float, ...]]


async def answers(settings: Settings, diners: int, k: int, policy: str | None) -> list[Made]:
    """A list for each of the home's first diners, with its body and what it counts for."""
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        ensure_keys(engine, settings.keys_file)
        known = CatalogueStore(engine).diners(first_market(engine), None, diners)
    finally:
        engine.dispose()
    app, found = create_app(settings), []
    async with app.router.lifespan_context(app):
        services = app.state.services
        for diner in known:
            asked = {"user_id": diner.user_id, "k": k, "explain": "reasons"}
            query = urlencode(asked if policy is None else {**asked, "policy": policy}).encode()
            answer = await services.recommender.recommend(await ask_for(services, parse_query(query)))
            ledgers = services.shares.count(answer.ask, answer.ranked, answer.shown, answer.at)
            found.append((answer, body(answer, "reasons"), ledgers))
    return found


def turns(made: list[Made], lists: int, filled: int) -> Iterator[tuple[float, float, float]]:
    """Microseconds a list for its record and for the database, and its bytes, once so many lists are there."""
    chosen, ids = random.Random(1), RequestIds()
    with tempfile.TemporaryDirectory(prefix="tablestakes-measure-") as folder:
        engine = open_database(f"sqlite:///{folder}/served.db")
        migrate(engine)
        with ServedLog(engine, interval_seconds=3600.0) as served:
            written = 0
            while True:
                batch = chosen.choices(made, k=lists)
                started = time.thread_time()
                records = [served_record(answer, "reasons", sent, ledgers) for answer, sent, ledgers in batch]
                recorded = time.thread_time() - started
                for (answer, *_), record in zip(batch, records, strict=True):
                    ask = answer.ask
                    served.record(
                        request_id=ids.new(),
                        market=ask.snapshot.info.market,
                        user_id=chosen.choice(made)[0].ask.user_id,
                        at=answer.at,
                        policy=ask.policy.name,
                        policy_version=ask.policy.version,
                        model_version=ask.snapshot.artifact.version,
                        record=record,
                    )
                started = time.thread_time()
                served.flush()
                stored = time.thread_time() - started
                written += len(batch)
                if written > filled:
                    kept = sum(len(record.document) + len(record.inputs or b"") for record in records)
                    yield 1e6 * recorded / len(batch), 1e6 * stored / len(batch), kept / len(batch)


def _serve(settings: Settings, given: argparse.Namespace) -> None:
    """Measure a turn for each line of the standard input."""
    made = asyncio.run(answers(settings, given.diners, given.k, given.policy))
    measured = turns(made, given.lists, given.filled)
    for _ in sys.stdin:
        print(*next(measured), flush=True)


def _started(checkout: Path, home: Path, given: argparse.Namespace) -> "subprocess.Popen[str]":
    numbers = {name: str(getattr(given, name)) for name in ("diners", "lists", "k", "filled")}
    options = ["--turns", *(word for name, value in numbers.items() for word in (f"--{name}", value))]
    options += [] if given.policy is None else ["--policy", given.policy]
    environment = {**os.environ, "PYTHONPATH": str(checkout), "TABLESTAKES_HOME": str(home)}
    command = [sys.executable, __file__, *options]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def _turn(process: "subprocess.Popen[str]") -> tuple[float, ...]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    found = tuple(map(float, process.stdout.readline().split()))
    if not found:
        raise SystemExit("a process that measures has ended: its own words are above")
    return found


def compared(
    checkouts: dict[str, tuple[Path, Path]], rounds: int, given: argparse.Namespace
) -> dict[str, list[tuple[float, ...]]]:
    """By name the turns of all rounds."""
    found: dict[str, Figures] = {name: [] for name in checkouts}
    with ExitStack() as running:
        processes = {name: running.enter_context(_started(*where, given)) for name, where in checkouts.items()}
        for number in range(rounds):
            for name in list(processes)[:: -1 if number % 2 else 1]:
                found[name].append(_turn(processes[name]))
    return found


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m services.api.measure_log", description=__doc__)
    parser.add_argument("--diners", type=int, default=1_000, help="whose lists are made")
    parser.add_argument("--lists", type=int, default=1_200, help="of a turn; the counters are written once for them")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each")
    parser.add_argument("--k", type=int, default=20, help="places of a list")
    parser.add_argument("--policy", help="the market's active one, if it is left out")
    parser.add_argument("--filled", type=int, default=100_000, help="lists that are there before")
    parser.add_argument(
        "--against", type=Path, nargs=2, metavar=("CHECKOUT", "HOME"), help="the same of another program"
    )
    parser.add_argument("--turns", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    configure_logs("error", False)
    if given.turns:
        _serve(Settings(), given)
        return 0
    checkouts = {"here": (Path(__file__).resolve().parents[2], Settings().home)}
    if given.against is not None:
        checkouts["against"] = tuple(path.resolve() for path in given.against)
    found = compared(checkouts, given.rounds, given)
    for name, measured in found.items():
        record, store, kept = (median(column) for column in zip(*measured, strict=True))
        both = [sum(one[:2]) for one in measured]
        spread = f"{median(both):.0f} ({min(both):.0f} - {max(both):.0f})"
        print(f"{name:8} record {record:5.1f} us, store {store:5.1f} us, both {spread} us a list of {kept:,.0f} bytes")
    if given.against is not None:
        ratios = [sum(one[:2]) / sum(other[:2]) for one, other in zip(found["here"], found["against"], strict=True)]
        print(f"here over against: {median(ratios):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
