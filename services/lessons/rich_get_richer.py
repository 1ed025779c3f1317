"""Lesson 6: the rich get richer, and the flip test."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from data import columns as col
from data.city.generate import generate
from data.dataset import Dataset
from models.fairness.flip import AT, Flip, ranking
from models.fairness.look import Look
from services.lessons.cities import in_cities
from services.lessons.figure import Axis, Bars, Column, Doubles, Lines, Lists, bars, curve, over_seeds
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, share, within
from services.simulation.feedback_rounds import plan_of, rounds_of
from services.simulation.plan import Plan

LEARNS, EXPLORES, CONTROLLED = "as-it-learns", "exploring", "controlled"
_POLICIES: Final = (LEARNS, EXPLORES, CONTROLLED)
_GINI, _NDCG, _RATIO = "gini", "ndcg@10", "exposure_ratio"
_PLAIN, _PLANTED = "as it is", "with protected words as input"


@dataclass(frozen=True)
class City:
    """What one city says."""

    rounds: Mapping[str, Mapping[str, Sequence[float]]]
    """By policy and figure, of each round."""
    changed: Mapping[str, float]
    """By model: share of the first ten that a changed protected word changes."""
    words: float
    """The same of a changed word of the profile, in the model as it is."""
    equal: float
    """The same between two equal diners: of a model learnt from a log in which other things happened by chance."""
    identical: bool
    """Whether protected words change no score of the model as it is, by a single bit."""
    lists: tuple[Column, Column]
    """What the planted model shows a diner, and the same diner with one word changed."""


def rounds_plan(short: bool) -> Plan:
    """The policies that are compared, over so many weeks."""
    plan = plan_of(2, 50, 200) if short else plan_of(5, 100, 350)
    arms = {name: arm for name, arm in plan.arms.items() if name in _POLICIES}
    return replace(plan, policies=tuple(one for one in plan.policies if one.name in _POLICIES), arms=arms)


def flip_sizes(short: bool) -> dict[str, int]:
    """Of the city in which words are changed."""
    return {"restaurants": 60, "diners": 400, "days": 10} if short else {"restaurants": 120, "diners": 700, "days": 14}


def measure(seed: int, short: bool) -> City:
    """One city: rounds of learning from its own lists; and words changed in a diner's description."""
    rounds = rounds_of(rounds_plan(short), seed)
    with tempfile.TemporaryDirectory() as folder:
        sizes: dict[str, Any] = flip_sizes(short)
        generate(Path(folder) / "city", markets=1, seed=seed, **sizes)
        city = Dataset.open(Path(folder) / "city")
        [market] = city.markets
        plain, planted = (Look(city, market, "lightfm", seed=seed, protected_input=given) for given in (False, True))
        protected, words = plain.flips()
        also, _ = planted.flips(noise=False)
        own = [one for one in words if one.attribute != "home_district"]
        return City(
            rounds,
            {_PLAIN: _changed(protected), _PLANTED: _changed(also)},
            _changed(own),
            float(np.mean([1.0 - one.floor.value for one in words])),
            all(one.identical for one in protected),
            _lists(planted, city, max(also, key=lambda flip: flip.changed.value).attribute),
        )


def _changed(flips: Sequence[Flip]) -> float:
    return float(np.mean([one.changed.value for one in flips])) if flips else 0.0


def _lists(look: Look, city: Dataset, attribute: str) -> tuple[Column, Column]:
    """Of the diner whose first ten change most with one word of a protected attribute."""
    places, score = city.restaurants()[col.NAME].tolist(), look.scorer()
    rows = look.tags(np.arange(min(len(look.people), 200)))
    values = sorted({tag for row in rows for tag in row if tag.startswith(f"{attribute}=")})
    flipped = [[*(tag for tag in row if not tag.startswith(f"{attribute}=")), _next(row, values)] for row in rows]
    before, after = ranking(score(rows), AT), ranking(score(flipped), AT)
    shared = (before[:, :, None] == after[:, None, :]).any(axis=2).sum(axis=1)
    most = int(np.argmin(shared))
    word = next((tag for tag in rows[most] if tag.startswith(f"{attribute}=")), f"without {attribute}")
    return (
        Column(title=word, items=tuple(places[row] for row in before[most])),
        Column(title=_next(rows[most], values), items=tuple(places[row] for row in after[most])),
    )


def _next(row: Sequence[str], values: Sequence[str]) -> str:
    """Another value than the row's own."""
    return next(value for value in values if value not in row)


