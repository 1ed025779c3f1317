"""What the loop is for: a city changes, and a champion that nobody retrains falls behind.

    python -m services.simulation.changed_city

Diners of one city order for some days; then each of them has another one's tastes (those of a second city of the same
size), and half of the restaurants are replaced by new ones. The home is retrained every few days, and its challengers
are made champions. They and the first champion are asked about each next day's orders.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pandas as pd

from data import columns as col
from data.city.generate import generate
from data.columns import Table
from data.dataset import Dataset, Manifest, writing
from models import artifacts
from models.evaluation import evaluate as evaluation
from models.pipeline import Ground
from models.preparation import usual
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.events.importing import import_events
from services.releases.registry import ModelRegistry
from services.retraining.champion import as_it_serves
from services.retraining.job import RetrainingJob
from services.settings import Settings

_METRIC: Final = "ndcg@10"


@dataclass(frozen=True)
class Sizes:
    """How large the city is, and when what happens."""

    restaurants: int = 100
    diners: int = 1_000
    days: int = 10
    """Before the change, and after it."""
    every: int = 3
    """Days between two runs."""
    seed: int = 1


@dataclass(frozen=True)
class Day:
    """One day after the first champion was made."""

    day: int
    changed: bool
    runs: int
    """Since the change."""
    stale: dict[str, float]
    """nDCG@10 of the champion that nobody retrains, on the next day's orders."""
    looped: dict[str, float]

    def line(self) -> str:
        """For the terminal."""
        when = "after the change" if self.changed else "before the change"
        without, looped = (
            f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]" for figure in (self.stale, self.looped)
        )
        return f"day {self.day:>3}  {when:<18} without the loop {without}   with it, {self.runs} runs: {looped}"


def run(folder: Path, sizes: Sizes) -> list[Day]:
    """Both curves; from two days before the change on."""
    first = _city(folder / "first", sizes, sizes.seed)
    changed = _changed(folder, first, _city(folder / "second", sizes, sizes.seed + 1), sizes)
    market = first.markets[0]
    settings = Settings(home=folder / "home", database_url="", mlflow_uri="")
    engine = open_database(settings.resolved_database_url)
    try:
        migrate(engine)
        CatalogueStore(engine).load(changed.market(market), changed.restaurants(market), changed.diners(market))
        begins = first.events(market, columns=[col.AT])[col.AT].min().floor("D")
        registry, curve, runs = ModelRegistry(engine), list[Day](), 0
        stale = None
        for day in range(sizes.days - 2, 2 * sizes.days - 1):
            today = (begins + timedelta(days=day)).to_pydatetime()
            since = day - sizes.days
            import_events(engine, _until(folder / "today", changed, today), market, lambda *_: None)
            if stale is None or (since > 0 and since % sizes.every == 0):
                job = RetrainingJob(engine, settings, _At(today))
                asked = job.runs.request(market, ["lightfm"], 0, "admin")
                job.work()
                registered = job.runs.steps(asked)["register"].document["lightfm"]
                if registered["outcome"] == "challenger":
                    registry.make_champion(market, registered["version"])
                runs += since > 0
            champion = registry.champion(market)
            assert champion is not None, "the first version becomes it"
            stale = stale or champion
            tomorrow = _until(folder / "tomorrow", changed, today + timedelta(days=1))
            prepared = Ground(tomorrow, market, protocol=usual(tomorrow, test_from=today)).prepared
            scores = [as_it_serves(artifacts.load(Path(one.path)))(prepared) for one in (stale, champion)]
            figures = [evaluation.measure(prepared.question, score).per_diner[_METRIC] for score in scores]
            curve.append(Day(day, since >= 0, runs, *evaluation.intervals(figures, 0)))
    finally:
        engine.dispose()
    return curve


class _At(Clock):
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at = at

    def now(self) -> datetime:
        """The time at which it stands."""
        return self._at


def _city(path: Path, sizes: Sizes, seed: int) -> Dataset:
    generate(path, restaurants=sizes.restaurants, diners=sizes.diners, days=sizes.days, markets=1, seed=seed)
    return Dataset.open(path)


def _until(path: Path, whole: Dataset, end: datetime) -> Dataset:
    """What has happened by then."""
    with writing(path) as writer:
        writer.append(Table.RESTAURANTS, whole.restaurants())
        writer.append(Table.DINERS, whole.diners())
        writer.append(Table.EVENTS, whole.events(until=pd.Timestamp(end)))
        writer.finish(whole.manifest)
    return Dataset.open(path)


def _changed(folder: Path, first: Dataset, second: Dataset, sizes: Sizes) -> Dataset:
    """The first city's log, then the second's by the same diners; half of its restaurants are new ones."""
    market = first.markets[0]
    there, new = first.restaurants(market), second.restaurants(market)
    moved = dict(zip(new[col.RESTAURANT_ID], new[col.RESTAURANT_ID], strict=True))
    for restaurant_id in new[col.RESTAURANT_ID].iloc[::2]:
        moved[restaurant_id] = f"new-{restaurant_id}"
    new[col.RESTAURANT_ID] = new[col.RESTAURANT_ID].map(moved)
    opened = new[new[col.RESTAURANT_ID].str.startswith("new-")].assign(**{col.MARKET: market})
    after = second.events(second.markets[0])
    after[col.MARKET] = market
    after[col.AT] += timedelta(days=sizes.days)
    after[col.RESTAURANT_ID] = after[col.RESTAURANT_ID].map(moved)
    for name in (col.EVENT_ID, col.REQUEST_ID):
        after[name] = "after-" + after[name]
    with writing(folder / "changed") as writer:
        writer.append(Table.RESTAURANTS, pd.concat([there, opened]))
        writer.append(Table.DINERS, first.diners(market))
        writer.append(Table.EVENTS, pd.concat([first.events(market), after]))
        writer.finish(Manifest(source="home", markets=first.manifest.markets[:1], repeats=True, has_times=True))
    return Dataset.open(folder / "changed")


def main(argv: Sequence[str] | None = None) -> int:
    """Print both curves; 0 where the loop is certainly better after two runs."""
    parser = argparse.ArgumentParser(prog="python -m services.simulation.changed_city", description="Both curves.")
    plain = Sizes()
    for name, value in vars(plain).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    sizes = Sizes(**vars(parser.parse_args(argv)))
    with tempfile.TemporaryDirectory(prefix="tablestakes-change-") as folder:
        curve = run(Path(folder), sizes)
    print("\n".join(day.line() for day in curve))
    after = [day for day in curve if day.runs >= 2]
    return 0 if after and all(day.looped["low"] > day.stale["high"] for day in after) else 1


if __name__ == "__main__":
    sys.exit(main())
