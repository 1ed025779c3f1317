"""The fewest of a diner's own choices without which another restaurant would have been on top of a past list.

A choice is all that the diner did at one restaurant: what the list remembered of it lately (clicks, orders, ratings,
dismissals), and, in models that keep each diner's history (EASE, iALS, ensembles with them), what the model learnt of
it. Every set that is tried is tried by making the list again without it. Sets are tried by size, all of one size before
any larger one, so the first that is found is smallest; beyond the bound on how many are tried a greedy search gives a
set that does it and of which no single choice can be left out, and the answer says that a smaller one may exist. It
also says up to which size all sets were tried in vain: where the greedy search finds nothing either, a larger set that
does it may still exist.
"""

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import comb
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.explanation.what_if import Forgets
from services.features import DinerState
from services.features.codec import EVENT_CODES
from services.ranking.recency import ACTION_WEIGHTS
from services.serving.recommender import Answer, ranked_lists, sold_list

EXHAUSTIVE_TO: Final = 3
MOST_TRIED: Final = 3_000
"""Sets that are tried size by size; a bound in count, so that the answer is the same on every machine."""

_KIND_OF_CODE: Final = {EVENT_CODES[kind]: kind.value for kind in ACTION_WEIGHTS}


@dataclass(frozen=True, eq=False)
class Choice:
    """All that a diner did at one restaurant, as a list knows it."""

    row: int
    """Of the catalogue."""
    recent: tuple[int, ...]
    """Places in the diner's recent entries."""
    learnt: int | None
    """The restaurant's row in the training data where it is part of the diner's history; None: it is not."""


@dataclass(frozen=True)
class Found:
    """What the search came to."""

    removed: tuple[int, ...]
    """Which of the choices; empty: no set that was tried changes the top, all of them together among these."""
    then_top: int | None
    """Row of the catalogue of who is on top then; None where nothing changes it, or nobody is left."""
    at_least: int
    """No smaller set does it."""

    @property
    def smallest(self) -> bool:
        """Whether it is proven that no smaller set does it."""
        return bool(self.removed) and len(self.removed) <= self.at_least


class Without:
    """Makes a past list again without some of the diner's choices."""

    def __init__(self, answer: Answer, choices: Sequence[Choice]) -> None:
        self._answer = answer
        self._choices = choices
        self._row = answer.ask.snapshot.artifact.diner_row(answer.ask.user_id)

    def top(self, removed: Collection[int]) -> tuple[int | None, float]:
        """Who is on top (a row of the catalogue), and by how much score before the next."""
        answer = self._answer
        ranked = ranked_lists(answer.ask, self._state(removed), answer.at, answer.request_id)
        shown = sold_list(answer.ask, ranked)
        if not len(shown.rows):
            return None, 0.0
        return int(shown.rows[0]), float(shown.scores[0] - shown.scores[1]) if len(shown.rows) > 1 else np.inf

    def _state(self, removed: Collection[int]) -> DinerState:
        state, snapshot = self._answer.state, self._answer.ask.snapshot
        if state is None:
            raise ValueError("the list used nobody's profile")
        gone = [place for one in removed for place in self._choices[one].recent]
        learnt = {row for one in removed if (row := self._choices[one].learnt) is not None}
        state = replace(state, recent=np.delete(state.recent, gone)) if gone else state
        model = snapshot.artifact.model
        if learnt and self._row is not None and isinstance(model, Forgets):
            left = model.diner_without(self._row, learnt)
            state = replace(state, vector=left[:-1], bias=float(left[-1]))
        return state


