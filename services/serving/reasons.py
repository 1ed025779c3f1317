"""Reasons in words for the entries of a list: what lifts each above the market's average restaurant, the most first.

Before it becomes a probability a score is a sum, and the way to the restaurant is one more addend of it. So what an
entry has beyond the average restaurant at the average way falls into pieces that add up: what the diner did lately, the
way, what each subject of its tags says to this diner and to anybody, and what is left of either; what a second stage
adds is compared with the average candidate, for it knows no others. A piece is told only where it is among what lifts
the entry: at least a tenth of all that does.

What is added to the probability itself (fairness, exploration) is counted in the same units by the curve's inverse: so
much more a score would have to be to give the probability that it leads to, and not that which the average one would.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from models.explanation.spoken_for import TellsHistory
from services.catalogue.records import Restaurant
from services.features.codec import EVENT_CODES
from services.ranking.rank import FAIRNESS, PAYMENT, TERMS
from services.ranking.recency import ACTION_WEIGHTS, action_weights
from services.serving.diners import recent_actions
from services.serving.recommender import Answer
from services.serving.snapshot import MarketSnapshot
from services.serving.spoken import SUBJECTS, YOURS
from services.stakeholders.policy import GroupedBy

MOST: Final = 3
LEAST_SHARE: Final = 0.1
"""Of all that lifts an entry: what is less is not told."""

_LEAST: Final = 1e-9
"""Less is rounding."""
_SURE: Final = 1e-9
"""How far sums are kept off 0 and 1, for the curve gives nothing beyond them."""
_CALIBRATION: Final = TERMS.index("calibration")
_LATER: Final = tuple(term for term in range(_CALIBRATION + 1, len(TERMS)) if term != PAYMENT)
PIECES: Final = (
    "recent",
    "moment",
    "near",
    "taste",
    "popular",
    *(f"{subject}-to-you" for subject in YOURS),
    *(f"{subject}-to-all" for subject in SUBJECTS),
    *(TERMS[term] for term in _LATER),
)
"""In the order of the columns of `advantages`."""
_RECENT, _MOMENT, _NEAR, _TASTE, _POPULAR = range(5)
_TO_YOU: Final = 5
_TO_ALL: Final = _TO_YOU + len(YOURS)
_LATER_FROM: Final = _TO_ALL + len(SUBJECTS)

_PLACE_OF: Final = {term: PIECES.index(TERMS[term]) for term in _LATER}
_LIFTED: Final = _PLACE_OF[FAIRNESS]
_EXPLORED: Final = _PLACE_OF[TERMS.index("exploration")]
OWN: Final = (_RECENT, _TASTE, _LIFTED)
"""Pieces whose words are found out for a list as a whole: of what the diner did, and of the groups at this time."""

Doubles = npt.NDArray[np.float64]
Note = dict[str, str]

_DONE: Final = {"click": "looked at", "order": "ordered from", "rating": "rated"}
_UNDONE: Final = {"dismiss": "dismissed", "order_cancelled": "cancelled an order from"}
_KIND_OF_CODE: Final = {EVENT_CODES[kind]: kind.value for kind in ACTION_WEIGHTS}


def reasons(answer: Answer) -> list[list[Note]]:
    """Up to three notes for each entry of the list, the strongest first."""
    if not len(answer.shown.rows):
        return []
    pieces = advantages(answer)
    words = Words(answer, pieces)
    return [[words.note(entry, piece) for piece in best] for entry, best in enumerate(told(pieces))]


def told(pieces: Doubles) -> list[list[int]]:
    """The pieces that are told of each entry, the strongest first; of equal ones the first first."""
    falling = np.argsort(-pieces, axis=1, kind="stable").tolist()
    bounds = threshold(pieces).tolist()
    return [
        [piece for piece in order if values[piece] >= bound][:MOST]
        for values, order, bound in zip(pieces.tolist(), falling, bounds, strict=True)
    ]


def threshold(pieces: Doubles) -> Doubles:
    """(K,) what a piece of each entry must be to be told."""
    return np.asarray(np.maximum(pieces, 0.0).sum(axis=1) * LEAST_SHARE + _LEAST)


def advantages(answer: Answer) -> Doubles:
    """(K, len(PIECES)) what each entry has beyond the average restaurant, in units of raw scores."""
    snapshot, shown, state = answer.ask.snapshot, answer.shown, answer.state
    spoken, catalogue, shortlists = snapshot.spoken, snapshot.catalogue, answer.ranked.shortlists
    curve, rows = catalogue.calibration.order, shown.rows
    order = shortlists.order[0]
    columns = order.take(np.asarray(shown.organic_ranks) - 1) if shown.sponsors else order[: len(rows)]
    pieces = np.zeros((len(rows), len(PIECES)))
    pieces[:, _POPULAR] = spoken.popular[rows]
    pieces[:, _TO_ALL:_LATER_FROM] = spoken.to_all[rows]
    pieces[:, _NEAR] = shortlists.offsets[0].take(columns) * (curve.travel / curve.slope)
    if state is not None:
        moved = state.vector - spoken.nobody
        pieces[:, _TASTE] = catalogue.vectors.take(rows, axis=0) @ moved
        if spoken.has_seen(snapshot.artifact.diner_row(answer.ask.user_id)):
            to_you, average = spoken.to_you(moved, rows)
            pieces[:, _TO_YOU:_TO_ALL] = to_you
            pieces[:, _TASTE] -= average + to_you.sum(axis=1)
        else:  # All that is known is a profile, of which nothing is said but that it fits.
            pieces[:, _TASTE] -= float(spoken.table[-1] @ moved)
        if len(state.recent):
            pieces[:, _RECENT] = shown.terms[1] - _typical(answer, shortlists.terms[1, 0])
    if catalogue.reranker is not None:
        pieces[:, _MOMENT] = shown.terms[2] - _typical(answer, shortlists.terms[2, 0])
    for term in [term for term in _LATER if shortlists.terms[term, 0].any()]:
        typical = _typical(answer, shortlists.terms[term, 0])
        if term == FAIRNESS:
            # Whom the control lifts least, or moves down, it does not lift, however far it moves the others down.
            typical = max(typical, 0.0)
        chances = np.empty((2, len(rows)))
        chances[0], chances[1] = shown.terms[term], typical
        own, average = _raw(chances + shown.terms[:term].sum(axis=0))
        pieces[:, _PLACE_OF[term]] = (own - average) / curve.slope
    return pieces


def _raw(chances: Doubles) -> Doubles:
    """Log odds; the curve is a line in them."""
    return np.asarray(logit(np.minimum(np.maximum(chances, _SURE), 1.0 - _SURE)))  # np.clip takes three times as long


def _typical(answer: Answer, values: Doubles) -> float:
    """The mean of a term over the candidates."""
    passing = answer.ranked.shortlists.passing
    chosen = values if passing is None else values[passing[0]]
    return float(np.add.reduce(chosen) / len(chosen)) if len(chosen) else 0.0


class Words:
    """The words of one list; what few of its entries need is found out when the first of them does."""

    def __init__(self, answer: Answer, pieces: Doubles) -> None:
        snapshot = answer.ask.snapshot
        self._answer = answer
        self._snapshot = snapshot
        self._pieces = pieces
        self._rows: list[int] = answer.shown.rows.tolist()
        self._diner = snapshot.artifact.diner_row(answer.ask.user_id)
        self._always = always(snapshot, snapshot.spoken.has_seen(self._diner))
        self._named: dict[int, list[Note]] = {}

    def note(self, entry: int, piece: int) -> Note:
        """Of a piece of an entry."""
        if (said := self._always.get(piece)) is not None:
            return said
        if piece == _NEAR:
            return {"code": "near", "text": f"{self._answer.shown.distances_km[entry]:.1f} km away"}
        if piece in OWN:
            return self.own(piece)[entry]
        return self._of_subject(self._rows[entry], piece)

    def own(self, piece: int) -> list[Note]:
        """The notes of all entries, of one of the pieces in OWN."""
        if piece not in self._named:
            made = {_TASTE: self._tastes, _RECENT: self._recents, _LIFTED: self._lifts}
            self._named[piece] = made[piece]()
        return self._named[piece]

    def _of_subject(self, row: int, piece: int) -> Note:
        spoken, to_you = self._snapshot.spoken, piece < _TO_ALL
        subject = piece - (_TO_YOU if to_you else _TO_ALL)
        moved = self._answer.state.vector - spoken.nobody if to_you and self._answer.state is not None else None
        return of_tag(spoken.tag(row, subject, moved), to_you, town_of(self._snapshot))

    def _lifts(self) -> list[Note]:
        return [self.lifted(row) for row in self._rows]

    def lifted(self, row: int) -> Note:
        """Whom the policy's control lifts: who are in this restaurant's group and, where newcomers have a quota, as new
        or as old as it. They all have this lift, be it for a debt, for the worst-off group's sake, or for the quota."""
        ask = self._answer.ask
        policy = ask.policy.fairness
        groups = ask.live.groups(self._snapshot, policy.by)
        new = policy.newcomer_quota > 0.0 and bool(groups.newcomers[row])
        whom = _whom(policy.by, groups.names[groups.codes[row]], self._snapshot.restaurants[row], new)
        return {"code": "fair-share", "text": f"For fairness among restaurants, {whom} are moved up for now"}

    def _tastes(self) -> list[Note]:
        """Why each fits a diner: by whichever restaurant of the own history says most for it, where one says enough."""
        answer, artifact = self._answer, self._snapshot.artifact
        model, shown = artifact.model, answer.shown.rows
        row = self._diner
        plain = [_taste(artifact.manifest.model, self._snapshot.spoken.has_seen(row))] * len(shown)
        # Asking a class whether it has all that a protocol names takes longer than all the words of a list.
        if row is None or not self._snapshot.spoken.by_history or not isinstance(model, TellsHistory):
            return plain
        liked, vectors = model.history(row)
        if not len(liked):
            return plain
        catalogue = self._snapshot.catalogue
        rows = [catalogue.row_of.get(artifact.restaurant_ids[one], -1) for one in liked.tolist()]
        return self._by_most(vectors, rows, plain, lambda _, name, itself: _chosen(name, itself))

    def _recents(self) -> list[Note]:
        answer, policy, state = self._answer, self._answer.ask.policy, self._answer.state
        plain = [_LATELY] * len(answer.shown.rows)
        if state is None:
            return plain
        catalogue = self._snapshot.catalogue
        actions = recent_actions(state, self._snapshot.row_of_hash, answer.at)
        weights = action_weights(
            actions.weights, actions.ages_hours, policy.recency_gain, policy.recency_half_life_hours
        )
        there = actions.rows >= 0
        rows = actions.rows[there]
        moved = (weights[there] * np.float32(catalogue.recency_scale))[:, None] * catalogue.vectors[rows]
        kinds = [_KIND_OF_CODE.get(code, "") for code in state.recent["type"][there].tolist()]
        return self._by_most(moved, rows.tolist(), plain, lambda at, name, itself: _did(kinds[at], name, itself))

    def _by_most(self, vectors: npt.NDArray[Any], rows: list[int], plain: list[Note], words: Any) -> list[Note]:
        """vectors: (m, d) what each of the diner's own choices adds to the own vector; rows: of the catalogue."""
        if not len(vectors):
            return plain
        shown = self._answer.shown.rows
        beyond = self._snapshot.catalogue.vectors[shown] - self._snapshot.spoken.table[-1]
        says = vectors @ beyond.T  # (m, K)
        most = says.argmax(axis=0)
        enough = says[most, np.arange(len(shown))] >= np.maximum(threshold(self._pieces), 1e-12)
        found = []
        for entry, (at, sure, row) in enumerate(zip(most.tolist(), enough.tolist(), shown.tolist(), strict=True)):
            named = sure and rows[at] >= 0
            name = self._snapshot.restaurants[rows[at]].name if named else ""
            found.append(words(at, name, rows[at] == row) if named else plain[entry])
        return found


