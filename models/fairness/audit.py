"""The audit of one model on one market's data: who is shown for what, who is served how well, and what smells wrong.

It looks at a model as training makes it: learnt on the train period, asked about the test period. Findings are of four
kinds, each with a bound that says what is worth a finding:

labels   the orders of a group of restaurants look as if they were logged in part (`models.fairness.labels`)
flip     a protected attribute is a model's input: one word changed, and the list is another
proxy    a word of the profile tells a protected attribute, and moves the list
search   a protected word of a query changes what is found, and the restaurants' own text does not say why

Differences between groups (exposure per merit, nDCG, ...) are told as figures. They are no findings by themselves: what
is owed to whom is for the people at the table to say, and the gates hold versions to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from scipy import sparse

from data import columns as col
from data.dataset import Dataset
from models.base import ModelError
from models.evaluation.metrics import ginis
from models.fairness import measures
from models.fairness.flip import Carrier, Flip
from models.fairness.frames import Comparison, adjusted, compare_diners, compare_exposure, crossings
from models.fairness.groups import FEWEST_DINERS, attributes, diner_groups, restaurant_groups
from models.fairness.intervals import Figure, jackknife, mean
from models.fairness.labels import Conversion
from models.fairness.look import MEASURES, NDCG, Look, Outcome, one_word_attributes
from models.fairness.proxy import Probe
from models.fairness.search_flip import SearchFlip

LABELS_BOUND: Final = 0.85
"""A group's orders over clicks, relative to the others', that are certainly below it are a finding.

In clean cities branches of a chain, which are alike, come down to .9."""
PROXY_BOUND: Final = 0.75
"""Area under the ROC curve at which one word of the profile tells a protected attribute."""
CHANGED_BOUND: Final = 0.02
"""Share of the first ten that must certainly change with a word for it to matter."""
COST: Final = (
    "This model is audited as it ranks by itself, without any control of exposure, so nothing was given up for it. "
    "What evening out would cost is measured by the controls, under the policy."
)


@dataclass(frozen=True)
class Finding:
    """Something that looks like discrimination by the data or the model."""

    kind: str
    where: str
    effect: float
    explanation: str

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return vars(self).copy()


@dataclass(frozen=True)
class Audit:
    """All that was found."""

    about: dict[str, Any]
    """What was looked at: source, market, model, split, numbers of diners and restaurants."""
    findings: tuple[Finding, ...]
    comparisons: tuple[Comparison, ...]
    concentration: dict[str, Figure]
    """By measure: `gini`, `coverage`, `average_popularity`, `tail_share`."""
    flips: tuple[Flip, ...] = ()
    """Of protected attributes."""
    words: tuple[Flip, ...] = ()
    """Of words of the profile, which may move lists: what size such a change has."""
    probes: tuple[Probe, ...] = ()
    carried: dict[str, tuple[Carrier, ...]] = field(default_factory=dict)
    """By protected attribute."""
    labels: tuple[Conversion, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be looked at, and why."""
    looked_for: tuple[str, ...] = ()
    """The kinds of findings that could be had of every market."""
    searches: tuple[SearchFlip, ...] = ()
    """Of words of queries, where a search was asked."""

    def with_searches(self, flips: Sequence[SearchFlip]) -> Self:
        """The same with what flips of words of queries came to."""
        found = (*self.findings, *_search_findings(flips))
        looked_for = self.looked_for if not flips else (*self.looked_for, "search")
        return replace(self, findings=found, looked_for=looked_for, searches=tuple(flips))

    @property
    def ok(self) -> bool | None:
        """Whether there is no finding; None where none could be had."""
        return not self.findings if self.findings or self.looked_for else None

    def document(self) -> dict[str, Any]:
        """As JSON can hold it: `{"ok", "findings", "metrics", ...}`."""
        return {
            "ok": self.ok,
            "about": self.about,
            "findings": [one.document() for one in self.findings],
            "looked_for": list(self.looked_for),
            "metrics": {name: one.document() for name, one in self.concentration.items()},
            "comparisons": [one.document() for one in self.comparisons],
            "flip_test": [one.document() for one in self.flips],
            "words": [one.document() for one in self.words],
            "proxies": [one.document() for one in self.probes],
            "carried_by": {
                name: [{"feature": one.feature, "share": one.share} for one in found]
                for name, found in self.carried.items()
            },
            "labels": [one.document() for one in self.labels],
            "search_flip": [one.document() for one in self.searches],
            "cost": COST,
            "notes": list(self.notes),
        }


