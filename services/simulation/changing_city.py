"""A city that changes, with and without retraining: what standing still costs, and how fast the loop makes up for it.

    python -m services.simulation.changing_city [--seeds 5] [--json FILE] [--figure FILE]

A market lives under two arms from the same state, with the same visits and the same luck. One keeps the model that was
learnt before the change; the other learns anew from its own log every few days. Both list from the catalogue of the
day: a restaurant that opens is listed at once, by its tags, whether or not a model has seen it.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city.aftermath import Recorder
from data.city.change import Change
from data.city.context import day_start
from data.city.lister import Visits
from data.city.log import Events, Namer
from data.city.market import Market
from data.city.noise import mix
from data.city.parameters import CityParameters
from data.city.simulation import Simulation
from data.columns import Table
from data.dataset import Dataset, Manifest, to_arrow, writing
from data.geo import distance_km
from models import pipeline
from models.artifacts import Artifact
from services.catalogue.records import Restaurant
from services.serving.snapshot import build_snapshot
from services.simulation.closed_loop import MINUTES
from services.simulation.outcomes import Doubles, Measured, Tally, interval, ratio
from services.simulation.ranked_lister import RankedLister, ServedMarket
from services.simulation.wallets import Pacing, Rhythm, Wallets
from services.stakeholders.policy import AdPolicy, Policy

STILL, LOOP = "standing still", "retraining"
_RECORDS: Final = 0x7265636F
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
    days: int = 28
    """After the change."""
    every: int = 7
    """Between two runs of retraining."""
    window: int = 28
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


@dataclass(eq=False)
class _Arm:
    """Diners, lists and log of one way to live."""

    lister: RankedLister
    log: list[pa.Table]
    requests: int
    orders: int
    ndcg: list[float] = field(default_factory=list)


def run(plan: Plan, seeds: Sequence[int], jobs: int) -> list[Curves]:
    """Each seed's city; what comes out does not depend on `jobs`. Raises ValueError for fewer than two seeds."""
    if len(set(seeds)) < 2:
        raise ValueError("seeds: at least two different ones, for an interval")
    return list(Parallel(n_jobs=jobs)(delayed(run_seed)(plan, seed) for seed in seeds))


def run_seed(plan: Plan, seed: int) -> Curves:
    """One city under both arms."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        town = _Town(plan, seed, Path(folder))
        for day in range(plan.warm_days, plan.change.day + plan.days):
            town.live(day)
        return Curves({name: np.asarray(arm.ndcg) for name, arm in town.arms.items()})


class _Town:
    """One city, its first log and model, and the two arms."""

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
        self._namer = Namer.of(info.market, 0, plan.restaurants, plan.diners)
        log = pq.read_table(self._first.file(Table.EVENTS))
        artifact = self._learn(plan.warm_days, [log], "first")
        served = self._served(artifact)
        # Numbers go on far above the log's, of which there are fewer than it has rows.
        self.arms = {
            name: _Arm(self._lister(served, left), [log], requests=log.num_rows, orders=log.num_rows)
            for name in (STILL, LOOP)
        }

    def live(self, day: int) -> None:
        """One day under both arms, and before it a run of retraining where one is due."""
        plan, since = self._plan, day - self._plan.change.day
        for name, arm in self.arms.items():
            if name == LOOP and since > 0 and since % plan.every == 0:
                arm.lister.market = self._served(self._learn(day, arm.log, f"run-{day}"))
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
        city, rng = arm.lister.simulation.city, np.random.default_rng([self._seed, _RECORDS, day])
        recorder = Recorder(city.restaurants, city.diners, CityParameters(), self._market.name.price_scale)
        start, events = round(day_start(day, self._zone).timestamp()) * 1_000_000, [Events.none()]
        for visits in hours:
            events += recorder.record(visits, start, arm.requests, arm.orders, rng)
            arm.requests += len(visits.diners)
            arm.orders += int(np.count_nonzero(visits.outcome.ordered >= 0))
        first = sum(part.num_rows for part in arm.log)
        arm.log.append(self._namer.table(Events.join(events).in_time_order(), first))

    def _learn(self, day: int, log: Sequence[pa.Table], name: str) -> Artifact:
        """A model of what had happened when the day began: the window's events, the restaurants that were open."""
        now, since = (pd.Timestamp(day_start(number, self._zone)) for number in (day, day - self._plan.window))
        events = pa.concat_tables(log)
        at = events.column(col.AT)
        within = pc.and_(pc.less(at, pa.scalar(now, at.type)), pc.greater_equal(at, pa.scalar(since, at.type)))
        restaurants = self._first.restaurants()
        with writing(self._folder / name) as writer:
            writer.append(Table.RESTAURANTS, restaurants[restaurants[col.OPENED_AT] < now])
            writer.append(Table.DINERS, self._first.diners())
            writer.append(Table.EVENTS, events.filter(within).sort_by(col.AT))
            writer.finish(self._first.manifest)
        dataset = Dataset.open(self._folder / name)
        return pipeline.train(dataset, self._info.market, self._plan.model, self._folder / "artifacts", seed=self._seed)

    def _served(self, artifact: Artifact) -> ServedMarket:
        homes, places = self._market.city.diners, self._market.city.restaurants
        restaurants = to_arrow(self._first.restaurants(), Table.RESTAURANTS).to_pylist()
        listed = [Restaurant.model_validate(row) for row in restaurants]
        return ServedMarket(
            snapshot=build_snapshot(self._info, 1, listed, artifact, {_POLICY.name: _POLICY}, _POLICY.name, 1, []),
            distances_km=distance_km(homes.lat[:, None], homes.lon[:, None], places.lat, places.lon),
            order_values=np.ones(places.lat.size),
            seed_key=mix(np.full(1, self._seed, np.uint64), _RECORDS),
        )


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
        "nDCG@10 by the truth, 95 % intervals over cities"
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
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    chosen = vars(parser.parse_args(argv))
    seeds, jobs, file = chosen.pop("seeds"), chosen.pop("jobs"), chosen.pop("json")
    plan = replace(plan, **chosen)
    result = report(plan, run(plan, range(1, seeds + 1), jobs))
    print("\n".join(lines(result)))
    if file is not None:
        file.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