_EXPLORING: Final = {"code": "exploring", "text": "Something else for once: now and then we try what may suit"}
_OF_MOMENT: Final = {"code": "moment", "text": "Suits the moment"}
_LATELY: Final = {"code": "recent-choices", "text": "Close to what you chose lately"}


def _whom(by: GroupedBy, group: str, one: Restaurant, new: bool) -> str:
    """The restaurants of a group, as a control of exposure makes them, one of them given; new: only its newcomers."""
    who = "newcomers" if new else "restaurants"
    match by:
        case GroupedBy.KIND:
            return {"chain": "chains", "independent": "independent restaurants"}.get(group, "newcomers")
        case GroupedBy.PRICE:
            return f"{who} of this price ({'$' * one.price_level})" if one.price_level else f"{who} of no named price"
        case GroupedBy.CUISINE:
            return f"{who} whose cuisine is {_plain(one.cuisines[0])}" if one.cuisines else f"{who} of no named cuisine"
        case GroupedBy.DISTRICT:
            return f"{who} in {one.district}"


def always(snapshot: MarketSnapshot, seen: bool) -> dict[int, Note]:
    """By piece, what is the same for every entry; `seen`: whether something was seen of the diner."""
    model = snapshot.artifact.manifest.model
    said = {_POPULAR: _popular(model, town_of(snapshot)), _MOMENT: _OF_MOMENT, _EXPLORED: _EXPLORING}
    return said if snapshot.spoken.by_history else {**said, _TASTE: _taste(model, seen)}