def choices_of(answer: Answer) -> list[Choice]:
    """What the diner did that the list knew of, by restaurant, in the catalogue's order."""
    state, snapshot = answer.state, answer.ask.snapshot
    if state is None:
        return []
    recent: dict[int, list[int]] = {}
    for place, (key, code) in enumerate(zip(state.recent["restaurant"], state.recent["type"], strict=True)):
        row = snapshot.row_of_hash.get(int(key), -1)
        if row >= 0 and int(code) in _KIND_OF_CODE:
            recent.setdefault(row, []).append(place)
    learnt: dict[int, int] = {}
    model, own = snapshot.artifact.model, snapshot.artifact.diner_row(answer.ask.user_id)
    if own is not None and isinstance(model, Forgets):
        for one in model.chosen_by(own).tolist():
            row = snapshot.catalogue.row_of.get(snapshot.artifact.restaurant_ids[one], -1)
            if row >= 0:
                learnt[row] = one
    return [Choice(row, tuple(recent.get(row, ())), learnt.get(row)) for row in sorted({*recent, *learnt})]


def smallest_change(without: Without, count: int, most_tried: int = MOST_TRIED) -> Found:
    """The smallest set of `count` choices without which another restaurant is on top; see the module."""
    top, margin = without.top(())
    singles = [without.top((one,)) for one in range(count)]
    done = [one for one, (then, _) in enumerate(singles) if then != top]
    if done:
        return Found((done[0],), singles[done[0]][0], 1)
    # Whose leaving shrinks the lead most is tried first.
    ordered = sorted(range(count), key=lambda one: singles[one][1] - margin)
    for size in range(2, min(EXHAUSTIVE_TO, count) + 1):
        if comb(count, size) > most_tried:
            return _greedy(without, ordered, top, size)
        for removed in itertools.combinations(ordered, size):
            then, _ = without.top(removed)
            if then != top:
                return Found(tuple(sorted(removed)), then, size)
    return _greedy(without, ordered, top, min(EXHAUSTIVE_TO, count) + 1)


def _greedy(without: Without, ordered: Sequence[int], top: int | None, at_least: int) -> Found:
    """A set that does it and of which no single choice can be left out; no smaller one than `at_least` does."""
    for removed in _growing(ordered):
        then, _ = without.top(removed)
        if then != top:
            break
    else:
        return Found((), None, at_least)
    # What could not be left out may be, once another is: only after a whole round in vain is nothing left to drop.
    stays = 0
    while stays < len(removed) > 1:
        fewer = removed[1:]
        instead, _ = without.top(fewer)
        if instead != top:
            removed, then, stays = fewer, instead, 0
        else:
            removed, stays = (*fewer, removed[0]), stays + 1
    return Found(tuple(sorted(removed)), then, at_least)


def _growing(ordered: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for size in range(1, len(ordered) + 1):
        yield tuple(ordered[:size])


def own_actions(answer: Answer) -> dict[str, Any] | None:
    """`own_actions` of `api.schemas.Counterfactuals`; None where the list knew nothing that the diner did."""
    choices = choices_of(answer)
    if not choices or not len(answer.shown.rows):
        return None
    found = smallest_change(Without(answer, choices), len(choices))
    snapshot = answer.ask.snapshot
    ids, then = snapshot.catalogue.ids, found.then_top
    return {
        "top": ids[int(answer.shown.rows[0])],
        "considered": len(choices),
        "remove": [_told(answer, choices[one]) for one in found.removed],
        "then_top": None if then is None else ids[then],
        "proven_smallest": found.smallest,
        "at_least": found.at_least,
        "none_up_to": min(found.at_least - 1, len(choices)),
    }


def _told(answer: Answer, choice: Choice) -> dict[str, Any]:
    snapshot, recent = answer.ask.snapshot, _recent(answer)
    entries = recent[list(choice.recent)]
    return {
        "restaurant_id": snapshot.catalogue.ids[choice.row],
        "name": snapshot.restaurants[choice.row].name,
        "learnt": choice.learnt is not None,
        "lately": [
            {"type": _KIND_OF_CODE[int(entry["type"])], "at": datetime.fromtimestamp(int(entry["at"]), UTC)}
            for entry in entries
        ],
    }


def _recent(answer: Answer) -> npt.NDArray[np.void]:
    if answer.state is None:
        raise ValueError("the list used nobody's profile")
    return answer.state.recent