def audit(
    dataset: Dataset,
    market: str | None = None,
    model: str = "lightfm",
    *,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
    protected_input: bool = False,
    fewest: int = FEWEST_DINERS,
) -> Audit:
    """Train as `tablestakes evaluate` does, and look; of one market, or of all together.

    Diners of all markets are compared as one; what takes one model apart (flips, proxies, the log's labels) is of the
    market with the most diners, but findings are of all. parameters: of the model's constructor. protected_input: give
    the model the protected attributes, which the audit must then find. fewest: diners that make a group.

    Raises ModelError where there is too little to learn from.
    """
    given: dict[str, Any] = {"seed": seed, "parameters": parameters, "protected_input": protected_input}
    looks: list[Look] = []
    for name in [market] if market else dataset.markets:
        try:
            looks.append(Look(dataset, name, model, fewest=fewest, **given))
        except ModelError:
            if market or len(dataset.markets) == 1:
                raise
    if not looks:
        raise ModelError(f"{dataset.path} has no market with enough positive feedback to audit a model on")
    looks.sort(key=lambda look: -len(look.people))
    outcomes = [Outcome.of(look.seen(), len(look.people)) for look in looks]
    about = {
        "source": dataset.manifest.source,
        "market": ", ".join(look.market for look in looks),
        "model": model,
        "restaurants": sum(len(look.places) for look in looks),
        "diners": sum(len(look.people) for look in looks),
        "diners_asked": sum(len(outcome.diners) for outcome in outcomes),
        "split": looks[0].split,
        "seed": seed,
    }
    return _put_together(looks, outcomes, about, fewest)


def findings(
    dataset: Dataset, market: str, model: str = "lightfm", *, seed: int = 0, protected_input: bool = False
) -> tuple[Finding, ...]:
    """The audit's findings alone, by the same bounds and intervals."""
    look = Look(dataset, market, model, seed=seed, protected_input=protected_input)
    return _findings(*look.flips(noise=False), look.probes(), look.labels())


def _put_together(looks: Sequence[Look], outcomes: Sequence[Outcome], about: dict[str, Any], fewest: int) -> Audit:
    notes = []
    flips, words = looks[0].flips()
    probes, labels, carried = looks[0].probes(), looks[0].labels(), looks[0].carried()
    found = list(_findings(flips, words, probes, labels))
    looked_for = _looked_for(flips, words, probes, labels)
    for other in looks[1:]:
        taken = (*other.flips(noise=False), other.probes(), other.labels())
        more, ran = _findings(*taken), _looked_for(*taken)
        looked_for = tuple(kind for kind in looked_for if kind in ran)
        found += [replace(one, where=f"{other.market}: {one.where}") for one in more]
    if len(looks) > 1:
        notes.append(
            f"Flips, proxies and the log's labels are those of {looks[0].market}; findings are of all markets."
        )
    if not labels:
        notes.append("The log has no clicks beside its orders: whether orders are logged in full is not told.")
    if not carried:
        notes.append("What separates the scores of groups is not told: the model is not taken apart, or they do not.")
    comparisons = adjusted([*_exposures(looks, outcomes), *_qualities(looks, outcomes, fewest)])
    return Audit(
        about,
        tuple(found),
        tuple(comparisons),
        _concentration(outcomes),
        tuple(flips),
        tuple(words),
        tuple(probes),
        carried,
        tuple(labels),
        tuple(notes),
        looked_for,
    )


def _qualities(looks: Sequence[Look], outcomes: Sequence[Outcome], fewest: int) -> list[Comparison]:
    """Of the diners of all markets, each measured among the restaurants of the own one."""
    people = pd.concat(
        [look.people.iloc[outcome.diners] for look, outcome in zip(looks, outcomes, strict=True)], ignore_index=True
    )
    groups = diner_groups(people, one_word_attributes(people[col.PROFILE].tolist()), fewest=fewest)
    values = {name: np.concatenate([outcome.figures[name] for outcome in outcomes]) for name in MEASURES}
    protected = [one for one in groups if one.attribute in attributes(people[col.PROTECTED])]
    found = [compare_diners(name, values[name], one) for name in MEASURES for one in groups]
    found += [compare_diners(NDCG, values[NDCG], one) for one in crossings(protected)]
    return [one for one in found if one is not None]