def town_of(snapshot: MarketSnapshot) -> str:
    """What a market is called to its diners."""
    return snapshot.info.title or snapshot.info.market


def _plain(value: str) -> str:
    return value.replace("_", " ")


def _taste(model: str, learnt: bool) -> Note:
    if model == "random":
        return {"code": "chance", "text": "Picked by chance"}
    if model == "popular":
        return {"code": "area", "text": "Ordered more where you live than elsewhere"}
    return {"code": "taste", "text": "Fits your taste"} if learnt else {"code": "profile", "text": "Fits your profile"}


def _popular(model: str, town: str) -> Note:
    if model == "random":
        return {"code": "chance", "text": "Picked by chance"}
    return {"code": "popular", "text": f"Well liked in {town}"}


def _chosen(name: str, itself: bool) -> Note:
    if itself:
        return {"code": "chosen-before", "text": "You chose it before"}
    return {"code": "chosen-before", "text": f"Goes with {name}, which you chose before"}


def _did(kind: str, name: str, itself: bool) -> Note:
    if kind in _UNDONE:
        return {"code": "recent-choices", "text": f"Unlike {name}, which you {_UNDONE[kind]} lately"}
    done = _DONE.get(kind, "chose")
    text = f"You {done} it lately" if itself else f"Like {name}, which you {done} lately"
    return {"code": "recent-choices", "text": text}


def of_tag(tag: str, to_you: bool, town: str) -> Note:
    """What a tag says in words, to the diner who asks or to everybody in a town."""
    attribute, _, value = tag.partition("=")
    subject = _subject(attribute, _plain(value))
    code = {"district": "district", "independent": "chain"}.get(attribute, attribute)
    if to_you:
        return {"code": code, "text": f"You like {subject}"}
    return {"code": f"{code}-popular", "text": f"{subject[:1].upper()}{subject[1:]} is well liked in {town}"}


def _subject(attribute: str, value: str) -> str:
    match attribute:
        case "cuisine":
            return f"{value} cuisine"
        case "price":
            return f"this price ({'$' * int(value)})" if value.isdigit() else "this price"
        case "chain":
            return f"the chain {value}"
        case "independent":
            return "eating at independent places"
        case "delivery":
            return "having food delivered"
        case "district":
            return f"eating in {value}"
    return f"a place with {attribute} “{value}”"
