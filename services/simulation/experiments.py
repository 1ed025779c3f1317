"""What experiments find where the truth is known, as Markdown tables: python -m services.simulation.experiments.

For each seed a city is drawn and lived through under either policy of a pair by everybody: their difference is the
truth. Then the same days with the same luck are lived through as an experiment would have it. The bias is the mean of
estimate less truth over the cities, less what luck of the draw there was: what the same assignment would show were
nothing shared, each arm's diners (or days) taken from the life in which everybody has that arm's policy.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from models.experiments.estimate import Estimate, cuped, difference
from models.experiments.interleaving import Preference, preference
from models.experiments.sequential import AlwaysValid, GroupSequential, naive_stop
from models.experiments.switchback import in_windows, pairs, randomisation_p_value, schedule, switchback
from services.fan_out import in_order
from services.fan_out.options import add_engine, engine_of
from services.simulation.experiments_report import FEWEST_SEEDS, as_markdown, over_seeds
from services.simulation.plan import DAYS_PER_WEEK
from services.simulation.trial_listers import Judged
from services.simulation.trials import FEES, ORDERS, ORDERS_A_DINER, DayBook, Study, Trials

Doubles = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Judge = Callable[[DayBook], Estimate]

_FORTNIGHT: Final = 2 * DAYS_PER_WEEK
_DRAWS: Final = 1_000


def run_seed(study: Study, seed: int) -> dict[str, Any]:
    """All experiments in one city, as JSON; a pure function of its arguments."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        trials = Trials(study, seed, Path(folder))
        modest, greedy = (trials.alone(name, study.budgets, study.days) for name in ("modest", "greedy"))
        plain, same = trials.interleaved("plain", "plain", study.days)
        exploring = trials.alone("exploring", 1.0, study.days)
        return {
            "seed": seed,
            "designs": _shared_budgets(trials, modest, greedy) + _nothing_shared(trials, plain, exploring),
            "sweep": [_sweep_point(trials, budgets) for budgets in study.sweep],
            "cuped": _variance_reductions(trials, plain),
            "equal": _equal_arms(trials, modest, same),
            "covered": _covered(trials, plain, exploring),
            "peeking": {
                "nothing to find": _peeked(trials, plain, plain),
                "exploration": _peeked(trials, plain, exploring),
            },
            "interleaving": _interleaving(trials, plain, exploring),
        }


def by_diner(diary: DayBook, figure: str, treated: Bools, days: int | None = None) -> Estimate:
    """The split's estimate of a figure, from the first days or all of them."""
    parts, wholes = (values[:days].sum(axis=0) for values in diary.ratio(figure))
    return difference(parts, wholes, treated)


def by_diner_adjusted(diary: DayBook, figure: str, treated: Bools, before: Doubles) -> Estimate:
    """The same after CUPED with each diner's log."""
    parts, wholes = (values.sum(axis=0) for values in diary.ratio(figure))
    return cuped(parts, wholes, treated, before).estimate


def by_day(diary: DayBook, figure: str, treated: Bools) -> Estimate:
    """The switchback's estimate; budgets open anew at midnight, so nothing need be burnt in."""
    parts, wholes = _windows(diary, figure)
    return switchback(parts, wholes, treated, pairs(len(treated), DAYS_PER_WEEK))


def _windows(diary: DayBook, figure: str) -> tuple[Doubles, Doubles]:
    parts, wholes = (in_windows(values.sum(axis=1), length=1) for values in diary.ratio(figure))
    return parts, wholes


def _days(trials: Trials, number: int = 0) -> Bools:
    return schedule(f"{trials.salt}-{number}", "city", trials.study.days, DAYS_PER_WEEK)


def _shared_budgets(trials: Trials, modest: DayBook, greedy: DayBook) -> list[dict[str, Any]]:
    """Two prices of money, tried in three ways."""
    study, treated, days = trials.study, trials.treated(), _days(trials)
    shared, apart = (
        trials.split("modest", "greedy", treated, study.budgets, study.days, apart) for apart in (False, True)
    )
    switched = trials.switched("modest", "greedy", days, study.budgets)
    split, switches = modest.mixed(greedy, treated), modest.mixed(greedy, days[:, None])
    rows = []
    for figure in (FEES, ORDERS):
        truth = greedy.value(figure) - modest.value(figure)
        of_diners, of_days = (
            partial(by_diner, figure=figure, treated=treated),
            partial(by_day, figure=figure, treated=days),
        )
        for design, diary, undisturbed, judge in (
            ("split by diner", shared, split, of_diners),
            ("split, budgets too", apart, split, of_diners),
            ("switchback by day", switched, switches, of_days),
        ):
            rows.append(_row("money", design, figure, judge(diary), judge(undisturbed), truth))
    return rows


