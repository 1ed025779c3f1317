"""The closed loop: a city's diners meet the lists of a policy, day after day, and come back with what they remember.

For each seed a city is drawn, its log is written, a model is trained on the log as `tablestakes train` does it; then
life goes on under each policy from the same state. Visits and luck belong to diner, day and restaurant, not to the
policy (common random numbers), so the difference between two policies has none of their noise.
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city.generate import generate_market
from data.city.market import Market
from data.city.noise import mix
from data.city.simulation import Simulation
from data.columns import EventType, Table
from data.dataset import Dataset, to_arrow
from data.geo import distance_km
from models import pipeline
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.simulation.outcomes import Doubles, Tally, figures, interval
from services.simulation.ranked_lister import RankedLister, ServedMarket
from services.simulation.wallets import Pacing, Rhythm, Wallets
from services.stakeholders.policy import Policy

MINUTES: Final = 10
"""Requests of so many minutes are ranked together; what they are charged is known to the auctions after them."""
DAYS_PER_WEEK: Final = 7
FEWEST_SEEDS: Final = 2
"""An interval over seeds needs as many."""
_EXPLORATION: Final = 1_000_003

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Plan:
    """What is simulated."""

    policies: tuple[Policy, ...]
    """Of different names."""
    restaurants: int = 300
    diners: int = 2_000
    warm_days: int = 14
    """Days of log that the model learns from."""
    days: int = 7
    """Days under each policy."""
    model: str = "lightfm"
    pacing: Pacing = Pacing.DUAL

    def __post_init__(self) -> None:
        names = [policy.name for policy in self.policies]
        if not names or len(set(names)) < len(names):
            raise ValueError("policies: at least one, and each of its own name")


@dataclass(frozen=True)
class SeedRun:
    """What one city came to."""

    weeks: Mapping[str, tuple[Tally, ...]]
    """By policy."""
    cpu_seconds: float
    """Of the simulation under all policies, without what comes before it."""

    def total(self, policy: str) -> Tally:
        """Over all weeks."""
        return sum(self.weeks[policy], start=Tally())


def simulate(plan: Plan, seeds: Sequence[int], jobs: int, progress: Progress) -> list[SeedRun]:
    """Run each seed in one of `jobs` processes, spawned anew; the outcomes do not depend on how many there are.

    Raises ValueError for fewer than two seeds or one given twice, ModelError where the log is too short to learn from.
    """
    if len(seeds) < FEWEST_SEEDS or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds: at least {FEWEST_SEEDS}, all different")
    runs: list[SeedRun] = []
    progress("seeds", 0, len(seeds))
    # joblib's own backend starts processes by exec: one that is forked would hang in LightFM's OpenMP.
    for run in Parallel(n_jobs=jobs, return_as="generator")(delayed(run_seed)(plan, seed) for seed in seeds):
        runs.append(run)
        progress("seeds", len(runs), len(seeds))
    return runs


def run_seed(plan: Plan, seed: int) -> SeedRun:
    """One city under all policies."""
    # One thread, that sums are added in the same order however many processes there are.
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        town = Town.found(plan, seed, Path(folder))
        started = time.process_time()
        weeks = {policy.name: town.live(town.lister(policy, plan.pacing), plan) for policy in plan.policies}
        return SeedRun(weeks, time.process_time() - started)


@dataclass(frozen=True, eq=False)
class Town:
    """A city after its log, with a model of it: what all policies of a seed have in common. Never changed."""

    market: Market
    diners: Simulation
    """As the log left them."""
    served: ServedMarket
    rhythm: Rhythm

    @classmethod
    def found(cls, plan: Plan, seed: int, folder: Path) -> Self:
        """Draw, log, train; `folder` is for the files, which are read while the town is in use.

        Raises ModelError where the log is too short to learn from.
        """
        market, diners = generate_market(
            folder / "city",
            restaurants=plan.restaurants,
            diners=plan.diners,
            days=plan.warm_days,
            ahead=plan.days,
            seed=seed,
        )
        dataset = Dataset.open(folder / "city")
        homes, places = market.city.diners, market.city.restaurants
        served = ServedMarket(
            snapshot=_snapshot(dataset, plan, seed, folder / "artifacts"),
            distances_km=distance_km(homes.lat[:, None], homes.lon[:, None], places.lat, places.lon),
            order_values=100.0 * market.name.price_scale * np.exp(places.log_price),
            seed_key=mix(np.full(1, seed, np.uint64), _EXPLORATION),
        )
        return cls(market, diners, served, Rhythm(_hourly(dataset, plan.warm_days), market.name.time_zone))

    def lister(self, policy: Policy, pacing: Pacing) -> RankedLister:
        """One of the plan's policies, with budgets and diners of its own."""
        wallets = Wallets(self.served.snapshot.book, pacing, self.rhythm)
        return RankedLister(self.served, policy, self.diners.copy(), wallets)

    def live(self, lister: RankedLister, plan: Plan) -> tuple[Tally, ...]:
        """The plan's days with these lists, by week."""
        weeks = []
        for first in range(0, plan.days, DAYS_PER_WEEK):
            lister.tally = Tally()
            for day in range(plan.warm_days + first, plan.warm_days + min(first + DAYS_PER_WEEK, plan.days)):
                lister.tally += Tally(budgets=lister.wallets.budgets_today(day))
                self.market.run_day(lister.simulation, day, lister, MINUTES)
            weeks.append(lister.tally)
        return tuple(weeks)