def run(asked: Asked) -> Findings:
    """How concentrated looks become; and what a changed word changes."""
    cities = in_cities(asked, partial(measure, short=asked.short), "learning from one's own lists, and changing words")
    plan = rounds_plan(asked.short)
    of = {
        figure: {name: np.asarray([city.rounds[name][figure] for city in cities]) for name in _POLICIES}
        for figure in (_GINI, _NDCG, _RATIO)
    }
    weeks = np.arange(1, of[_GINI][LEARNS].shape[1] + 1)
    grown = of[_GINI][LEARNS][:, -1] - of[_GINI][LEARNS][:, 0]
    spread = of[_GINI][EXPLORES].mean(axis=1) - of[_GINI][LEARNS].mean(axis=1)
    shares = {name: values.mean(axis=1) for name, values in of[_RATIO].items()}
    evened = shares[CONTROLLED] - shares[LEARNS]
    price = of[_NDCG][EXPLORES].mean(axis=1) - of[_NDCG][LEARNS].mean(axis=1)
    changed = {name: np.asarray([city.changed[name] for city in cities]) for name in (_PLAIN, _PLANTED)}
    words, equal = (np.asarray([getattr(city, name) for city in cities]) for name in ("words", "equal"))
    return Findings(
        figures=(
            Lines(
                title="How unequally restaurants are looked at",
                sentence="0 where all are looked at as often, near 1 where a few have all. Each week every policy's "
                "model learns from what came of its own lists.",
                x=Axis(label="week"),
                y=Axis(label="Gini index of looks"),
                series=tuple(curve(name, weeks, values) for name, values in of[_GINI].items()),
            ),
            Lines(
                title="What spreading them costs",
                sentence="The quality of the lists in the same weeks. Exploring shows places that are worse today, to "
                "learn about them.",
                x=Axis(label="week"),
                y=Axis(label="nDCG@10 by the truth"),
                series=tuple(curve(name, weeks, values) for name, values in of[_NDCG].items()),
            ),
            Bars(
                title="Who is shown for what they are worth",
                sentence="Least over greatest exposure per merit of chains, independents and newcomers: 1 where all "
                "groups are looked at as their merit says. The control is told to see to that, exploring is not.",
                y=Axis(label="least over greatest exposure per merit"),
                groups=_POLICIES,
                series=(bars("over all weeks", list(shares.values())),),
            ),
            Bars(
                title="One word changed",
                sentence="The share of a diner's first ten that is another one, when one word about the diner is. A "
                "protected word must change nothing; what the model does with it when it is an input is the third bar.",
                y=Axis(label="of the first ten, changed", unit="%"),
                groups=(
                    "a protected word, model as it is",
                    "a word of the profile",
                    "a protected word, as input",
                ),
                series=(bars("changed", (100.0 * changed[_PLAIN], 100.0 * words, 100.0 * changed[_PLANTED])),),
            ),
            Lists(
                title="The same diner, one word changed",
                sentence="Both lists are by the model that was given protected words, to the same diner. Lines join "
                "the restaurants that are in both.",
                columns=cities[0].lists,
            ),
        ),
        numbers=(
            asked.number(f"Gini of looks in week 1, {LEARNS}", of[_GINI][LEARNS][:, 0]),
            asked.number(f"by how much it grows to week {weeks[-1]}", grown),
            asked.number(f"Gini over all weeks, {EXPLORES} less {LEARNS}", spread),
            asked.number(f"least over greatest exposure per merit, {LEARNS}", shares[LEARNS]),
            asked.number(f"the same, {CONTROLLED} less {LEARNS}", evened),
            asked.number(f"nDCG@10 over all weeks, {EXPLORES} less {LEARNS}", price),
            asked.number("first ten changed by a protected word, model as it is", 100.0 * changed[_PLAIN], "%"),
            asked.number("first ten changed by a protected word that is an input", 100.0 * changed[_PLANTED], "%"),
        ),
        claims=(
            asked.claim("exploring spreads the looks", spread, -1, "Gini", main=True),
            asked.claim("exploring costs quality while it lasts", price, -1, "nDCG@10"),
            asked.claim("a control evens out what groups are shown for their merit", evened, 1, "least over greatest"),
            asked.claim(
                "a protected word that is an input changes lists, one that is none does not",
                changed[_PLANTED] - changed[_PLAIN],
                1,
                "of the first ten",
                main=True,
            ),
        ),
        reading=_reading(of[_GINI], shares, price, changed, words, equal, all(city.identical for city in cities)),
        setting={
            "restaurants": plan.restaurants,
            "diners": plan.diners,
            "warm_days": plan.warm_days,
            "days": plan.days,
            "policies": [policy.model_dump(mode="json") for policy in plan.policies],
            "flip": flip_sizes(asked.short),
        },
    )


def _reading(
    ginis: Mapping[str, Doubles],
    shares: Mapping[str, Doubles],
    price: Doubles,
    changed: Mapping[str, Doubles],
    words: Doubles,
    equal: Doubles,
    identical: bool,
) -> str:
    first, last = (number(float(ginis[LEARNS][:, at].mean())) for at in (0, -1))
    grown = over_seeds(ginis[LEARNS][:, -1] - ginis[LEARNS][:, 0])
    ends = number(float(ginis[EXPLORES][:, -1].mean()))
    evened = [number(float(shares[name].mean())) for name in (LEARNS, CONTROLLED)]
    moved = ginis[CONTROLLED].mean(axis=1) - ginis[LEARNS].mean(axis=1)
    verdict = "In so many weeks that is no change that could be told from chance: the rich stay rich"
    if grown.low is not None and grown.low > 0.0:
        verdict = "The rich get richer"
    to_the_bit = "No protected word changes a single bit of a score" if identical else "A protected word changes scores"
    return (
        f"A model that learns from its own lists learns that what it showed was chosen. The Gini index of looks goes "
        f"from {first} in the first week to {last} in the last, a change of {within(grown, signed=True)}. {verdict}. "
        f"With a little exploration it ends at {ends}, and nDCG@10 changes by {within(over_seeds(price), signed=True)} "
        f"meanwhile, since exploring shows what is not known to be good. A control of exposure goes another way: it "
        f"takes the least over the greatest exposure per merit from {evened[0]} to {evened[1]}, and the index by "
        f"{within(over_seeds(moved), signed=True)}: it moves looks between groups, not from the few to the many.\n\n"
        f"{to_the_bit} of the model as it is. Where protected words are an input, one of them changes "
        f"{share(float(changed[_PLANTED].mean()))} of the first ten. To tell whether that is much: a word of the "
        f"profile changes {share(float(words.mean()))}, and two equal diners, told apart by chance alone, have lists "
        f"that are {share(float(equal.mean()))} unlike (one less their rank-biased overlap)."
    )
