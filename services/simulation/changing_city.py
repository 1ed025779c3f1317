"""A city that changes, with and without retraining: what standing still costs, and how fast the loop makes up for it.

    python -m services.simulation.changing_city [--seeds 5] [--json FILE]

A market lives under two arms from the same state, with the same visits and the same luck. One keeps the model that was
learnt before the change. The other's lists and what came of them go into the event log of a home, which the retraining
job learns from every few days; what passes its gates is promoted, as infra would with one call. Both list from the
catalogue of the day: a restaurant that opens is listed at once, by its tags, whether or not a model has seen it.
"""

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city.change import Change
from data.city.context import day_start
from data.city.lister import Visits
from data.city.market import Market
from data.city.noise import mix
from data.city.parameters import CityParameters
from data.city.simulation import Simulation
from data.columns import Table
from data.dataset import Dataset, Manifest, to_arrow, writing
from data.geo import distance_km
from models import artifacts
from models.base import ModelError
from services.audit.trail import AuditTrail
from services.catalogue.records import Restaurant
from services.catalogue.store import CatalogueStore
from services.clock import Clock
from services.database.engine import migrate, open_database
from services.events.importing import import_events
from services.fan_out import Engine, in_order
from services.fan_out.options import add_engine, engine_of
from services.releases.registry import ModelRegistry
from services.releases.states import Move
from services.releases.store import ReleaseStore
from services.retraining.job import RetrainingJob
from services.serving.snapshot import build_snapshot
from services.settings import Settings
from services.simulation.diary import Diary
from services.simulation.outcomes import Doubles, Measured, Tally, interval, ratio
from services.simulation.plan import MINUTES
from services.simulation.ranked_lister import RankedLister, ServedMarket
from services.simulation.town import groups_of
from services.simulation.wallets import Pacing, Rhythm, Wallets
from services.stakeholders.policy import AdPolicy, Policy

STILL, LOOP = "standing still", "retraining"
_EXPLORATION: Final = 0x7265636F
_POLICY: Final = Policy(name="changing-city", exploration=0.02, ads=AdPolicy(money=0.0))
"""Explores a little: what is never shown is never learnt. Sells nothing."""


@dataclass(frozen=True)
class Plan:
    """How long what lasts, in days."""

    restaurants: int = 300
    diners: int = 2_000
    warm_days: int = 28
    """Of log, from which the first model is learnt."""
    quiet_days: int = 7
    """From the first model to the change."""
    days: int = 21
    """After the change."""
    every: int = 7
    """Between two runs of retraining."""
    window: int = 14
    """Of log that a run learns from."""
    model: str = "lightfm"
    opening: float = 0.15
    closing: float = 0.1
    taste: float = 0.5
    fashion: float = 0.5

    @property
    def change(self) -> Change:
        """What happens to the city."""
        return Change(self.warm_days + self.quiet_days, self.opening, self.closing, self.taste, self.fashion)


@dataclass(frozen=True)
class Curves:
    """One city's nDCG@10 by the truth."""

    by_day: Mapping[str, Doubles]
    """(quiet_days + days,) of each arm."""
    stopped: int = 0
    """Runs of retraining whose version did not pass the gates."""


@dataclass(eq=False)
class _Arm:
    """Diners and lists of one way to live."""

    lister: RankedLister
    ndcg: list[float] = field(default_factory=list)


def run(plan: Plan, seeds: Sequence[int], engine: Engine) -> list[Curves]:
    """Each seed's city; what comes out does not depend on the engine. Raises ValueError for fewer than two seeds."""
    if len(set(seeds)) < 2:
        raise ValueError("seeds: at least two different ones, for an interval")
    return in_order(engine, run_seed, ((plan, seed) for seed in seeds))