def _nothing_shared(trials: Trials, plain: DayBook, exploring: DayBook) -> list[dict[str, Any]]:
    """Exploration, which no diner feels of another."""
    treated, study = trials.treated(), trials.study
    diary = trials.split("plain", "exploring", treated, 1.0, study.days)
    undisturbed = plain.mixed(exploring, treated)
    rows = []
    for figure in (ORDERS, ORDERS_A_DINER):
        truth = exploring.value(figure) - plain.value(figure)
        for design, judge in (
            ("split by diner", partial(by_diner, figure=figure, treated=treated)),
            ("the same with CUPED", partial(by_diner_adjusted, figure=figure, treated=treated, before=trials.before)),
        ):
            rows.append(_row("exploration", design, figure, judge(diary), judge(undisturbed), truth))
    return rows


def _row(
    case: str, design: str, figure: str, estimate: Estimate, undisturbed: Estimate, truth: float
) -> dict[str, Any]:
    return {
        "case": case,
        "design": design,
        "figure": figure,
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "covers": estimate.covers(truth),
        "truth": truth,
        "undisturbed": undisturbed.value,
    }


def _sweep_point(trials: Trials, budgets: float) -> dict[str, Any]:
    """The plain split of the price of money where budgets are so many times as large, over a fortnight."""
    treated = trials.treated()
    modest, greedy = (trials.alone(name, budgets, _FORTNIGHT) for name in ("modest", "greedy"))
    diary = trials.split("modest", "greedy", treated, budgets, _FORTNIGHT)
    judge = partial(by_diner, figure=FEES, treated=treated)
    undisturbed = judge(modest.mixed(greedy, treated))
    truth = greedy.value(FEES) - modest.value(FEES)
    return {"budgets": budgets, **_row("money", "split by diner", FEES, judge(diary), undisturbed, truth)}


def _variance_reductions(trials: Trials, plain: DayBook) -> dict[str, float]:
    """What share of the variance the log explains."""
    reductions = {}
    for figure in (ORDERS, ORDERS_A_DINER):
        parts, wholes = (values.sum(axis=0) for values in plain.ratio(figure))
        reductions[figure] = cuped(parts, wholes, trials.treated(), trials.before).variance_reduction
    return reductions


def _equal_arms(trials: Trials, modest: DayBook, same: Judged) -> dict[str, list[float]]:
    """p-values of all designs where both arms have the same policy, under many assignments of one life."""
    rng = np.random.default_rng(0)
    p_values: dict[str, list[float]] = {}
    for number in range(trials.study.salts):
        treated, days = trials.treated(number), _days(trials, number)
        clicked = _judged(trials, trials.redrawn(same, number))
        parts, wholes = _windows(modest, FEES)
        of_pairs = pairs(len(days), DAYS_PER_WEEK)
        for design, p_value in (
            ("split, fees", by_diner(modest, FEES, treated).p_value),
            ("split, orders", by_diner(modest, ORDERS, treated).p_value),
            ("CUPED, orders a diner", by_diner_adjusted(modest, ORDERS_A_DINER, treated, trials.before).p_value),
            ("switchback, fees", by_day(modest, FEES, days).p_value),
            ("its randomisation test", randomisation_p_value(parts, wholes, days, of_pairs, rng, _DRAWS)),
            ("interleaving, clicks", clicked.delta.p_value),
            ("its sign test", clicked.sign_p_value),
        ):
            p_values.setdefault(design, []).append(p_value)
    treated, study = trials.treated(), trials.study
    apart = trials.split("modest", "modest", treated, study.budgets, study.days, apart=True)
    return {**p_values, "split, budgets too, fees": [by_diner(apart, FEES, treated).p_value]}


