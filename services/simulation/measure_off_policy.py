"""How far off-policy estimates can be believed, as Markdown tables: python -m services.simulation.measure_off_policy.

For each seed a city is drawn and its log written; models learn from the first days, their probabilities are calibrated
on the next, and what their lists would earn in the last days is estimated from the log alone. The truth is what the
same diners do with such lists at the same moments, in expectation. Over the seeds: how often the 95 % interval holds
the truth, and each estimator's bias, with its own 95 % interval, and root mean square error.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats
from threadpoolctl import threadpool_limits

from data.city.context import day_start
from data.city.generate import generate_market
from data.city.parameters import CityParameters
from data.columns import EventType
from data.dataset import Dataset
from models import calibration
from models.impressions import shown_between
from models.ladder import make
from models.off_policy.estimate import HEADLINE, summary, weigh
from models.off_policy.estimators import ESTIMATORS
from models.off_policy.logged import MATURITY, Places, read_lists
from models.off_policy.target import Target
from models.training_data import build, positive_feedback
from services.fan_out import Engine, in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.off_policy_truth import Trial, Witness, relive

_TRUTH_DRAWS: Final = 7
_FEEDBACK: Final = (EventType.ORDER, EventType.CLICK, EventType.RATING)


@dataclass(frozen=True)
class Case:
    """A policy to be estimated: a model of the ladder at a temperature, in the first k places."""

    model: str
    temperature: float
    k: int

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.model}, temperature {self.temperature:g}, k = {self.k}"


CASES: Final = (
    Case("lightfm", 0.06, 1),
    Case("lightfm", 0.08, 3),
    Case("popular", 0.2, 5),
)


@dataclass(frozen=True)
class Study:
    """The cities and the periods of their logs."""

    cases: tuple[Case, ...] = CASES
    restaurants: int = 300
    diners: int = 2_000
    learn_days: int = 10
    calibrate_days: int = 4
    judge_days: int = 7
    city: CityParameters = field(default_factory=CityParameters)
    with_marginals: bool = False
    """Also IIPS, whose chances take most of the time."""

    @property
    def days(self) -> int:
        """Of the log."""
        return self.learn_days + self.calibrate_days + self.judge_days


SMALL: Final = Study(
    cases=(Case("lightfm", 0.1, 3), Case("popular", 0.3, 5)),
    restaurants=80,
    diners=900,
    learn_days=4,
    calibrate_days=2,
    judge_days=4,
    city=CityParameters(warm_up_days=3),
)
"""Cities of a second each, for hundreds of them."""


@dataclass(frozen=True)
class Outcome:
    """One case in one city."""

    truth: float
    """Orders a list."""
    estimates: dict[str, Any]
    """As `estimate_model` gives them."""


def run_seed(study: Study, seed: int) -> list[Outcome]:
    """One city, all cases; a pure function of its arguments."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder) / "city"
        market, _ = generate_market(
            path,
            restaurants=study.restaurants,
            diners=study.diners,
            days=study.days,
            ahead=1,
            seed=seed,
            parameters=study.city,
        )
        dataset = Dataset.open(path)
        [info] = dataset.manifest.markets
        calibrate_from, since, end = (
            pd.Timestamp(day_start(day, info.time_zone))
            for day in (study.learn_days, study.learn_days + study.calibrate_days, study.days)
        )
        until = end - MATURITY
        places = Places.of(dataset, info.market)
        targets = _targets(study, dataset, info.market, calibrate_from, since)
        witness = Witness(
            market,
            market.newcomers(),
            places,
            [Trial(target, case.k) for target, case in zip(targets, study.cases, strict=True)],
            _moment(since),
            _moment(until),
            np.random.default_rng([seed, _TRUTH_DRAWS]),
            study.with_marginals,
        )
        relive(market, witness, study.city, study.days)
        lists = read_lists(dataset, info.market, places, since, until)
        assert len(lists) == witness.lists_seen, "the city did not live the same life again"
        outcomes = []
        for number, (target, case) in enumerate(zip(targets, study.cases, strict=True)):
            weighed = weigh(lists, places, target, case.k, None, np.random.default_rng(seed))
            if study.with_marginals:
                weighed = replace(weighed, place_ratios=np.concatenate(witness.place_ratios[number]))
            outcomes.append(Outcome(float(witness.orders[number]) / len(lists), summary(weighed)))
        return outcomes