def run_seed(plan: Plan, seed: int) -> Curves:
    """One city under both arms."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        town = _Town(plan, seed, Path(folder))
        with contextlib.closing(town):
            for day in range(plan.warm_days, plan.change.day + plan.days):
                town.live(day)
        return Curves({name: np.asarray(arm.ndcg) for name, arm in town.arms.items()}, town.stopped)


class _Town:
    """One city, its first log and model, the two arms, and the home of the one that retrains."""

    def __init__(self, plan: Plan, seed: int, folder: Path) -> None:
        self._plan, self._seed, self._folder = plan, seed, folder
        self._market = Market(
            0, plan.restaurants, plan.diners, plan.warm_days, seed, CityParameters(), plan.quiet_days + plan.days
        )
        self._market.city = plan.change.before(self._market.city, seed)
        info = self._market.describe()
        with writing(folder / "log") as writer:
            left = self._market.write(writer)
            writer.finish(Manifest(source="synthetic", markets=(info,), repeats=True, has_times=True))
        self._first = Dataset.open(folder / "log")
        self._info, self._zone = info, self._market.name.time_zone
        self._diary = Diary(self._first, self._market, self._market.city, CityParameters(), seed)
        self._clock = _StandingClock()
        self._settings = Settings(
            home=folder / "home", database_url="", mlflow_uri="", retrain_days=plan.window, retrain_models=[plan.model]
        )
        self._engine = open_database(self._settings.resolved_database_url)
        migrate(self._engine)
        trail = AuditTrail(self._engine, self._clock)
        self._registry, self._releases = (
            ModelRegistry(self._engine, self._clock),
            ReleaseStore(self._engine, trail, self._clock),
        )
        self._clock.at = day_start(plan.warm_days, self._zone)
        self.stopped = 0
        self._remember(self._first)
        if not self._retrain(plan.warm_days):
            raise ModelError(f"seed {seed}: the first model did not pass its gates; make the city larger")
        served = self._served()
        self.arms = {name: _Arm(self._lister(served, left)) for name in (STILL, LOOP)}

    def close(self) -> None:
        """Let go of the home."""
        self._engine.dispose()

    def live(self, day: int) -> None:
        """One day under both arms, and before it a run of retraining where one is due."""
        plan, since = self._plan, day - self._plan.change.day
        for name, arm in self.arms.items():
            if name == LOOP and since > 0 and since % plan.every == 0 and self._retrain(day):
                arm.lister.market = self._served()
            if since == 0:
                arm.lister.simulation.city = plan.change.after(arm.lister.simulation.city, self._seed)
            arm.lister.tally = Tally()
            visits = self._market.run_day(arm.lister.simulation, day, arm.lister, MINUTES)
            arm.ndcg.append(arm.lister.tally.gain / max(arm.lister.tally.requests, 1))
            if name == LOOP:
                self._record(arm, day, visits)

    def _lister(self, served: ServedMarket, diners: Simulation) -> RankedLister:
        wallets = Wallets(served.snapshot.book, Pacing.NONE, Rhythm(np.zeros((1, 24)), self._zone))
        return RankedLister(served, _POLICY, diners.copy(), wallets)

    def _record(self, arm: _Arm, day: int, hours: Sequence[Visits]) -> None:
        """What was shown on this day, and what came of it, into the home's log."""
        table = self._diary.record(arm.lister.simulation.city, day, hours)
        everything = np.ones(self._plan.restaurants, np.bool_)
        self._remember(self._diary.dataset([table], everything, self._folder / "day"))

    def _remember(self, dataset: Dataset) -> None:
        import_events(self._engine, dataset, self._info.market, lambda *_: None)

    def _retrain(self, day: int) -> bool:
        """A run at the beginning of a day, of what had happened then; whether its version serves from now on."""
        market, self._clock.at = self._info.market, day_start(day, self._zone)
        restaurants = self._first.restaurants()
        there = restaurants[restaurants[col.OPENED_AT] < pd.Timestamp(self._clock.at)]
        CatalogueStore(self._engine).load(self._info, there, self._first.diners())
        job = RetrainingJob(self._engine, self._settings, self._clock)
        asked = job.runs.request(market, [self._plan.model], self._seed, "simulation")
        job.work()
        registered = job.runs.steps(asked).get("register")
        if registered is None or registered.document[self._plan.model]["outcome"] != "challenger":
            self.stopped += 1
            return False
        self._releases.move(market, registered.document[self._plan.model]["version"], Move.PROMOTE, role="infra")
        return True

    def _served(self) -> ServedMarket:
        """The market as it is served with the champion."""
        champion = self._registry.champion(self._info.market)
        assert champion is not None, "the first version became it"
        homes, places = self._market.city.diners, self._market.city.restaurants
        rows = to_arrow(self._first.restaurants(), Table.RESTAURANTS).to_pylist()
        listed = [Restaurant.model_validate(row) for row in rows]
        artifact, policies = artifacts.load(Path(champion.path)), {_POLICY.name: _POLICY}
        return ServedMarket(
            snapshot=build_snapshot(self._info, 1, listed, artifact, policies, _POLICY.name, 1, []),
            distances_km=distance_km(homes.lat[:, None], homes.lon[:, None], places.lat, places.lon),
            order_values=np.ones(places.lat.size),
            groups=groups_of(places),
            daily_requests=1.0,
            rhythm=np.ones(24),
            fallback=np.zeros(places.lat.size),
            seed_key=mix(np.full(1, self._seed, np.uint64), _EXPLORATION),
        )


