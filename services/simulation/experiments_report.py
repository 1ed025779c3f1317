"""What experiments in many cities come to: figures with intervals over seeds, and the tables made of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from models.experiments.estimate import ALPHA, minimum_detectable
from services.simulation.outcomes import Measured, interval

Doubles = npt.NDArray[np.float64]
Run = Mapping[str, Any]

FEWEST_SEEDS: Final = 4
"""A bias is the intercept of a line through the seeds."""
_RESAMPLES: Final = 2_000


def over_seeds(setting: Mapping[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """All figures of the runs of the seeds, as JSON. Raises ValueError for fewer than `FEWEST_SEEDS`."""
    if len(runs) < FEWEST_SEEDS:
        raise ValueError(f"a bias over seeds needs at least {FEWEST_SEEDS}, there are {len(runs)}")
    return {
        "seeds": len(runs),
        "setting": dict(setting),
        "designs": _rows(runs, "designs"),
        "sweep": _rows(runs, "sweep"),
        "cuped": {figure: _mean(run["cuped"][figure] for run in runs) for figure in runs[0]["cuped"]},
        "equal": {design: _equal(runs, design) for design in runs[0]["equal"]},
        "covered": {design: _mean(np.mean(run["covered"][design]) for run in runs) for design in runs[0]["covered"]},
        "peeking": {case: _peeking(runs, case) for case in runs[0]["peeking"]},
        "interleaving": _interleaving(runs),
    }


def as_markdown(results: Mapping[str, Any]) -> str:
    """The tables of docs/experiments.md."""
    tables = [_designs_table, _sweep_table, _equal_table, _peeking_table, _sensitivity_table]
    setting = results["setting"]
    about = (
        f"{results['seeds']} cities of {setting['restaurants']} restaurants and {setting['diners']} diners, "
        f"{setting['days']} days; 95 % intervals over cities."
    )
    return "\n\n".join([about, *(table(results) for table in tables)])


def _rows(runs: Sequence[Run], part: str) -> list[dict[str, Any]]:
    """Each line of a part, over the seeds."""
    rows = []
    for number, first in enumerate(runs[0][part]):
        lines = [run[part][number] for run in runs]
        of_seeds = {
            name: np.asarray([line[name] for line in lines], np.float64) for name in ("value", "truth", "undisturbed")
        }
        held = int(sum(line["covers"] for line in lines))
        rows.append(
            {
                **{name: first[name] for name in ("case", "design", "figure", "budgets") if name in first},
                **{name: interval(of_seeds[name]) for name in ("value", "truth")},
                "bias": bias(of_seeds["value"] - of_seeds["truth"], of_seeds["undisturbed"] - of_seeds["truth"]),
                "standard_error": float(np.mean([line["standard_error"] for line in lines])),
                "coverage": _share(held, len(lines)),
            }
        )
    return rows


def bias(misses: Doubles, luck: Doubles) -> Measured:
    """The mean of estimate less truth over seeds, with Student's 95 % interval.

    `luck` (seeds,): what the assignment would have missed the truth by, had nothing been shared; its mean is known to
    be 0. So it is a control variate, and the bias the intercept of the line of misses over luck (Lavenberg and Welch,
    Management Science 1981).
    """
    if not np.ptp(luck):
        return interval(misses)
    columns = np.column_stack([np.ones_like(luck), luck])
    (value, slope), *_ = np.linalg.lstsq(columns, misses, rcond=None)
    freedom = len(misses) - 2
    residual = misses - value - slope * luck
    scale = float(residual @ residual) / freedom * float(np.linalg.inv(columns.T @ columns)[0, 0])
    reach = float(stats.t.ppf(0.975, freedom)) * float(np.sqrt(scale))
    return {"value": float(value), "low": float(value) - reach, "high": float(value) + reach}


def _equal(runs: Sequence[Run], design: str) -> dict[str, Any]:
    """How often equal arms are told apart; assignments of one city are clustered in it."""
    p_values = [np.asarray(run["equal"][design]) for run in runs]
    return {
        "tests": int(sum(map(len, p_values))),
        "rejected": interval(np.asarray([np.mean(values <= ALPHA) for values in p_values])),
        "median": float(np.median(np.concatenate(p_values))),
    }


def _peeking(runs: Sequence[Run], case: str) -> dict[str, Any]:
    found = {}
    for test in runs[0]["peeking"][case]:
        stops = [run["peeking"][case][test] for run in runs]
        days = [day for of_run in stops for day in of_run if day is not None]
        found[test] = {
            "stopped": interval(np.asarray([np.mean([day is not None for day in of_run]) for of_run in stops])),
            "median_day": float(np.median(days)) if days else None,
        }
    return found


def _interleaving(runs: Sequence[Run]) -> dict[str, Any]:
    """How many diners a question needs, put in three ways, from effects in units of their errors."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(runs), (_RESAMPLES, len(runs)))
    effects, variances = {}, {}
    for way in ("split", "cuped", "delta"):
        effects[way] = np.asarray([run["interleaving"][way]["effect"] for run in runs])
        variances[way] = np.asarray([run["interleaving"][way]["standard_error"] for run in runs]) ** 2

    def needed(way: str, rows: npt.NDArray[np.int64] | slice = slice(None)) -> Doubles:
        """Diners, in units of those of one experiment."""
        return np.asarray(
            minimum_detectable(1.0) ** 2 * variances[way][rows].mean(axis=-1) / effects[way][rows].mean(axis=-1) ** 2
        )

    found = {}
    for way, values in effects.items():
        low, high = np.quantile(needed("split", drawn) / needed(way, drawn), [0.025, 0.975])
        found[way] = {
            "effect": interval(values),
            "standard_error": float(np.sqrt(variances[way].mean())),
            "experiments_needed": float(needed(way)),
            "times_fewer": {"value": float(needed("split") / needed(way)), "low": float(low), "high": float(high)},
        }
    return found


