"""What an explanation costs, and how much float32 rounds away.

    python -m services.serving.measure_explanations [--last 200]

over the lists that a home has served (`TABLESTAKES_HOME`). The first explanation with a model, a catalogue and live
data reads these; the others find them. It is no part of the path of a list.
"""

import argparse
import time

import numpy as np
from sqlalchemy import Engine

from services.audit.documents import read_document
from services.audit.trail import AuditTrail
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.serving.replay import Replayer
from services.serving.served_document import served_document
from services.serving.taken_apart import taken_apart
from services.settings import Settings
from services.stakeholders.policies import PolicyStore


def measure(engine: Engine, last: int) -> list[str]:
    """Lines of figures; times in milliseconds."""
    replayer = Replayer(engine, PolicyStore(engine, AuditTrail(engine, Clock()), Clock()))
    catalogue = CatalogueStore(engine)
    replays, parts, rounded, exact = [], [], [0.0], 0
    wanted = replayer.newest(last)
    for request_id in wanted:
        started = time.perf_counter()
        made = replayer.replay(request_id)
        replays.append(time.perf_counter() - started)
        document = read_document(served_document(made.answer))
        profile = catalogue.diner(made.market, made.user_id)
        for restaurant_id in document["restaurant_ids"]:
            started = time.perf_counter()
            found = taken_apart(made.answer, document, restaurant_id, profile)
            parts.append(time.perf_counter() - started)
            exact += found["exact"]
            size = sum(abs(line["value"]) for line in found["features"])
            rounded += [abs(line["value"]) / size for line in found["features"] if "rounding" in line.values()]
    if not parts:
        return ["no list is on record"]
    return [
        f"{len(parts):,} entries of {len(wanted):,} lists, {exact:,} taken apart with nothing left but rounding",
        f"greatest rounding: {max(rounded):.1e} of the sizes of the features",
        f"list made again: {_ms(replays, 50)} ms (p99 {_ms(replays, 99)}, the first {replays[0] * 1e3:,.1f})",
        f"entry taken apart: {_ms(parts, 50)} ms (p99 {_ms(parts, 99)})",
    ]


def _ms(seconds: list[float], percentile: float) -> str:
    return f"{float(np.percentile(seconds, percentile)) * 1e3:,.2f}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--last", type=int, default=200)
    last = parser.parse_args().last
    engine = open_database(Settings().resolved_database_url)
    try:
        migrate(engine)
        for line in measure(engine, last):
            print(line)
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()
