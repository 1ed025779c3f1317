"""Lesson 5: what has the model really learnt?"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from data.city.generate import generate
from data.city.shortcuts import Afterwards, Kind, plant
from data.dataset import Dataset
from models.explanation.findings import Audit, Question
from models.explanation.importance import CONTRIBUTION, LOSS, Sample, importances
from models.explanation.measure_audit import audit_of
from models.explanation.parts import TakesApart
from models.ground import Ground
from services.lessons.cities import in_cities
from services.lessons.figure import Axis, Bars, BarSeries, Doubles, MeasuredValue, Table, bars, over_seeds
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, within

MODEL: Final = "lightfm"
_WHO: Final = ("popular", MODEL, "habit", "oracle")
_NDCG: Final = "ndcg@10"
_SHOWN: Final = 8
"""Groups of features in the figure."""
_OWN: Final = ("identity", "history")
_REASONS: Final = {Kind.TAG: Question.IN_SERVICE, Kind.DISTRICT: Question.LATER}


@dataclass(frozen=True)
class Sizes:
    """Of a city."""

    restaurants: int
    diners: int
    days: int


FULL: Final = Sizes(150, 1_200, 28)
SHORT: Final = Sizes(80, 400, 21)


@dataclass(frozen=True)
class City:
    """What one city says."""

    importance: Mapping[str, tuple[float, float]]
    """By side and group of features: mean |contribution|, and nDCG@10 lost where it is dealt out anew."""
    everything: Mapping[str, float]
    """nDCG@10 of all held-out choices, by who is asked."""
    new: Mapping[str, float]
    """The same of what is new to the diner."""
    found: Mapping[str, tuple[bool, tuple[str, ...]]]
    """By kind of shortcut: whether the audit reports it by its name, and what it says."""
    clean: tuple[str, ...]
    """What is reported where nothing was planted."""


def measure(seed: int, sizes: Sizes) -> City:
    """One city, as it is and with either shortcut planted."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        generate(
            root / "clean", restaurants=sizes.restaurants, diners=sizes.diners, days=sizes.days, markets=1, seed=seed
        )
        dataset = Dataset.open(root / "clean")
        ground = Ground(dataset, dataset.markets[0], seed=seed)
        fitted = ground.fitted(["popular", MODEL])
        model, apart = fitted[MODEL], ground.prepared.masked()
        assert isinstance(model, TakesApart), "LightFM's scores are sums of parts"
        everything, new = ground.measured(fitted), ground.measured(fitted, apart)
        badge = Afterwards.GONE if seed % 2 == 0 else Afterwards.SHUFFLED
        found = {}
        for kind in Kind:
            shortcut = plant(dataset, root / kind, kind, seed=seed)
            found[str(kind)] = _found(audit_of(root / kind, MODEL, seed, badge), shortcut.feature, kind)
        clean = audit_of(root / "clean", MODEL, seed, badge)
        return City(
            _importance(Sample.of(model, ground.prepared.question, seed)),
            {name: float(one.per_diner[_NDCG].mean()) for name, one in everything.items()},
            {name: float(one.per_diner[_NDCG].mean()) for name, one in new.items()},
            found,
            tuple(one.sentence for one in clean.reported),
        )


def _importance(sample: Sample) -> dict[str, tuple[float, float]]:
    values: dict[str, dict[str, float]] = {}
    for one in importances(sample):
        values.setdefault(f"{one.side}: {one.name}", {})[one.measure] = one.value
    return {name: (found[CONTRIBUTION], found.get(LOSS, 0.0)) for name, found in values.items()}


def _found(audit: Audit, feature: str, kind: Kind) -> tuple[bool, tuple[str, ...]]:
    named = [one for one in audit.reported if one.feature == feature and one.kind is _REASONS[kind]]
    return bool(named), tuple(one.sentence for one in named)