def _mean(values: Iterable[Any]) -> Measured:
    return interval(np.asarray(list(values), np.float64))


def _share(hits: int, of: int) -> Measured:
    """With Wilson's interval."""
    reach = stats.binomtest(hits, of).proportion_ci(method="wilson")
    return {"value": hits / of, "low": float(reach.low), "high": float(reach.high)}


def _designs_table(results: Mapping[str, Any]) -> str:
    lines = [
        "| dial | design | figure | truth | estimate | bias | standard error | covers the truth |",
        "|---|---|---|---|---|---|---:|---|",
    ]
    for row in results["designs"]:
        form = ".2f" if row["figure"] == "orders_per_diner" else ".1f"
        cells = [_cell(row[name], ("+" if name != "truth" else "") + form) for name in ("truth", "value", "bias")]
        lines.append(
            f"| {row['case']} | {row['design']} | `{row['figure']}` | {' | '.join(cells)} | "
            f"{row['standard_error']:{form}} | {_cell(row['coverage'], '.2f')} |"
        )
    return "\n".join(lines)


def _sweep_table(results: Mapping[str, Any]) -> str:
    lines = ["| budgets, times | truth | split says | bias | bias / truth |", "|---:|---|---|---|---:|"]
    for row in results["sweep"]:
        cells = [_cell(row[name], "+.0f") for name in ("truth", "value", "bias")]
        share = row["bias"]["value"] / row["truth"]["value"]
        lines.append(f"| {row['budgets']:g} | {' | '.join(cells)} | {share:+.0%} |")
    return "\n".join(lines)


def _equal_table(results: Mapping[str, Any]) -> str:
    lines = ["| equal arms | tests | p <= 0.05 | median p |", "|---|---:|---|---:|"]
    for design, found in results["equal"].items():
        lines.append(f"| {design} | {found['tests']:,} | {_cell(found['rejected'], '.3f')} | {found['median']:.2f} |")
    covered = [f"{design} {_cell(share, '.3f')}" for design, share in results["covered"].items()]
    return "\n".join([*lines, "", f"Intervals that hold the truth under exploration: {', '.join(covered)}."])


def _peeking_table(results: Mapping[str, Any]) -> str:
    lines = ["| test | " + " | ".join(f"{case}: stops | on day" for case in results["peeking"]) + " |"]
    lines.append("|---|" + "---|---:|" * len(results["peeking"]))
    for test in next(iter(results["peeking"].values())):
        cells = []
        for case in results["peeking"].values():
            day = case[test]["median_day"]
            cells += [_cell(case[test]["stopped"], ".3f"), "" if day is None else f"{day:.0f}"]
        lines.append(f"| {test} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _sensitivity_table(results: Mapping[str, Any]) -> str:
    names = {
        "split": "split, orders per 1,000",
        "cuped": "the same with CUPED",
        "delta": "interleaving, clicks",
    }
    lines = [
        "| way | effect | standard error | diners needed | times fewer than the split |",
        "|---|---|---:|---:|---|",
    ]
    diners = results["setting"]["diners"]
    for way, title in names.items():
        found = results["interleaving"][way]
        lines.append(
            f"| {title} | {_cell(found['effect'], '+.3g')} | {found['standard_error']:.3g} | "
            f"{np.ceil(diners * found['experiments_needed']):,.0f} | {_cell(found['times_fewer'], '.1f')} |"
        )
    reductions = [f"`{figure}` {_cell(share, '.2f')}" for figure, share in results["cuped"].items()]
    return "\n".join([*lines, "", f"CUPED takes this share of the variance: {', '.join(reductions)}."])


def _cell(measured: Measured, form: str) -> str:
    value, low, high = (measured[part] for part in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "–"
    return f"{value:{form}} [{low:{form}}, {high:{form}}]"
