"""A city after its log, with models of it: where all policies of a seed set out from, and how one of them lives on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from data import columns as col
from data.city.change import Change
from data.city.context import day_start
from data.city.generate import generate_market
from data.city.life import Feelings, Life, Trade
from data.city.lister import Visits
from data.city.market import Market
from data.city.noise import mix
from data.city.parameters import CityParameters
from data.city.population import Restaurants
from data.city.simulation import Simulation
from data.city.world import City
from data.columns import EventType, Table
from data.dataset import Dataset, to_arrow
from data.geo import distance_km
from models import pipeline
from models.artifacts import Artifact
from services.ads.campaign import Campaign
from services.catalogue.records import Restaurant
from services.serving.snapshot import MarketSnapshot, build_snapshot
from services.simulation.diary import Diary
from services.simulation.outcomes import Doubles, Tally
from services.simulation.plan import DAYS_PER_WEEK, Arm, Drift, Plan
from services.simulation.ranked_lister import RankedLister, ServedMarket
from services.simulation.wallets import Pacing, Rhythm, Wallets
from services.stakeholders.policy import Policy

_EXPLORATION: Final = 1_000_003


@dataclass(frozen=True, eq=False)
class Town:
    """What all policies of a seed have in common. Never changed."""

    plan: Plan
    seed: int
    market: Market
    diners: Simulation
    """As the log left them."""
    serving: Mapping[str, ServedMarket]
    """By model."""
    rhythm: Rhythm
    log: Dataset
    folder: Path
    """For models that are learnt on the way."""
    drifted: dict[int, City] = field(repr=False)
    """The city in the week of the plan that was last asked for."""

    @classmethod
    def found(cls, plan: Plan, seed: int, folder: Path, measured: bool = False) -> Self:
        """Draw, log, train; `folder` is for the files, which are read while the town is in use.

        `measured`: models are measured as for a release, for who reads their metrics; a simulation does not.
        Raises ModelError where the log is too short to learn from.
        """
        market, diners = generate_market(
            folder / "city",
            restaurants=plan.restaurants,
            diners=plan.diners,
            days=plan.warm_days,
            ahead=plan.days,
            seed=seed,
            parameters=CityParameters(choice_model=plan.world.choice),
        )
        log = Dataset.open(folder / "city")
        homes, places = market.city.diners, market.city.restaurants
        market.city.know_pairs()
        rhythm = Rhythm(_hourly(log, plan.warm_days), market.name.time_zone)
        logged = _orders(log)
        order_values = 100.0 * market.name.price_scale * np.exp(places.log_price)
        common: dict[str, Any] = {
            "distances_km": distance_km(homes.lat[:, None], homes.lon[:, None], places.lat, places.lon),
            "order_values": order_values,
            "seed_key": mix(np.full(1, seed, np.uint64), _EXPLORATION),
            "groups": groups_of(places),
            "daily_requests": max(rhythm.daily, 1.0),
            "rhythm": rhythm.typical(),
            "fallback": np.log1p(logged),
        }
        serving = {}
        for model in plan.models:
            artifact = pipeline.train(
                log, market.name.market, model, folder / "artifacts", seed=seed, unmeasured=not measured
            )
            serving[model] = ServedMarket(snapshot=_snapshot(log, plan, artifact), **common)
        if plan.world.life is not None:
            usual = _usual_surplus(market, diners, plan.warm_days)
            feelings = Feelings.fresh(plan.diners, usual, plan.world.life)
            diners.begin_life(Life(feelings, Trade.fresh(logged, plan.warm_days, order_values, plan.world.life)))
        return cls(plan, seed, market, diners, serving, rhythm, log, folder, {0: market.city})

    @property
    def served(self) -> ServedMarket:
        """With the plan's own model, or else the first policy's."""
        return self.serving.get(self.plan.model) or next(iter(self.serving.values()))

    def lister(self, policy: Policy, pacing: Pacing) -> RankedLister:
        """One of the plan's policies, with budgets and diners of its own."""
        served, arm = self.serving[self.plan.model_of(policy)], self._arm(policy)
        wallets = Wallets(served.snapshot.book, pacing, self.rhythm)
        machines = self.plan.world.machines
        if machines is not None:
            machines = replace(machines, added_ms=machines.added_ms + arm.added_ms)
        return RankedLister(served, policy, self.diners.copy(), wallets, machines, self.plan.judge_every)

    def live(self, lister: RankedLister, plan: Plan) -> tuple[Tally, ...]:
        """The plan's days with these lists, by week."""
        weeks: list[Tally] = []
        drift, reaction, arm = plan.world.drift, plan.world.reaction, self._arm(lister.policy)
        every = plan.retrain_days if arm.retrain_days is None else arm.retrain_days
        diary = Diary(self.log, self.market, self.market.city, lister.simulation.parameters, self.seed)
        days: list[pa.Table] = []
        charged, earned = np.zeros((2, len(lister.wallets.book.campaigns)))
        for number in range(plan.days):
            day = plan.warm_days + number
            if number % DAYS_PER_WEEK == 0:
                lister.tally = Tally()
                if drift is not None:
                    lister.simulation.city = self._city(number // DAYS_PER_WEEK, drift)
                if number and reaction is not None:
                    lister.wallets.react(reaction, charged, earned, DAYS_PER_WEEK)
                    charged, earned = np.zeros((2, len(charged)))
            if every and number and number % every == 0:
                lister.market = self._retrained(lister, diary, days, day)
            lister.begin_day(day)
            visits = self.market.run_day(lister.simulation, day, lister, plan.minutes)
            fees, values = lister.take_fees()
            charged, earned = charged + fees, earned + values
            self._settle(lister, day, visits, fees)
            if every:
                days = [*days, diary.record(lister.simulation.city, day, visits)][-plan.warm_days :]
            if number % DAYS_PER_WEEK == DAYS_PER_WEEK - 1 or number == plan.days - 1:
                weeks.append(lister.tally)
        return tuple(weeks)

    def _arm(self, policy: Policy) -> Arm:
        return self.plan.arms.get(policy.name, Arm())

    def _settle(self, lister: RankedLister, day: int, visits: list[Visits], fees: Doubles) -> None:
        """The restaurants' day is over."""
        life, city, book = lister.simulation.life, lister.simulation.city, lister.wallets.book
        if life is None:
            return
        size = city.restaurants.lat.size
        orders = np.zeros(size)
        for part in visits:
            made = np.flatnonzero(part.outcome.ordered >= 0)
            orders += np.bincount(part.slates.restaurants[made, part.outcome.ordered[made]], minlength=size)
        listed = book.rows >= 0
        paid = np.asarray(np.bincount(book.rows[listed], weights=fees[listed], minlength=size), np.float64)
        life.trade.end_day(orders, paid, city.restaurants.opened_day <= day)

    def _city(self, week: int, drift: Drift) -> City:
        """In a week of the plan; the same for all policies."""
        [(known, city)] = self.drifted.items()
        if week < known:
            known, city = 0, self.market.city
        for number in range(known + 1, week + 1):
            change = Change(0, opening=0.0, closing=0.0, taste=drift.taste, fashion=drift.fashion)
            city = change.after(city, self.seed * 1_000 + number)
        city.know_pairs()
        self.drifted.clear()
        self.drifted[week] = city
        return city

    def _retrained(self, lister: RankedLister, diary: Diary, days: list[pa.Table], day: int) -> ServedMarket:
        """The market with a model of this policy's own last days."""
        first = day - self.plan.warm_days
        events = self.log.events()
        start = pd.Timestamp(day_start(first, self.market.name.time_zone))
        rest = to_arrow(events[events[col.AT] >= start], Table.EVENTS)
        listed = lister.simulation.city.restaurants.opened_day <= day
        name = f"{lister.policy.name}-{day}"
        dataset = diary.dataset([rest, *days], listed, self.folder / "log" / name)
        model = self.plan.model_of(lister.policy)
        artifact = pipeline.train(
            dataset,
            self.market.name.market,
            model,
            self.folder / "artifacts" / name,
            seed=self.seed,
            corrections=self._arm(lister.policy).corrections,
            unmeasured=True,
        )
        return replace(lister.market, snapshot=_snapshot(self.log, self.plan, artifact))


def _snapshot(log: Dataset, plan: Plan, artifact: Artifact) -> MarketSnapshot:
    """The market as the API would serve it with this model."""
    [info] = log.manifest.markets
    restaurants = to_arrow(log.restaurants(), Table.RESTAURANTS).to_pylist()
    campaigns = to_arrow(log.campaigns(), Table.CAMPAIGNS).to_pylist()
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


def _usual_surplus(market: Market, diners: Simulation, day: int) -> float:
    """Mean surplus of a visit to the lists that the log's policy would go on making."""
    visits = market.run_day(diners.copy(), day, market.logging)
    return float(np.concatenate([part.outcome.surplus for part in visits]).mean())


def groups_of(places: Restaurants) -> Doubles:
    """(n, G) of `outcomes.GROUPS`, each restaurant in one."""
    new, chain = places.opened_day > 0, places.chain >= 0
    return np.stack([chain & ~new, ~chain & ~new, new], axis=1).astype(np.float64)


def _orders(log: Dataset) -> Doubles:
    """(n,) orders of the log, in the city's order."""
    [info] = log.manifest.markets
    orders = log.events(info.market, [EventType.ORDER], [col.RESTAURANT_ID])[col.RESTAURANT_ID].value_counts()
    return np.asarray(log.restaurants()[col.RESTAURANT_ID].map(orders).fillna(0.0), np.float64)


def _hourly(log: Dataset, days: int) -> Doubles:
    """(days, 24) requests of each local hour of the log."""
    [info] = log.manifest.markets
    shown = log.events(types=[EventType.IMPRESSION], columns=[col.AT, col.POSITION])
    at = shown[col.AT][shown[col.POSITION] == 1].dt.tz_convert(info.time_zone)
    first = at.dt.normalize().min()
    numbers = (at.dt.normalize() - first).dt.days.to_numpy() * 24 + at.dt.hour.to_numpy()
    return np.bincount(numbers, minlength=24 * days)[: 24 * days].reshape(days, 24).astype(np.float64)