def run(asked: Asked) -> Findings:
    """What moves lists and what it is worth, whether a shortcut is found, and memory against what is new."""
    sizes = SHORT if asked.short else FULL
    cities = in_cities(asked, partial(measure, sizes=sizes), "taking models apart, with and without shortcuts")
    everything = {who: np.asarray([city.everything[who] for city in cities]) for who in _WHO}
    new = {who: np.asarray([city.new.get(who, np.nan) for city in cities]) for who in _WHO}
    gain, gain_new = everything[MODEL] - everything["popular"], new[MODEL] - new["popular"]
    own, tags = _losses(cities)
    found = np.asarray([[city.found[str(kind)][0] for kind in Kind] for city in cities], np.float64)
    alarms = np.asarray([bool(city.clean) for city in cities], np.float64)
    names = _largest(cities)
    return Findings(
        figures=(
            Bars(
                title="What moves a list, and what that is worth",
                sentence="The first bar says how far a group of features moves restaurants within a list, the second "
                "how much nDCG@10 is lost when it is dealt out at random. Much of the first and nothing of the second "
                "is a thing to ask about.",
                y=Axis(label="share of the largest"),
                groups=names,
                series=tuple(
                    bars(title, _scaled(cities, names, at))
                    for at, title in enumerate(("moves the list", "is worth on held-out choices"))
                ),
                horizontal=True,
            ),
            Bars(
                title="Memory against what is new",
                sentence="On the left all held-out choices count, on the right only restaurants where the diner had "
                "not been. `habit` ranks a diner's own restaurants first and knows nothing else.",
                y=Axis(label="nDCG@10 of held-out choices"),
                groups=("all choices", "new to the diner"),
                series=tuple(BarSeries(name=who, values=_pair(everything[who], new[who])) for who in _WHO),
            ),
            Table(
                title="What the audit says of planted shortcuts",
                sentence="Each row is a city in which a feature was planted that does well on the log and will not "
                "hold. The audit does not know that anything was planted.",
                columns=("city", "planted", "found", "in its words"),
                rows=tuple(
                    (f"seed {seed}", kind, "yes" if was else "no", " ".join(words) or "-")
                    for seed, city in zip(asked.seeds[:4], cities[:4], strict=True)
                    for kind, (was, words) in city.found.items()
                ),
            ),
        ),
        numbers=(
            asked.number("nDCG@10 over popular, all choices", gain),
            asked.number("nDCG@10 over popular, new to the diner", gain_new),
            asked.number("nDCG@10 over LightFM of habit alone, all choices", everything["habit"] - everything[MODEL]),
            asked.number("planted shortcuts that the audit names", 100.0 * found.mean(axis=1), "%"),
            asked.number("clean cities in which it reports anything", 100.0 * alarms, "%"),
            asked.number("nDCG@10 lost without identities, over that without all tags", own - tags),
        ),
        claims=(
            asked.claim("the model beats popularity on all choices", gain, 1, "nDCG@10", main=True),
            asked.claim("on what is new to the diner it gains less", gain - gain_new, 1, "nDCG@10", main=True),
            asked.claim("remembering alone beats it", everything["habit"] - everything[MODEL], 1, "nDCG@10", main=True),
            asked.claim("identities are worth more than all tags together", own - tags, 1, "nDCG@10", main=True),
            asked.claim(
                "the audit names planted shortcuts more often than it is wrong about clean cities",
                found.mean(axis=1) - alarms,
                1,
                main=True,
            ),
        ),
        reading=_reading(everything, gain_new, found, alarms, own, tags),
        setting={
            "restaurants": sizes.restaurants,
            "diners": sizes.diners,
            "days": sizes.days,
            "model": MODEL,
            "shortcuts": [str(kind) for kind in Kind],
        },
    )


def _reading(
    everything: Mapping[str, Doubles],
    gain_new: Doubles,
    found: Doubles,
    alarms: Doubles,
    own: Doubles,
    tags: Doubles,
) -> str:
    gain, over = (
        over_seeds(everything[MODEL] - everything["popular"]),
        over_seeds(everything["habit"] - everything[MODEL]),
    )
    named = " and ".join(
        f"{int(found[:, at].sum())} of {len(found)} times the planted {kind}" for at, kind in enumerate(map(str, Kind))
    )
    return (
        f"The model's nDCG@10 differs from popularity's by {within(gain, signed=True)}, which would please anybody. Of "
        f"restaurants that are new to the diner the difference is {within(over_seeds(gain_new), signed=True)}, and "
        f"`habit`, which only puts a diner's own restaurants first, differs from the model by "
        f"{within(over, signed=True)}. What it has learnt is mostly where people have been.\n\n"
        f"The parts say the same: dealing out the identities anew costs {number(float(own.mean()))} of nDCG@10, "
        f"dealing out every tag {number(float(tags.mean()))}. And a score that looks good can rest on something that "
        f"will not hold: the audit named {named}, and reported something in {int(alarms.sum())} of {len(alarms)} clean "
        "cities. Ask what a model has learnt before asking how much."
    )


def _losses(cities: list[City]) -> tuple[Doubles, Doubles]:
    """((seeds,) nDCG@10 lost without identities and histories, (seeds,) that without each tag, added up)."""
    own = [sum(loss for name, (_, loss) in city.importance.items() if _is_own(name)) for city in cities]
    tags = [sum(max(loss, 0.0) for name, (_, loss) in city.importance.items() if not _is_own(name)) for city in cities]
    return np.asarray(own), np.asarray(tags)


def _is_own(name: str) -> bool:
    return name.partition(": ")[2] in _OWN


def _largest(cities: list[City]) -> tuple[str, ...]:
    """The groups that move lists most, of those that every city has."""
    common = set.intersection(*(set(city.importance) for city in cities))
    sums = {name: sum(city.importance[name][0] for city in cities) for name in common}
    return tuple(sorted(sums, key=lambda name: (-sums[name], name))[:_SHOWN])


def _scaled(cities: list[City], names: tuple[str, ...], at: int) -> list[Doubles]:
    """For each name (seeds,): one of its figures over the largest of the city."""
    largest = [max(found[at] for found in city.importance.values()) for city in cities]
    return [
        np.asarray([city.importance[name][at] / most for city, most in zip(cities, largest, strict=True)])
        for name in names
    ]


def _pair(everything: Doubles, new: Doubles) -> tuple[MeasuredValue, MeasuredValue | None]:
    """Of who knows nothing but a diner's own restaurants there is no second one."""
    return over_seeds(everything), over_seeds(new) if np.isfinite(new).all() else None
