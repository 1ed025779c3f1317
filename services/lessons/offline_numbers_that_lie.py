"""Lesson 8: offline numbers that lie."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from data import columns as col
from data.city.generate import generate
from data.columns import EventType
from data.dataset import Dataset
from models.fairness.bias import place_curves
from services.lessons.cities import in_cities
from services.lessons.figure import Axis, Bars, Doubles, Lines, Table, bars, curve, over_seeds
from services.lessons.lesson import Asked, Findings
from services.lessons.words import number, share, within
from services.simulation.measure_off_policy import SMALL, Outcome, run_seed

_TITLES: Final = {
    "naive": "the log's own mean",
    "dm": "the model's own word",
    "sips": "reweighted (SIPS)",
    "snips": "reweighted, normalised (SNIPS)",
    "dr": "doubly robust (DR)",
}
_SEEN: Final = 5
"""Place of the list that is asked about."""


@dataclass(frozen=True)
class Places:
    """What one city's log says of its places."""

    clicked: Doubles
    """(K,) clicks an impression, relative to the top."""
    estimated: Doubles
    """(K,) the chance of a look, as the log's randomness tells it."""
    true: Doubles
    """(K,)"""


def places(seed: int, short: bool) -> Places | None:
    """One city's places; None where the log cannot tell."""
    sizes: dict[str, Any] = {"restaurants": 200, "diners": 1_500, "days": 21}
    if short:
        sizes = {"restaurants": 100, "diners": 700, "days": 10}
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "city", markets=1, seed=seed, **sizes)
        city = Dataset.open(Path(folder) / "city")
        [market] = city.markets
        curves = place_curves(city, market)
        if curves is None:
            return None
        estimated, true = curves
        return Places(_clicked(city, market, len(true)), estimated, true)


def _clicked(city: Dataset, market: str, k: int) -> Doubles:
    """(k,) clicks an impression by place, over those of the first: what a dashboard shows."""
    shown = city.events(market, [EventType.IMPRESSION], [col.REQUEST_ID, col.RESTAURANT_ID, col.POSITION])
    clicks = city.events(market, [EventType.CLICK], [col.REQUEST_ID, col.RESTAURANT_ID]).drop_duplicates()
    joined = clicks.merge(shown, on=[col.REQUEST_ID, col.RESTAURANT_ID])
    counts = [
        np.bincount(table[col.POSITION].to_numpy(np.int64), minlength=k + 1)[1 : k + 1].astype(np.float64)
        for table in (joined, shown)
    ]
    rates = counts[0] / np.maximum(counts[1], 1.0)
    return np.asarray(rates / rates[0])


