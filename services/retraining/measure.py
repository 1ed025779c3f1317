"""What a retraining run costs beside its fits: `python -m services.retraining.measure`.

A synthetic city's log goes into a home of its own, whose champion has learnt from all but the last days, and a run is
done there in this process. CPU seconds are compared, not the clock: other work on the machine must not change it.
"""

import argparse
import gc
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from threadpoolctl import threadpool_limits

from data import columns as col
from data.city.generate import generate
from data.dataset import Dataset
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.events.export import export_dataset
from services.events.importing import import_events
from services.retraining.folders import run_folder, tail
from services.retraining.job import RetrainingJob
from services.retraining.runs import RunState
from services.retraining.training import train_markets
from services.settings import Settings

BOUND: Final = 0.5
"""What everything but the fits may cost, in fits."""
_FIT: Final = ": fitting "
_DAYS_SINCE: Final = 4


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a run."""

    events: int
    fits: float
    parts: Mapping[str, float]
    """Everything else, by what it was for."""

    @property
    def overhead(self) -> float:
        """Everything else together."""
        return sum(self.parts.values())

    @property
    def ratio(self) -> float:
        """The overhead in fits."""
        return self.overhead / self.fits

    def lines(self) -> list[str]:
        """For the terminal."""
        return [
            f"a run over {self.events:,} events, CPU seconds",
            f"  {'all fits':<28}{self.fits:8.2f}",
            *(f"  {name:<28}{seconds:8.2f}" for name, seconds in self.parts.items()),
            f"  {'all but the fits':<28}{self.overhead:8.2f}   {self.ratio:.2f} of the fits (at most {BOUND:g})",
        ]

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"events": self.events, "fits": self.fits, "parts": dict(self.parts), "ratio": self.ratio}


def cost_of(log: Sequence[Mapping[str, Any]], events: int) -> Cost:
    """From a run's log: what lies between two of its lines belongs to what the first one says."""
    fits, parts, doing = 0.0, dict[str, float](), "start"
    before = log[0]["cpu_seconds"]
    for line in log:
        spent, before = line["cpu_seconds"] - before, line["cpu_seconds"]
        if _FIT in doing:
            fits += spent
        else:
            name = doing.rpartition(": ")[2]
            parts[name] = parts.get(name, 0.0) + spent
        doing = line.get("step", line["event"])
        if line["event"] == "step_kept":
            doing = "storing"
    return Cost(events, fits, parts)


def measure(folder: Path, *, restaurants: int, diners: int, days: int, models: Sequence[str], seed: int) -> Cost:
    """Make the city and the home, train the champion, do one run."""
    generate(folder / "city", restaurants=restaurants, diners=diners, days=days, markets=1, seed=seed)
    dataset = Dataset.open(folder / "city")
    market = dataset.markets[0]
    settings = Settings(home=folder / "home", database_url="", mlflow_uri="")
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        CatalogueStore(engine).load(dataset.market(market), dataset.restaurants(market), dataset.diners(market))
        stored = import_events(engine, dataset, market, _quiet).stored
        made = dataset.events(market, columns=[col.AT])[col.AT].max().floor("D") - timedelta(days=_DAYS_SINCE - 1)
        before = export_dataset(engine, folder / "before", until=made)
        list(train_markets(settings, before, "popular", progress=_quiet, passed_over=_say))
        gc.set_threshold(200_000, 20, 20)  # as the process that the worker starts
        job = RetrainingJob(engine, settings, Clock())
        run = job.runs.request(market, models, seed, "admin")
        done = job.work()
        assert done is not None, "nobody else works in this home"
        if done[0].state is not RunState.FINISHED:
            raise SystemExit(f"the run failed: {'; '.join(done[0].reasons)}")
        return cost_of(tail(run_folder(settings.retraining, market, run.run_id), 100_000), stored)
    finally:
        engine.dispose()


def _quiet(_step: str, _done: int, _total: int) -> None:
    """No progress."""


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 0 where the overhead is within its bound."""
    parser = argparse.ArgumentParser(prog="python -m services.retraining.measure", description=__doc__.splitlines()[0])
    parser.add_argument("--restaurants", type=int, default=1_000)
    parser.add_argument("--diners", type=int, default=12_000)
    parser.add_argument("--days", type=int, default=25, help="of log: 12,000 diners make about 40,000 events a day")
    parser.add_argument("--model", action="append", help="members of the ladder; lightfm by default")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = parser.parse_args(argv)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="tablestakes-retraining-") as folder, threadpool_limits(limits=1):
        cost = measure(
            Path(folder),
            restaurants=chosen.restaurants,
            diners=chosen.diners,
            days=chosen.days,
            models=chosen.model or ["lightfm"],
            seed=chosen.seed,
        )
    print("\n".join(cost.lines()))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(cost.document(), indent=2) + "\n")
    return 0 if cost.ratio <= BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
