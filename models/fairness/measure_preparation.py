"""What mending the data before a model learns does, and what it costs: python -m models.fairness.measure_preparation

Cities are drawn and logged; then the orders of one kind of restaurants are logged at half weight, or a word of the
profile leaks a protected attribute. A model learns from the log as it is, and as `models.corrections` mends it: with
the orders of kinds balanced against their clicks, with that word left out. Every model is asked about the test period
of the city as it was. Looks of the group are relative to those that the model of the unharmed log gives it.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from threadpoolctl import threadpool_limits

from data.city.generate import generate
from data.dataset import Dataset
from models.evaluation import evaluate as evaluation
from models.fairness.groups import kinds
from models.fairness.look import Look
from models.fairness.planted import PROXY, half_logged, leaking
from models.preparation import prepare, usual

Doubles = npt.NDArray[np.float64]

GROUP: Final = "independent"
LEAKED: Final = "origin"
BALANCED: Final = {"balance": "kind"}
WITHOUT: Final = {"leave_out": [PROXY]}
VARIANTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "unharmed, as logged": ("clean", {}),
    "unharmed, balanced": ("clean", BALANCED),
    "orders at half weight, as logged": ("half", {}),
    "orders at half weight, balanced": ("half", BALANCED),
    "a word that leaks, as logged": ("leak", {}),
    "a word that leaks, left out": ("leak", WITHOUT),
}
"""Which log, and what is done about it."""


def run_seed(seed: int, restaurants: int = 150, diners: int = 1_000, days: int = 14) -> dict[str, dict[str, float]]:
    """By variant: nDCG@10, looks of the group, share of ten that the leaking word changes, and how well
    the representation tells the attribute."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder)
        generate(path / "clean", restaurants=restaurants, diners=diners, days=days, markets=1, seed=seed)
        city = Dataset.open(path / "clean")
        [market] = city.markets
        logs = {
            "clean": city,
            "half": half_logged(city, path / "half", GROUP, seed),
            "leak": leaking(city, path / "leak", LEAKED, seed),
        }
        question = prepare(city, market, seed, usual(city)).question
        ours = (kinds(city.restaurants(market), None) == GROUP).to_numpy()
        found: dict[str, dict[str, float]] = {}
        for name, (log, options) in VARIANTS.items():
            look = Look(logs[log], market, "lightfm", seed=seed, parameters=options)
            measured = evaluation.measure(question, look.model.score)
            _, words = look.flips(noise=False)
            probes = look.probes(permutations=0)
            looks = measured.looks.sum(axis=0)
            found[name] = {
                "ndcg@10": float(measured.per_diner["ndcg@10"].mean()),
                "looks": float(looks[ours].sum() / looks.sum()),
                "flip": next((one.changed.value for one in words if one.attribute == PROXY), 0.0),
                "auc": next(
                    one.auc.value for one in probes if (one.attribute, one.source) == (LEAKED, "representation")
                ),
            }
        return found


def lines(runs: Sequence[Mapping[str, Mapping[str, float]]]) -> list[str]:
    """As a Markdown table, intervals over cities; what is lost is paired."""
    rows = [
        "| log, and what is done | nDCG@10 | less than as logged, unharmed | looks of the group | changed of ten by "
        "the word | attribute told by the representation (AUC) |",
        "|---|---|---|---|---|---|",
    ]
    first = next(iter(VARIANTS))

    def of(name: str, figure: str) -> Doubles:
        return np.asarray([run[name][figure] for run in runs])

    for name, (log, _) in VARIANTS.items():
        cells = [
            _cell(of(name, "ndcg@10"), ".4f"),
            _cell(of(first, "ndcg@10") - of(name, "ndcg@10"), "+.4f"),
            _cell(of(name, "looks") / of(first, "looks"), ".2f"),
            _cell(of(name, "flip"), ".2f") if log == "leak" else "",
            _cell(of(name, "auc"), ".2f") if log != "half" else "",
        ]
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return rows


def _cell(values: Doubles, form: str) -> str:
    n = len(values)
    reach = float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / np.sqrt(n)
    return f"{values.mean():{form}} [{values.mean() - reach:{form}}, {values.mean() + reach:{form}}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m models.fairness.measure_preparation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=10, help="cities, two at least")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args(argv)
    # Spawned, not forked: LightFM's OpenMP hangs in a forked process.
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        runs = list(pool.map(run_seed, range(given.first_seed, given.first_seed + given.seeds)))
    print("\n".join(lines(runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