def run(asked: Asked) -> Findings:
    """Estimates from a log beside the truth; and clicks by place beside the looks behind them."""
    outcomes = in_cities(asked, partial(run_seed, SMALL), "valuing policies from a log, and by the truth", 0.0, 0.6)
    fewer = replace(asked, seeds=asked.seeds[: max(2, len(asked.seeds) // 5)])
    curves = [
        one
        for one in in_cities(fewer, partial(places, short=asked.short), "counting clicks by place", 0.6, 1.0)
        if one is not None
    ]
    cases = [case.name for case in SMALL.cases]
    errors = [_errors([of_city[at] for of_city in outcomes]) for at in range(len(cases))]
    truths = [np.asarray([of_city[at].truth for of_city in outcomes]) for at in range(len(cases))]
    wide = errors[1]
    worse = np.abs(wide["naive"]) - np.abs(wide["snips"])
    clicked, estimated = (np.stack([getattr(one, name) for one in curves]) for name in ("clicked", "estimated"))
    true = curves[0].true
    under = clicked[:, _SEEN - 1] - true[_SEEN - 1]
    ranks = np.arange(1, len(true) + 1)
    return Findings(
        figures=(
            Bars(
                title="How far each number is from the truth",
                sentence="The truth is what the same diners do with the other policy's lists, in expectation. A bar "
                "that keeps away from zero is a number that lies, however narrow its interval.",
                y=Axis(label="estimate less truth, orders a list", unit="orders"),
                groups=tuple(_TITLES.values()),
                series=tuple(
                    bars(f"{name} (truth {truth.mean():.2f})", [error[key] for key in _TITLES])
                    for name, truth, error in zip(cases, truths, errors, strict=True)
                ),
                horizontal=True,
            ),
            Lines(
                title="Clicks by place, and looks by place",
                sentence="Lower places are clicked less, partly because they are looked at less. Who reads clicks as "
                "liking thinks that what stands low is worth less than it is.",
                x=Axis(label="place in the list"),
                y=Axis(label="relative to the first place"),
                series=(
                    curve("clicks an impression, as logged", ranks, clicked),
                    curve("chance of a look, estimated from the log", ranks, estimated),
                    curve("chance of a look, the truth", ranks, true[None]),
                ),
            ),
            Table(
                title="How often a 95 % interval holds the truth",
                sentence="An interval that is honest holds it in about 95 cities of 100.",
                columns=("policy", *_TITLES.values()),
                rows=tuple(
                    (name, *(f"{100.0 * _held([of_city[at] for of_city in outcomes], key):.0f} %" for key in _TITLES))
                    for at, name in enumerate(cases)
                ),
            ),
        ),
        numbers=(
            asked.number(f"the log's own mean less the truth, {cases[1]}", wide["naive"], "orders a list"),
            asked.number(f"the model's own word less the truth, {cases[1]}", wide["dm"], "orders a list"),
            asked.number(f"SNIPS less the truth, {cases[1]}", wide["snips"], "orders a list"),
            asked.number(f"clicks at place {_SEEN} relative to the first, less the looks", under),
            asked.number(
                f"looks at place {_SEEN} as the log tells them, less the truth",
                estimated[:, _SEEN - 1] - true[_SEEN - 1],
            ),
        ),
        claims=(
            asked.claim(
                "the log's own mean overstates a policy that explores widely",
                wide["naive"],
                1,
                "orders a list",
                main=True,
            ),
            asked.claim("the model's own word understates it", wide["dm"], -1, "orders a list", main=True),
            asked.claim("the log's own mean is further from the truth than SNIPS", worse, 1, "orders a list"),
            asked.claim(
                f"clicks make place {_SEEN} look less liked than it is", under, -1, "of the first place", main=True
            ),
        ),
        reading=_reading(wide, truths[1], clicked, estimated, true, outcomes),
        setting={
            "restaurants": SMALL.restaurants,
            "diners": SMALL.diners,
            "days": SMALL.days,
            "cases": cases,
            "seeds_by_place": len(curves),
        },
    )


def _reading(
    wide: dict[str, Doubles],
    truth: Doubles,
    clicked: Doubles,
    estimated: Doubles,
    true: Doubles,
    outcomes: Sequence[Sequence[Outcome]],
) -> str:
    naive, own, corrected = (over_seeds(wide[name]) for name in ("naive", "dm", "snips"))
    held = [share(_held([of_city[1] for of_city in outcomes], name)) for name in ("naive", "snips")]
    place = _SEEN - 1
    return (
        f"Five places drawn widely would earn {number(float(truth.mean()))} orders a list. The log's own mean, which "
        f"knows nothing of that policy, is off by {within(naive, signed=True)}; the model's own forecast, which is as "
        f"precise as one could wish, by {within(own, signed=True)}. Weighing each logged list by how likely the other "
        f"policy was to show it is off by {within(corrected, signed=True)}. The log's mean has an interval that holds "
        f"the truth in {held[0]} of the cities, SNIPS in {held[1]}.\n\n"
        f"Place {_SEEN} is clicked {number(float(clicked[:, place].mean()))} times as often as the first, but it is "
        f"also looked at only {number(float(true[place]))} times as often; the log's own randomness tells "
        f"{number(float(estimated[:, place].mean()))}. Both faults have one mend, and it has to be in place before the "
        "question is asked: show a little at random, and write down with what chance."
    )


def _errors(outcomes: Sequence[Outcome]) -> dict[str, Doubles]:
    """By estimator (told,): estimate less truth, of the cities whose estimate was not refused."""
    told = [one for one in outcomes if one.estimates["refused"] is None]
    return {
        name: np.asarray([one.estimates["by_estimator"][name]["value"] - one.truth for one in told]) for name in _TITLES
    }


def _held(outcomes: Sequence[Outcome], name: str) -> float:
    """Share of the cities in which an estimator's interval holds the truth."""
    told = [one for one in outcomes if one.estimates["refused"] is None]
    found = [(one.estimates["by_estimator"][name], one.truth) for one in told]
    return float(np.mean([one["low"] <= truth <= one["high"] for one, truth in found]))