def _targets(
    study: Study, dataset: Dataset, market: str, calibrate_from: pd.Timestamp, since: pd.Timestamp
) -> list[Target]:
    """The cases' policies, learnt from what was before `since`."""
    log = dataset.events(market, _FEEDBACK, until=calibrate_from)
    data = build(dataset, market, positive_feedback(log))
    fitted = {name: make(name).fit(data) for name in {case.model for case in study.cases}}
    curves = {}
    for name, model in fitted.items():
        shown = shown_between(dataset, market, model, data, calibrate_from, since, 0)
        assert shown is not None, "a city's log has impressions on each day"
        curves[name] = calibration.fit(shown)
    return [Target.of(fitted[case.model], curves[case.model], case.temperature) for case in study.cases]


def _moment(at: pd.Timestamp) -> np.datetime64:
    return np.datetime64(at.tz_convert("UTC").tz_localize(None), "us")


def measure(study: Study, seeds: Sequence[int], engine: Engine) -> list[dict[str, Any]]:
    """For each case, JSON: coverage and errors of each estimator over the seeds whose estimate was not refused."""
    runs = in_order(engine, run_seed, ((study, seed) for seed in seeds))
    return [
        _over_seeds(case, list(outcomes)) for case, outcomes in zip(study.cases, zip(*runs, strict=True), strict=True)
    ]


def _over_seeds(case: Case, outcomes: list[Outcome]) -> dict[str, Any]:
    told = [outcome for outcome in outcomes if outcome.estimates["refused"] is None]
    by_estimator = {}
    for name in ESTIMATORS:
        measured = [(one.estimates["by_estimator"][name], one.truth) for one in told]
        if measured and measured[0][0] is not None:
            by_estimator[name] = _errors(measured)
    return {
        "case": case.name,
        "seeds": len(outcomes),
        "refused": len(outcomes) - len(told),
        "ess": float(np.median([one.estimates["ess"] for one in outcomes])),
        "truth": float(np.mean([one.truth for one in outcomes])),
        "by_estimator": by_estimator,
    }


def _errors(measured: list[tuple[dict[str, float], float]]) -> dict[str, Any]:
    values, lows, highs = (np.asarray([one[part] for one, _ in measured]) for part in ("value", "low", "high"))
    truths = np.asarray([truth for _, truth in measured])
    held = int(np.count_nonzero((lows <= truths) & (truths <= highs)))
    share = stats.binomtest(held, len(truths)).proportion_ci(method="wilson")
    misses = values - truths
    reach = float(stats.t.ppf(0.975, len(misses) - 1) * stats.sem(misses)) if len(misses) > 1 else float("inf")
    bias = float(misses.mean())
    return {
        "coverage": {"value": held / len(truths), "low": float(share.low), "high": float(share.high)},
        "bias": {"value": bias, "low": bias - reach, "high": bias + reach},
        "rmse": float(np.sqrt((misses**2).mean())),
        "half_width": float(np.mean(highs - lows) / 2),
    }


def as_markdown(results: Sequence[dict[str, Any]]) -> str:
    """A table for each case."""
    lines = []
    for result in results:
        lines += [
            f"**{result['case']}**: truth {result['truth']:.3f} orders a list, ESS {result['ess']:.0f} (median), "
            f"{result['refused']} of {result['seeds']} refused",
            "",
            "| estimator | bias | RMSE | half width | covers the truth |",
            "|---|---|---:|---:|---|",
        ]
        for name, found in result["by_estimator"].items():
            title = f"**{name}**" if name == HEADLINE else name
            lines.append(
                f"| {title} | {_cell(found['bias'], '+.3f')} | {found['rmse']:.3f} | {found['half_width']:.3f} | "
                f"{_cell(found['coverage'], '.3f')} |"
            )
        lines.append("")
    return "\n".join(lines)


def _cell(measured: dict[str, float], form: str) -> str:
    return f"{measured['value']:{form}} [{measured['low']:{form}}, {measured['high']:{form}}]"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m services.simulation.measure_off_policy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=20, help="cities; 400 for the long form")
    parser.add_argument("--first-seed", type=int, default=1)
    add_engine(parser)
    parser.add_argument("--small", action="store_true", help="small cities, for hundreds of them")
    parser.add_argument("--iips", action="store_true", help="also IIPS, which takes most of the time")
    parser.add_argument("--json", type=Path, help="write all figures here")
    given = parser.parse_args(arguments)
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    study = replace(SMALL if given.small else Study(), with_marginals=given.iips)
    results = measure(study, seeds, engine_of(given))
    print(as_markdown(results))
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