def report(plan: Plan, runs: Sequence[SeedRun]) -> dict[str, Any]:
    """The figures with their intervals over seeds, and each policy's paired difference from the first."""
    names = [policy.name for policy in plan.policies]
    by_policy = {name: figures([run.total(name) for run in runs]) for name in names}
    weeks = range(len(runs[0].weeks[names[0]]))
    requests = sum(run.total(name).requests for run in runs for name in names)
    return {
        "seeds": len(runs),
        "setting": _setting(plan),
        "policies": {name: _intervals(by_policy[name]) for name in names},
        "differences": {
            name: _intervals({figure: by_policy[name][figure] - first for figure, first in by_policy[names[0]].items()})
            for name in names[1:]
        },
        "by_week": [
            {
                "week": week + 1,
                "policies": {name: _intervals(figures([run.weeks[name][week] for run in runs])) for name in names},
            }
            for week in weeks
        ],
        "documents": {policy.name: policy.model_dump(mode="json") for policy in plan.policies},
        "speed": {
            "requests": requests,
            "requests_per_second_per_core": requests / max(sum(run.cpu_seconds for run in runs), 1e-9),
        },
    }


def _intervals(values: Mapping[str, Doubles]) -> dict[str, Any]:
    return {name: interval(of_seeds) for name, of_seeds in values.items()}


def _setting(plan: Plan) -> dict[str, Any]:
    named = {field.name: getattr(plan, field.name) for field in fields(plan) if field.name != "policies"}
    return {**named, "pacing": str(plan.pacing)}


def _snapshot(dataset: Dataset, plan: Plan, seed: int, artifacts: Path) -> MarketSnapshot:
    """The market as the API would serve it with a model of this log."""
    [info] = dataset.manifest.markets
    artifact = pipeline.train(dataset, info.market, plan.model, artifacts, seed=seed)
    restaurants = to_arrow(dataset.restaurants(), Table.RESTAURANTS).to_pylist()
    campaigns = to_arrow(dataset.campaigns(), Table.CAMPAIGNS).to_pylist()
    return build_snapshot(
        info,
        1,
        [Restaurant.model_validate(row) for row in restaurants],
        artifact,
        {policy.name: policy for policy in plan.policies},
        plan.policies[0].name,
        1,
        [Campaign.model_validate(row) for row in campaigns],
    )


def _hourly(dataset: Dataset, days: int) -> Doubles:
    """(days, 24) requests of each local hour of the log."""
    [info] = dataset.manifest.markets
    shown = dataset.events(types=[EventType.IMPRESSION], columns=[col.AT, col.POSITION])
    at = shown[col.AT][shown[col.POSITION] == 1].dt.tz_convert(info.time_zone)
    first = at.dt.normalize().min()
    numbers = (at.dt.normalize() - first).dt.days.to_numpy() * 24 + at.dt.hour.to_numpy()
    return np.bincount(numbers, minlength=24 * days)[: 24 * days].reshape(days, 24).astype(np.float64)
