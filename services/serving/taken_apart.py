"""What made the relevance of a past list's entry, feature by feature, with the model, diner and catalogue of then."""

import math
from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

import numpy as np

from data.geo import log_travel_time
from models.artifacts import Artifact
from models.explanation.parts import Kind, Parts, Source, TakesApart, cells, contrast, shapley_values
from models.second_stage.features import FEATURES
from models.training_data import diner_tags, restaurant_tags
from services.catalogue.records import Diner
from services.serving.explain import NotInList
from services.serving.recommender import Answer, requests_of
from services.serving.served_document import terms_of
from services.serving.snapshot import MarketSnapshot

_LARGEST: Final = 20
_OTHERS: Final = "others"
_ROUNDING: Final = "rounding"
_ROUNDS: Final = 16
_METHODS: Final = {
    "popular": "the district's share of recent orders, against the market's",
    "lightfm": "cells of features, and their Shapley values in closed form",
    "ease": "what each restaurant of the diner's own history says",
    "ials": "what each restaurant of the diner's own history says, given the restaurants' vectors",
    "ensemble": "each member's score as that member adds it up",
    "lightfm+lambdamart": "cells of features, their Shapley values in closed form, and TreeSHAP of the second stage",
}
Line = tuple[str | None, str | None, float]


class _Average:
    """Stands for the average candidate of a list."""


AVERAGE: Final = _Average()
Against = str | _Average
"""A restaurant's id, or AVERAGE."""


def taken_apart(
    answer: Answer,
    document: dict[str, Any],
    restaurant_id: str,
    profile: Diner | None,
    against: Against | None = None,
) -> dict[str, Any]:
    """`features`, `shapley`, `contrast`, `second_stage`, `method` and `exact` of `api.schemas.Explanation`.

    answer: the list as it is made again. document: as it was served; the sums are those of its terms. profile: what is
    known of the diner now. against: another restaurant of the list, or the average candidate, which takes ten times as
    long as all the rest; None: neither. Raises NotInList.
    """
    logged = _logged(document, restaurant_id)
    snapshot = answer.ask.snapshot
    artifact, name = snapshot.artifact, snapshot.artifact.manifest.model
    diner, place = _diner(answer, profile), _restaurant(snapshot, restaurant_id)
    people = _labels(diner, "diner", artifact, _protected(artifact, profile))
    places = _labels(place, "restaurant", artifact, frozenset())
    second = _second_stage(answer, restaurant_id, logged["second_stage"])
    rests = any(source.kind is Kind.REST for source in (*diner.sources, *place.sources))
    return {
        "features": _features(diner, place, people, places, logged["relevance"]),
        "shapley": _shares(diner, place, people, places, logged["relevance"]),
        "contrast": None if against is None else _contrast(answer, document, diner, place, logged, against),
        "second_stage": second,
        "method": f"{name}: {_METHODS.get(name, 'not taken apart: the score of the pair as a whole')}",
        "exact": not rests and (bool(second) or _adds_nothing(answer)),
    }


def _diner(answer: Answer, profile: Diner | None) -> Parts:
    """What ranked was made of; summing to the very vector that was multiplied."""
    artifact, state = answer.ask.snapshot.artifact, answer.state
    nobody = answer.ask.snapshot.nobody
    if state is None:
        served = np.append(nobody.vectors[0], nobody.biases[0])
    else:
        served = np.append(state.vector, np.float32(state.bias))
    return _made_of(artifact, answer, served, profile).closed(served, Kind.ROUNDING)


def _made_of(artifact: Artifact, answer: Answer, served: np.ndarray[Any, Any], profile: Diner | None) -> Parts:
    model = artifact.model
    if not isinstance(model, TakesApart):
        return Parts.whole(served, Kind.REST)
    row = artifact.diner_row(answer.ask.user_id) if answer.state is not None else None
    if row is not None:
        return model.diner_parts(row)
    # Who is not learnt is nobody, or is told by a profile. The record keeps the vector that it gave, not its tags: they
    # are the profile's of now if these give that vector bit for bit.
    for tags in ([], _tags(answer, profile)):
        new = model.new_diners([tags])
        if np.array_equal(np.append(new.vectors[0], new.biases[0]), served):
            return model.new_diner_parts(tags)
    return Parts.whole(served, Kind.REST)


