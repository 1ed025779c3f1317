"""Does the audit find discrimination that was put there, and none elsewhere? python -m models.fairness.measure_audit

For each seed a city is drawn and logged, and audited five times: as it is; with the orders of one kind of restaurants
or of one district logged at half weight; with a word in the profile that leaks a protected attribute; and with a model
that is given the protected attributes. Found means: the finding names the very group or attribute. In the city as it is
any finding at all is a false alarm. Shares have Clopper and Pearson's 95 % intervals.

The bounds of `models.fairness.audit` were set on the seeds 1 to 14; the default seeds are others.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from scipy.stats import beta
from threadpoolctl import threadpool_limits

from data import columns as col
from data.city.generate import generate
from data.dataset import Dataset
from models.fairness.audit import Finding, findings
from models.fairness.planted import PROXY, half_logged, leaking

CLEAN: Final = "clean city"
_LEAKS: Final = ("origin", "age_group", "gender")


@dataclass(frozen=True)
class Size:
    """Of the cities."""

    restaurants: int = 150
    diners: int = 1_000
    days: int = 14


def run_seed(seed: int, size: Size) -> dict[str, list[str]]:
    """By planted fault, what was found there that matters: the fault itself, or in the clean city anything."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder)
        generate(path / "city", restaurants=size.restaurants, diners=size.diners, days=size.days, markets=1, seed=seed)
        city = Dataset.open(path / "city")
        market = city.markets[0]
        kind = ("independent", "chain")[seed % 2]
        district = str(city.restaurants()[col.DISTRICT].mode()[0])
        leak = _LEAKS[seed % len(_LEAKS)]
        return {
            CLEAN: _texts(findings(city, market)),
            "orders of a kind at half weight": _texts(
                findings(half_logged(city, path / "kind", kind, seed), market), f"kind={kind}"
            ),
            "orders of a district at half weight": _texts(
                findings(half_logged(city, path / "district", district, seed), market), f"district={district}"
            ),
            "a word that leaks": _texts(
                findings(leaking(city, path / "leak", leak, seed), market), f"{PROXY} for {leak}"
            ),
            "protected attributes as input": _texts(findings(city, market, protected_input=True), leak),
        }


def run(seeds: Sequence[int], jobs: int, size: Size | None = None) -> list[dict[str, list[str]]]:
    """Each seed in one of `jobs` processes; what comes out does not depend on how many there are."""
    one = partial(run_seed, size=size or Size())
    if jobs == 1:
        return [one(seed) for seed in seeds]
    # Spawned, not forked: LightFM's OpenMP hangs in a forked process.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(one, seeds))


def report(runs: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, Any]:
    """Counts by planted fault, with intervals, and the false alarms in words."""
    n = len(runs)
    counts = {name: sum(bool(one[name]) for one in runs) for name in runs[0]}
    return {
        "seeds": n,
        "found": {name: {"times": k, "of": n, **_interval(k, n)} for name, k in counts.items()},
        "false_alarms": [text for one in runs for text in one[CLEAN]],
    }


def lines(result: Mapping[str, Any]) -> list[str]:
    """As a Markdown table."""
    rows = ["| planted | found | 95 % interval |", "|---|---|---|"]
    for name, one in result["found"].items():
        rows.append(f"| {name} | {one['times']} of {one['of']} | {one['low']:.2f} to {one['high']:.2f} |")
    return rows + [f"false alarm: {text}" for text in result["false_alarms"]]


def _texts(found: Sequence[Finding], where: str | None = None) -> list[str]:
    return [one.explanation for one in found if where is None or one.where == where]


def _interval(hits: int, n: int) -> dict[str, float]:
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, n - hits + 1))
    high = 1.0 if hits == n else float(beta.ppf(0.975, hits + 1, n - hits))
    return {"low": low, "high": high}


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, and write the JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m models.fairness.measure_audit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=20, help="cities")
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(argv)
    result = report(run(range(given.first_seed, given.first_seed + given.seeds), given.jobs))
    print("\n".join(lines(result)))
    if given.json is not None:
        given.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