class _StandingClock(Clock):
    """A clock that stands where it is put."""

    at: datetime = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        """The time at which it stands."""
        return self.at


def report(plan: Plan, runs: Sequence[Curves]) -> dict[str, Any]:
    """Both curves by day, and by stretch between two runs, with intervals over cities.

    `recovered` is the share of what the change cost that retraining has won back: (loop - still) / (before - still).
    """
    days = {name: np.stack([curves.by_day[name] for curves in runs]) for name in (STILL, LOOP)}
    ends = [plan.quiet_days, *range(plan.quiet_days + plan.every, plan.quiet_days + plan.days + 1, plan.every)]
    before = days[LOOP][:, : plan.quiet_days].mean(axis=1)
    stretches = []
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        means = {name: values[:, start:end].mean(axis=1) for name, values in days.items()}
        gain, lost = means[LOOP] - means[STILL], before - means[STILL]
        stretches.append(
            {
                "from_day": start - plan.quiet_days,
                "to_day": end - plan.quiet_days - 1,
                "runs": max(0, number - 1),
                **{name: interval(values) for name, values in means.items()},
                "gain": interval(gain),
                "recovered": ratio(gain, lost) if number > 1 else None,
            }
        )
    return {
        "cities": len(runs),
        "stopped": sum(curves.stopped for curves in runs),
        "setting": asdict(plan),
        "by_day": [
            {"day": day - plan.quiet_days, **{name: interval(values[:, day]) for name, values in days.items()}}
            for day in range(plan.quiet_days + plan.days)
        ],
        "stretches": stretches,
    }


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """The table."""
    setting = result["setting"]
    yield (
        f"{result['cities']} cities of {setting['restaurants']:,} restaurants and {setting['diners']:,} diners, which "
        f"change on day 0; {setting['model']}, learnt anew every {setting['every']} days from {setting['window']}; "
        f"nDCG@10 by the truth, 95 % intervals over cities; {result['stopped']} runs stopped by their gates"
    )
    yield ""
    yield f"{'days':<12}{'runs':<6}{STILL:<28}{LOOP:<28}{'gain':<28}{'won back':<24}"
    for row in result["stretches"]:
        days = f"{row['from_day']} to {row['to_day']}"
        cells = "".join(f"{_text(row[name]):<28}" for name in (STILL, LOOP, "gain"))
        yield f"{days:<12}{row['runs']:<6}{cells}{_share(row['recovered']):<24}".rstrip()


def _text(measured: Measured) -> str:
    return f"{measured['value']:.3f} [{measured['low']:.3f}, {measured['high']:.3f}]"


def _share(measured: Measured | None) -> str:
    if measured is None or measured["value"] is None:
        return "-"
    return "{:.0%} [{:.0%}, {:.0%}]".format(*(measured[name] for name in ("value", "low", "high")))


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m services.simulation.changing_city")
    plan = Plan()
    for name, value in asdict(plan).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    parser.add_argument("--seeds", type=int, default=5, help="cities; intervals are over them")
    add_engine(parser)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    seeds, file = given.seeds, given.json
    plan = replace(plan, **{name: getattr(given, name) for name in asdict(plan)})
    result = report(plan, run(plan, range(1, seeds + 1), engine_of(given)))
    print("\n".join(lines(result)))
    if file is not None:
        file.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