def _protected(artifact: Artifact, profile: Diner | None) -> frozenset[str]:
    """Attributes that are not named: those that were protected for anybody when the model was trained, which nothing
    undoes, and those that the profile protects now."""
    now = [_attribute(tag) for tag in profile.protected] if profile is not None else []
    return frozenset({*artifact.manifest.protected, *now})


def _tags(answer: Answer, profile: Diner | None) -> list[str]:
    if profile is None:
        return []
    home = answer.ask.snapshot.districts.name_at(profile.home_lat, profile.home_lon)
    return diner_tags(profile.profile, home)


def _restaurant(snapshot: MarketSnapshot, restaurant_id: str) -> Parts:
    """As the catalogue of then had it."""
    at, artifact = snapshot.catalogue.row_of[restaurant_id], snapshot.artifact
    served = np.append(snapshot.catalogue.vectors[at], snapshot.catalogue.biases[at])
    model = artifact.model
    if not isinstance(model, TakesApart):
        return Parts.whole(served, Kind.REST)
    row = artifact.restaurant_row(restaurant_id)
    if row is None:
        found = model.new_restaurant_parts(restaurant_tags(**snapshot.restaurants[at].features()))
    else:
        found = model.restaurant_parts(row)
    return found.closed(served, Kind.ROUNDING)


def _labels(parts: Parts, side: str, artifact: Artifact, hidden: Container[str]) -> list[str]:
    """How each part is called; what is protected goes under `others`."""
    return [_label(source, side, artifact.restaurant_ids, hidden) for source in parts.sources]


def _label(source: Source, side: str, restaurants: Sequence[str], hidden: Container[str]) -> str:
    if source.kind is Kind.ROUNDING:
        return _ROUNDING
    if source.kind is Kind.TAG and _attribute(source.tag) in hidden:
        return _OTHERS
    name = {
        Kind.TAG: source.tag,
        Kind.ITSELF: f"this {side}",
        Kind.TYPICAL: f"any {side}",
        Kind.HISTORY: f"chose={restaurants[source.row]}" if source.kind is Kind.HISTORY else "",
        Kind.REST: "not taken apart",
    }[source.kind]
    return f"{source.member}: {name}" if source.member else name


def _attribute(tag: str) -> str:
    return tag.partition("=")[0]


def _features(diner: Parts, place: Parts, people: list[str], places: list[str], logged: float) -> list[dict[str, Any]]:
    table = cells(diner, place)
    lines: list[Line] = [
        *zip(people, [None] * len(people), table.diner.tolist(), strict=True),
        *zip([None] * len(places), places, table.restaurant.tolist(), strict=True),
    ]
    for person, row in zip(people, table.products.tolist(), strict=True):
        lines.extend((person, name, value) for name, value in zip(places, row, strict=True))
    return [
        {"diner_feature": person, "restaurant_feature": name, "value": value}
        for person, name, value in _listed(lines, logged)
    ]


def _shares(diner: Parts, place: Parts, people: list[str], places: list[str], logged: float) -> list[dict[str, Any]]:
    of_diner, of_place = shapley_values(diner, place)
    lines: list[Line] = [
        *(("diner", name, value) for name, value in zip(people, of_diner.tolist(), strict=True)),
        *(("restaurant", name, value) for name, value in zip(places, of_place.tolist(), strict=True)),
    ]
    return [
        {"of": "both" if name in (_OTHERS, _ROUNDING) else side, "feature": name, "value": value}
        for side, name, value in _listed(lines, logged)
    ]