def _covered(trials: Trials, plain: DayBook, exploring: DayBook) -> dict[str, list[bool]]:
    """Whether each of many assignments' intervals holds the truth, where nothing is shared."""
    found: dict[str, list[bool]] = {}
    truth = exploring.value(ORDERS) - plain.value(ORDERS)
    for number in range(trials.study.salts):
        treated, days = trials.treated(number), _days(trials, number)
        split, switches = plain.mixed(exploring, treated), plain.mixed(exploring, days[:, None])
        for design, estimate in (
            ("split by diner", by_diner(split, ORDERS, treated)),
            ("the same with CUPED", by_diner_adjusted(split, ORDERS, treated, trials.before)),
            ("switchback by day", by_day(switches, ORDERS, days)),
        ):
            found.setdefault(design, []).append(estimate.covers(truth))
    return found


def _peeked(trials: Trials, control: DayBook, treatment: DayBook) -> dict[str, list[int | None]]:
    """The day after which each test would stop, or None, for many assignments; looks on every day, or every week."""
    days = trials.study.days
    weekly = list(range(DAYS_PER_WEEK - 1, days, DAYS_PER_WEEK))
    group = GroupSequential.planned([(day + 1) / days for day in weekly])
    stops: dict[str, list[int | None]] = {}
    for number in range(trials.study.salts):
        treated = trials.treated(number)
        diary = control.mixed(treatment, treated)
        looks = [by_diner(diary, ORDERS, treated, day + 1) for day in range(days)]
        for test, stop in (
            ("one look at the end", naive_stop(looks[-1:])),
            ("t-test, every day", naive_stop(looks)),
            ("always valid, every day", _always_valid(trials, treated).stops(looks)),
            ("group sequential, every week", group.stops([looks[day] for day in weekly])),
        ):
            stops.setdefault(test, []).append(_day_of(test, stop, days, weekly))
    return stops


def _always_valid(trials: Trials, treated: Bools) -> AlwaysValid:
    """Planned before the experiment: for the error that the log promises at its end."""
    parts, wholes = (np.nan_to_num(values) for values in trials.before.T)
    logged = difference(1000.0 * parts, wholes, treated).standard_error
    return AlwaysValid.planned(logged * float(np.sqrt(trials.study.warm_days / trials.study.days)))


def _day_of(test: str, stop: int | None, days: int, weekly: Sequence[int]) -> int | None:
    if stop is None:
        return None
    if test.startswith("one"):
        return days
    return (weekly[stop] if test.startswith("group") else stop) + 1


def _interleaving(trials: Trials, plain: DayBook, exploring: DayBook) -> dict[str, Any]:
    """The same question put by a split and by interleaving, for the diners that each needs."""
    _, judged = trials.interleaved("plain", "exploring", trials.study.days)
    found = _judged(trials, judged)
    treated, effect = trials.treated(), exploring.value(ORDERS) - plain.value(ORDERS)
    diary = plain.mixed(exploring, treated)
    split = by_diner(diary, ORDERS, treated)
    adjusted = by_diner_adjusted(diary, ORDERS, treated, trials.before)
    return {
        "split": {"effect": effect, "standard_error": split.standard_error},
        "cuped": {"effect": effect, "standard_error": adjusted.standard_error},
        "delta": {"effect": found.delta.value, "standard_error": found.delta.standard_error},
    }


def _judged(trials: Trials, judged: Judged) -> Preference:
    return preference(judged.teams, judged.clicked, judged.diners, trials.study.diners)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m services.simulation.experiments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=20, help="cities")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=Study.days, help="of each experiment, whole fortnights")
    parser.add_argument("--diners", type=int, default=Study.diners)
    add_engine(parser)
    parser.add_argument("--json", type=Path, help="write all figures here")
    given = parser.parse_args(arguments)
    if given.seeds < FEWEST_SEEDS:
        parser.error(f"--seeds: a bias over seeds needs at least {FEWEST_SEEDS}")
    try:
        study = replace(Study(), days=given.days, diners=given.diners)
    except ValueError as error:
        parser.error(f"--{error}")
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    runs = in_order(engine_of(given), run_seed, ((study, seed) for seed in seeds))
    results = over_seeds(asdict(study), runs)
    print(as_markdown(results))
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
