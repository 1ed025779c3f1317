"""Is a planted bad slice found, and is nothing found where nothing is? `python -m models.slices.measure --seeds 20`.

Each seed is a city. A cuisine in one district, drawn among those that are shown often enough, gets labels that are a
coin's (`data.city.noisy_labels`); a model learns the log and is asked about its last days. Beside it the same city
without it, twice: with orders that are drawn from the model's own probabilities, so that no slice is worse and all that
is found is false; and as it was generated, where models do have weak spots: each finding is looked up among the third
of the diners that the search was not given.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from data import columns as col
from data.city.generate import generate
from data.city.noisy_labels import Noise, NoisyLabels, plant, plantable
from data.columns import EventType
from data.dataset import Dataset
from models.ground import Ground
from models.ladder import make
from models.preparation import usual
from models.slices.cases import Cases
from models.slices.contrasts import contrast, slice_mask
from models.slices.search import Correction, Options, SliceFinding, search
from models.slices.shown import Shown, shown_in

RESTAURANTS: Final = 150
DINERS: Final = 3_000
DAYS: Final = 14
ASKED_DAYS: Final = 7
"""The last ones, about which the model is asked."""
WAYS: Final = (Correction.BY, Correction.HALVES)
LEAST_SHOWN: Final = 800
"""Impressions of the planted slice in the asked days, about."""


@dataclass(frozen=True)
class Look:
    """What was found in the cities of one seed."""

    planted: NoisyLabels
    ranks: dict[str, int | None]
    """By correction: the place among the findings, from 1, of the one that holds the planted slice's cases and no
    others, in whatever words; None: not found."""
    words: dict[str, int | None]
    """The same of the one that names it as it was planted."""
    top: str
    """The first finding in the planted city, in words."""
    false: dict[str, int]
    """By correction: findings where the model is right by construction."""
    weak: int
    """Findings in the city as it was generated."""
    held: int
    """Of them, those that are worse among other diners too."""


def look(seed: int, model: str = "lightfm", noise: Noise = Noise.COIN, diners: int = DINERS) -> Look:
    """Generate, plant, learn, search."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        generate(path / "city", restaurants=RESTAURANTS, diners=diners, days=DAYS, markets=1, seed=seed)
        clean = Dataset.open(path / "city")
        planted = _chosen(clean, seed, noise)
        bad = shown(plant(clean, path / "bad", planted, seed), model).cases
        good = shown(clean, model)
    rng = np.random.default_rng([seed, 1])
    right = good.drawn_anew(rng)
    ways = {str(way): Options(seed=seed, correction=way) for way in WAYS}
    found = {way: search(bad, options) for way, options in ways.items()}
    others = np.isin(good.cases.diners, np.flatnonzero(rng.random(int(good.cases.diners.max()) + 1) < 1 / 3))
    weak = search(good.cases.where(~others), ways[Correction.BY])
    return Look(
        planted=planted,
        ranks={way: _rank(findings, lambda one: _same(bad, one, planted)) for way, findings in found.items()},
        words={way: _rank(findings, lambda one: _named(one, planted)) for way, findings in found.items()},
        top=found[Correction.BY][0].sentence("surprise") if found[Correction.BY] else "nothing",
        false={way: len(search(right, options)) for way, options in ways.items()},
        weak=len(weak),
        held=sum(_worse(good.cases.where(others), finding) for finding in weak),
    )


def shown(dataset: Dataset, model: str) -> Shown:
    """What was shown in the asked days, to a model of the days before."""
    market = dataset.markets[0]
    end = dataset.events(market, columns=(col.AT,))[col.AT].max().floor("D")
    since = (end - pd.Timedelta(days=ASKED_DAYS - 1)).to_pydatetime()
    ground = Ground(dataset, market, protocol=usual(dataset, test_from=since))
    fitted = make(model, **ground.parameters(model, {})).fit(ground.train_period([model]))
    found = shown_in(ground, fitted, ground.calibrated(fitted))
    assert found is not None, "a city has lists"
    return found


def _chosen(dataset: Dataset, seed: int, noise: Noise) -> NoisyLabels:
    market = dataset.markets[0]
    events = dataset.events(market, (EventType.IMPRESSION,), (col.RESTAURANT_ID,))
    places = plantable(dataset.restaurants(market), events[col.RESTAURANT_ID], LEAST_SHOWN * DAYS // ASKED_DAYS)
    cuisine, district = places[int(np.random.default_rng(seed).integers(len(places)))]
    return NoisyLabels(market, cuisine, district, noise)


def _rank(findings: Sequence[SliceFinding], is_it: Callable[[SliceFinding], bool]) -> int | None:
    return next((at for at, one in enumerate(findings, 1) if is_it(one)), None)


def _named(finding: SliceFinding, planted: NoisyLabels) -> bool:
    return frozenset(finding.conditions) == planted.conditions


def _same(cases: Cases, finding: SliceFinding, planted: NoisyLabels) -> bool:
    """Where all bakeries of a city are in one district, `cuisine=bakery` is the slice as well."""
    inside, theirs = slice_mask(cases, finding.conditions), slice_mask(cases, sorted(planted.conditions))
    return bool((inside == theirs).all())


def _worse(cases: Cases, finding: SliceFinding) -> bool:
    found = contrast(cases, slice_mask(cases, finding.conditions))
    return bool(len(found.n)) and bool(found.value[0] > found.rest[0])


def lines(looks: Sequence[Look], first_seed: int = 0) -> Iterator[str]:
    """The table."""
    for seed, one in enumerate(looks, first_seed):
        rank = one.ranks[Correction.BY]
        planted = f"{one.planted.cuisine}, {one.planted.district}"
        yield f"{seed:>3}  planted: {planted}; place {rank or '-'}; first: {one.top}"
    cities, weak, held = len(looks), sum(one.weak for one in looks), sum(one.held for one in looks)
    yield ""
    yield f"{'':<58}" + "".join(f"{way:>22}" for way in WAYS)
    rows = {
        "planted slice first": [sum(one.ranks[way] == 1 for one in looks) for way in WAYS],
        "  in the words of the planting": [sum(one.words[way] == 1 for one in looks) for way in WAYS],
        "planted slice among the findings": [sum(one.ranks[way] is not None for one in looks) for way in WAYS],
        "any finding where the model is right": [sum(one.false[way] > 0 for one in looks) for way in WAYS],
    }
    for what, counts in rows.items():
        yield f"{what:<58}" + "".join(f"{_rate(count, cities):>22}" for count in counts)
    yield f"findings in the cities as generated, of which other diners bear out: {_rate(held, weak)}"


def _rate(count: int, of: int) -> str:
    if not of:
        return "0/0"
    ends = stats.binomtest(count, of).proportion_ci(method="exact")
    return f"{count}/{of} [{ends.low:.2f}, {ends.high:.2f}]"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m models.slices.measure")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "--first-seed", type=int, default=0, help="seeds 0 to 19 are those that the search was tuned on"
    )
    parser.add_argument("--model", default="lightfm")
    parser.add_argument("--noise", choices=[str(one) for one in Noise], default=str(Noise.COIN))
    parser.add_argument("--diners", type=int, default=DINERS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(argv)
    one = partial(look, model=given.model, noise=Noise(given.noise), diners=given.diners)
    # Spawned, not forked: LightFM's OpenMP hangs in a forked process.
    with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as pool:
        looks = list(pool.map(one, range(given.first_seed, given.first_seed + given.seeds)))
    print("\n".join(lines(looks, given.first_seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