def _contrast(
    answer: Answer,
    document: dict[str, Any],
    diner: Parts,
    place: Parts,
    logged: dict[str, float],
    against: Against,
) -> dict[str, Any]:
    """What the restaurant has that the other one, or the average candidate, has not."""
    snapshot, shortlists = answer.ask.snapshot, answer.ranked.shortlists
    if isinstance(against, str):
        names, instead = [against], _logged(document, against)["relevance"]
    else:
        candidates = shortlists.rows[0] if shortlists.passing is None else shortlists.rows[0, shortlists.passing[0]]
        names, instead = [snapshot.catalogue.ids[row] for row in candidates.tolist()], float(shortlists.typical()[0, 0])
    found = contrast(diner, place, [_restaurant(snapshot, name) for name in names])
    labels = (_label(source, "restaurant", snapshot.artifact.restaurant_ids, ()) for source in found)
    lines: list[Line] = [(None, name, value) for name, value in zip(labels, found.values(), strict=True)]
    features = [{"feature": name, "value": value} for _, name, value in _listed(lines, logged["relevance"] - instead)]
    return {"against": against if isinstance(against, str) else None, "features": features}


def _logged(document: dict[str, Any], restaurant_id: str) -> dict[str, float]:
    """The terms of one entry, by name."""
    if restaurant_id not in document["restaurant_ids"]:
        raise NotInList(restaurant_id)
    at = document["restaurant_ids"].index(restaurant_id)
    return dict(zip(document["term_names"], (values[at] for values in terms_of(document)), strict=True))


def _adds_nothing(answer: Answer) -> bool:
    """Whether there is no second stage, or the time was up for it: then there is nothing of it to take apart."""
    return answer.ask.snapshot.catalogue.reranker is None or "second-stage-skipped" in answer.ask.skipped


def _second_stage(answer: Answer, restaurant_id: str, logged: float) -> list[dict[str, Any]]:
    """What the trees give where nothing is known, and what each feature of the moment adds; empty without trees."""
    catalogue = answer.ask.snapshot.catalogue
    moments = requests_of(answer.ask, answer.state, answer.at, answer.request_id).moments
    if catalogue.reranker is None or moments is None:
        return []
    shortlists = answer.ranked.shortlists
    column = shortlists.rows[:1] == catalogue.row_of[restaurant_id]
    relevance, ways = shortlists.terms[0][:1][column][None], log_travel_time(shortlists.distances_km[:1][column])[None]
    looked_at = catalogue.reranker.features(moments, shortlists.rows[:1][column][None], relevance, ways)
    shap = catalogue.reranker.stage.shap
    named = list(zip(FEATURES, shap.values_of(looked_at[0])[0].tolist(), strict=True))
    named.sort(key=lambda line: -abs(line[1]))
    lines: list[Line] = [(None, "expected", shap.expected), *((None, name, value) for name, value in named if value)]
    return [{"name": name, "value": value} for _, name, value in closed(lines, (_ROUNDING, _ROUNDING), logged)]


def _listed(lines: Iterable[Line], total: float) -> list[Line]:
    """The largest, the sum of all others, and the rounding: added up from left to right they are `total` to the bit.

    What has no line of its own is in `others`; `rounding` is only what float32 numbers differ by from the exact sum.
    """
    named = [line for line in lines if line[2] != 0.0 and _ROUNDING not in line[:2]]
    # Falling by size; what has no name of its own comes last, whatever its size.
    named.sort(key=lambda line: (_OTHERS in line[:2], -abs(line[2])))
    largest = [line for line in named[:_LARGEST] if _OTHERS not in line[:2]]
    if rest := math.fsum(line[2] for line in named[len(largest) :]):
        largest.append((_OTHERS, _OTHERS, rest))
    return closed(largest, (_ROUNDING, _ROUNDING), total)


def closed(lines: list[Line], name: tuple[str, str], total: float) -> list[Line]:
    """The lines, and one more where they do not add up to `total` to the bit."""
    running = 0.0
    for line in lines:
        running += line[2]
    if running == total:
        return lines
    missing = total - running
    for _ in range(_ROUNDS):  # the difference itself may be rounded
        off = total - (running + missing)
        if off == 0.0:
            break
        missing += off
    return [*lines, (*name, missing)]