def _exposures(looks: Sequence[Look], outcomes: Sequence[Outcome]) -> list[Comparison]:
    """Of the restaurants of all markets, each shown to the diners of the own one."""
    ledger = measures.Ledger(
        sparse.csr_matrix(sparse.block_diag([outcome.ledger.exposure for outcome in outcomes])),
        sparse.csr_matrix(sparse.block_diag([outcome.ledger.earned for outcome in outcomes])),
    )
    places = pd.concat([look.places for look in looks], ignore_index=True)
    newest = [look.newest for look in looks if look.newest is not None]
    groups = restaurant_groups(places, max(newest, default=None))
    found = [compare_exposure(measures.EXPOSURE, ledger, one) for one in groups]
    return [one for one in found if one is not None]


def _concentration(outcomes: Sequence[Outcome]) -> dict[str, Figure]:
    by_fold = np.concatenate([outcome.by_fold for outcome in outcomes], axis=1)
    total = by_fold.sum(axis=0)
    filled = by_fold[by_fold.sum(axis=1) > 0.0]
    without = total - filled if len(filled) > 1 else filled[:0]
    popular = [measures.average_popularity(one.lists, one.popularity) for one in outcomes]
    tail = [measures.tail_share(one.lists, measures.long_tail(one.popularity)) for one in outcomes]
    covered = np.asarray([measures.coverage(row) for row in without])
    return {
        "gini": jackknife(float(ginis(total[None])[0]), ginis(without), 0.0, 1.0),
        "coverage": jackknife(measures.coverage(total), covered, 0.0, 1.0),
        "average_popularity": mean(np.concatenate(popular)),
        "tail_share": mean(np.concatenate(tail)),
    }


def _findings(
    flips: Sequence[Flip], words: Sequence[Flip], probes: Sequence[Probe], labels: Sequence[Conversion]
) -> tuple[Finding, ...]:
    """What is beyond the bounds."""
    return (*_label_findings(labels), *_flip_findings(flips), *_proxy_findings(probes, words))


def _looked_for(
    flips: Sequence[Flip], words: Sequence[Flip], probes: Sequence[Probe], labels: Sequence[Conversion]
) -> tuple[str, ...]:
    """The kinds of findings that these could have shown."""
    ran = {"labels": bool(labels), "flip": bool(flips), "proxy": bool(words) and bool(probes)}
    return tuple(kind for kind, could in ran.items() if could)


def _label_findings(labels: Sequence[Conversion]) -> list[Finding]:
    return [
        Finding(
            "labels",
            f"{one.attribute}={one.group}",
            one.ratio.value,
            f"Where as many look inside, {one.attribute} {one.group} has {100 * one.ratio.value:.0f} orders for every "
            "100 elsewhere. Their orders may be logged in part, or diners are let down there.",
        )
        for one in labels
        if one.ratio.high < LABELS_BOUND
    ]


def _flip_findings(flips: Sequence[Flip]) -> list[Finding]:
    return [
        Finding(
            "flip",
            one.attribute,
            one.changed.value,
            f"{one.attribute} is protected, and changing that word alone changes {100 * one.changed.value:.0f} % of "
            "the first ten: it is an input of the model.",
        )
        for one in flips
        if not one.identical
    ]


def _search_findings(flips: Sequence[SearchFlip]) -> list[Finding]:
    return [
        Finding(
            "search",
            one.attribute,
            one.changed.value,
            f"{one.attribute} is protected, and changing its word in a search, as from '{one.example[0]}' to "
            f"'{one.example[1]}', changes {100 * one.changed.value:.0f} % of the first ten, where the restaurants' own "
            "text does not say why.",
        )
        for one in flips
        if one.protected and one.beyond_noise and one.example is not None
    ]


def _proxy_findings(probes: Sequence[Probe], words: Sequence[Flip]) -> list[Finding]:
    moved = {one.attribute: one.changed for one in words if one.changed.low > CHANGED_BOUND}
    return [
        Finding(
            "proxy",
            f"{one.source} for {one.attribute}",
            one.auc.value,
            f"{one.source} tells {one.attribute}, which is protected (area under the curve {one.auc.value:.2f}; 0.5 is "
            f"guessing), and changing it changes {100 * moved[one.source].value:.0f} % of the first ten.",
        )
        for one in probes
        if one.source in moved and one.auc.low > PROXY_BOUND
    ]
