"""How often the audit finds a planted shortcut, and calls a clean city guilty:

    python -m models.explanation.measure_audit [--seeds 20] [--jobs 2] [--model lightfm]

Each seed is a small city, generated anew, and audited three times: clean; with a badge that is made of the orders of
the training period; with a district on which orders were booked by a fault. All three are compared with the catalogue
as it is afterwards, in which a few entries have honestly changed; the badge is gone from it for even seeds and dealt
out anew for odd ones. A shortcut counts as found where the audit reports its name for its reason; what else is reported
in the same city counts as false, like anything in a clean city. Intervals are Clopper and Pearson's, 95 %.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from scipy import stats

from data.city.generate import generate
from data.city.shortcuts import Afterwards, Kind, plant, write_afterwards
from data.dataset import Dataset
from models.explanation.audit import audit, known
from models.explanation.findings import Audit, Question
from models.ground import Ground

RESTAURANTS: Final = 120
DINERS: Final = 600
DAYS: Final = 28
_REASONS: Final = {Kind.TAG: Question.IN_SERVICE, Kind.DISTRICT: Question.LATER}


@dataclass(frozen=True)
class City:
    """What was found in one city, clean and with each shortcut."""

    seed: int
    clean: Audit
    planted: dict[Kind, tuple[str, Audit]]
    """Name of the shortcut and what was found."""

    def found(self, kind: Kind) -> bool:
        """Whether the shortcut is reported by its name, for its reason."""
        feature, audit = self.planted[kind]
        return any(one.feature == feature and one.kind is _REASONS[kind] for one in audit.reported)

    def others(self, kind: Kind) -> list[str]:
        """What else is reported where it was planted."""
        feature, audit = self.planted[kind]
        return [f"{one.kind}: {one.feature}" for one in audit.reported if one.feature != feature]


def measure(seed: int, model: str = "lightfm") -> City:
    """One city, audited three times."""
    badge = Afterwards.GONE if seed % 2 == 0 else Afterwards.SHUFFLED
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        clean = root / "clean"
        generate(clean, restaurants=RESTAURANTS, diners=DINERS, days=DAYS, markets=1, seed=seed)
        planted = {}
        for kind in Kind:
            shortcut = plant(Dataset.open(clean), root / kind, kind, seed=seed)
            planted[kind] = (shortcut.feature, audit_of(root / kind, model, seed, badge))
        return City(seed, audit_of(clean, model, seed, badge), planted)


def audit_of(path: Path, model: str, seed: int, badge: Afterwards) -> Audit:
    """Fit a model to a dataset's train period and ask all questions, with the catalogue of afterwards."""
    dataset = Dataset.open(path)
    market, later = dataset.markets[0], path.with_name(f"{path.name}-later")
    write_afterwards(dataset, later, seed, badge)
    ground = Ground(dataset, market, seed=seed)
    now = known(Dataset.open(later), market)
    return audit(ground.fitted([model])[model], ground.prepared, seed, now)


def lines(cities: Sequence[City]) -> list[str]:
    """The tables."""
    n = len(cities)
    rows = [(f"{kind} found", sum(city.found(kind) for city in cities)) for kind in Kind]
    rows += [(f"{kind}: something else reported", sum(bool(city.others(kind)) for city in cities)) for kind in Kind]
    rows.append(("clean cities reported", sum(bool(city.clean.reported) for city in cities)))
    told = [f"{name:<32}{count:>4} of {n}  [{_interval(count, n)}]" for name, count in rows]
    told += ["", f"{'in clean cities':<32}{'nearest to being reported':>28}{'bound':>10}"]
    for question in Question:
        figures = [one for city in cities for one in city.clean.findings if one.kind is question]
        if figures:
            told.append(f"{question:<32}{_nearest(question, [(one.value, one.p) for one in figures]):>28}")
            told[-1] += f"{figures[0].bound:>10g}"
    for city in cities:
        told += [f"seed {city.seed}, clean: {one.kind}: {one.sentence}" for one in city.clean.reported]
        for kind in Kind:
            told += [] if city.found(kind) else [f"seed {city.seed}: {city.planted[kind][0]} is not found"]
            told += [f"seed {city.seed}, {kind}: {other}" for other in city.others(kind)]
    return told


def _nearest(question: Question, figures: Sequence[tuple[float, float | None]]) -> str:
    tests = [p for _, p in figures if p is not None]
    if tests:
        return f"p = {min(tests):.2g}"
    values = [value for value, _ in figures]
    return f"{min(values) if question is Question.IDENTITY else max(values):.3f}"


def _interval(count: int, n: int) -> str:
    low, high = stats.binomtest(count, n).proportion_ci(method="exact")
    return f"{low:.2f}, {high:.2f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables; exit code 1 where a shortcut is missed, or a clean city reported, more than once in twenty."""
    parser = argparse.ArgumentParser(prog="python -m models.explanation.measure_audit")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--model", default="lightfm")
    chosen = parser.parse_args(argv)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    # Not by fork: LightFM's OpenMP runtime does not survive it.
    with ProcessPoolExecutor(min(chosen.jobs, len(seeds)), mp_context=get_context("spawn")) as pool:
        cities = list(pool.map(partial(measure, model=chosen.model), seeds))
    for line in lines(cities):
        print(line)
    most = max(1, len(cities) // 20)
    missed = max(sum(not city.found(kind) for city in cities) for kind in Kind)
    return int(missed > most or sum(bool(city.clean.reported) for city in cities) > most)


if __name__ == "__main__":
    sys.exit(main())
