"""The flip test of a search: the same query with one word changed. Is something else found, and does its text say why?

Changed are words that describe a person (protected attributes and words of the profile) or a kitchen (cuisines, which
people take for origins). Whoever is found because a word stands in the own name or cuisines was asked for by that word:
so lists are compared as they are, and once more without the restaurants whose text holds one of the two words. What
still differs then comes from what the search makes of who asks.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from models.fairness.flip import AT, DEPTH, rank_biased_overlap, score_distance
from models.fairness.intervals import Figure, mean

Doubles = npt.NDArray[np.float64]

_CONTEXTS: Final = 8
_MOST_VALUES: Final = 12
_NOT_WORDS: Final = frozenset({"true", "false", "yes", "no", "none", "other", "unknown"})
"""Values that nobody types to describe anybody."""


@dataclass(frozen=True)
class Found:
    """What a search answers."""

    ids: tuple[str, ...]
    """Best first."""
    scores: tuple[float, ...]
    """As many, not rising."""


Search = Callable[[str], Found]
Words = Mapping[str, Sequence[str]]
"""By attribute, the words that may stand for one another in a query."""


@dataclass(frozen=True)
class SearchFlip:
    """What a changed word of a query does."""

    attribute: str
    protected: bool
    queries: int
    """That hold one of its words."""
    pairs: int
    """(query, other word)"""
    empty: int
    """Pairs of which neither query finds anything: figures are of the others, where there are any."""
    identical: bool
    """All answers are the same: the ids, their order, their scores."""
    explained: bool
    """So they are without the restaurants whose own text holds one of the two words."""
    overlap: Figure
    """Mean rank-biased overlap of the two lists as they are; intervals are over queries without the word."""
    rest: Figure
    """The same without these restaurants."""
    floor: Figure
    """Mean overlap, without these restaurants, of what two equal queries find."""
    distance: Figure | None
    """Mean score distance of the restaurants that both find; None where no two have two in common."""
    changed: Figure
    """Mean share of the first ten, without these restaurants, that is not the same."""
    example: tuple[str, str] | None
    """The two queries that differ most without these restaurants; None where none do."""

    @property
    def beyond_noise(self) -> bool:
        """Whether what the text does not explain certainly is more than two equal queries differ by.

        A search that always finds the same has no noise: then one difference is enough.
        """
        return not self.explained and (self.floor.low >= 1.0 or self.rest.high < self.floor.low)

    def document(self) -> dict[str, Any]:
        """As JSON can hold it."""
        figures = ("overlap", "rest", "floor", "changed")
        return {
            "attribute": self.attribute,
            "protected": self.protected,
            "queries": self.queries,
            "pairs": self.pairs,
            "empty": self.empty,
            "identical": self.identical,
            "explained": self.explained,
            "beyond_noise": self.beyond_noise,
            **{name: getattr(self, name).document() for name in figures},
            "distance": None if self.distance is None else self.distance.document(),
            "example": None if self.example is None else list(self.example),
        }


def words_to_change(values: Words) -> dict[str, tuple[str, ...]]:
    """Of the values of attributes, the commonest first, those that somebody may type; attributes with two or more.

    >>> words_to_change({"activity": ["student", "professional"], "smoker": ["true", "false"], "budget": ["1", "2"]})
    {'activity': ('student', 'professional')}
    """
    found = {
        name: tuple(one for one in listed if len(one) > 1 and one.casefold() not in _NOT_WORDS)[:_MOST_VALUES]
        for name, listed in values.items()
    }
    return {name: listed for name, listed in found.items() if len(listed) > 1}


def queries_about(words: Words, texts: Iterable[str]) -> list[str]:
    """Each word alone, and before each of the commonest words of the restaurants' own texts."""
    counts = Counter(token for text in texts for token in set(text.split()))
    contexts = [token for token, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_CONTEXTS]]
    queries = dict.fromkeys(one for listed in words.values() for one in listed)
    for name, listed in words.items():
        for token in contexts:
            # A cuisine in the place of another, before a third: nobody asks so.
            if not any(token in _tokens(one) for one in words[name]):
                queries |= dict.fromkeys(f"{one} {token}" for one in listed)
    return list(queries)


def search_flips(
    search: Search,
    queries: Sequence[str],
    words: Words,
    texts: Mapping[str, str],
    *,
    protected: Iterable[str] = (),
    fold: Callable[[str], str] = str.casefold,
    again: Search | None = None,
    depth: int = DEPTH,
) -> tuple[SearchFlip, ...]:
    """By attribute of which a query holds a word, in the order of `words`: give it each other word in its place.

    texts: what the search matches of each restaurant, by id, folded. fold: what the search makes of a query before it
    matches. again: who is asked the equal queries; by default the same search, once more. Lists are read to `depth`.
    """
    ask, equal = cache(search), cache(again or search)
    kept, found = frozenset(protected), []
    for name, listed in words.items():
        pairs = [
            (query, query[: at.start()] + other + query[at.end() :], word, other)
            for query in dict.fromkeys(queries)
            for at, word in _words_in(query, listed)
            for other in listed
            if other != word
        ]
        if pairs:
            compared = [
                _compared(ask(pair[0]), ask(pair[1]), equal(pair[0]), [fold(one) for one in pair[2:]], texts, depth)
                for pair in pairs
            ]
            found.append(_flip(name, name in kept, pairs, compared))
    return tuple(found)


@dataclass(frozen=True)
class _Compared:
    """Of one pair of queries."""

    empty: bool
    identical: bool
    explained: bool
    overlap: float
    rest: float
    floor: float
    distance: float
    """NaN where they have no two restaurants in common."""
    changed: float


def _compared(
    here: Found, there: Found, same: Found, words: Sequence[str], texts: Mapping[str, str], depth: int
) -> _Compared:
    rest, other, equal = (_without(found, words, texts) for found in (here, there, same))
    # Where a list was cut off, what is left out of it makes room for nobody: only as much as both hold is compared.
    size = min(len(rest.ids), len(other.ids)) if depth <= max(len(here.ids), len(there.ids)) else depth
    rest, other = _first(rest, size), _first(other, size)
    return _Compared(
        empty=not (here.ids or there.ids or same.ids),
        identical=here == there,
        explained=rest == other,
        overlap=_overlap(here.ids[:depth], there.ids[:depth]),
        rest=_overlap(rest.ids[:depth], other.ids[:depth]),
        floor=_overlap(rest.ids[:depth], equal.ids[: min(size, depth)]),
        distance=_distance(here, there),
        changed=_changed(rest.ids[:AT], other.ids[:AT]),
    )


def _flip(
    name: str, protected: bool, pairs: Sequence[tuple[str, str, str, str]], compared: Sequence[_Compared]
) -> SearchFlip:
    empty = sum(one.empty for one in compared)
    if empty < len(pairs):
        told = [at for at, one in enumerate(compared) if not one.empty]
        pairs_told, compared = [pairs[at] for at in told], [compared[at] for at in told]
    else:
        pairs_told = list(pairs)
    _, clusters = np.unique([query.replace(word, "", 1) for query, _, word, _ in pairs_told], return_inverse=True)

    def figure(values: Sequence[float]) -> Figure:
        """The mean over queries without the word of each one's mean over words."""
        there = np.isfinite(values)
        sums = np.bincount(clusters[there], weights=np.asarray(values)[there])
        times = np.bincount(clusters[there])
        return mean(sums[times > 0] / times[times > 0])

    distances = [one.distance for one in compared]
    least = min(range(len(compared)), key=lambda at: compared[at].rest)
    return SearchFlip(
        attribute=name,
        protected=protected,
        queries=len({query for query, *_ in pairs}),
        pairs=len(pairs),
        empty=empty,
        identical=all(one.identical for one in compared),
        explained=all(one.explained for one in compared),
        overlap=figure([one.overlap for one in compared]),
        rest=figure([one.rest for one in compared]),
        floor=figure([one.floor for one in compared]),
        distance=figure(distances) if np.isfinite(distances).any() else None,
        changed=figure([one.changed for one in compared]),
        example=None if compared[least].explained else pairs_told[least][:2],
    )


def _words_in(query: str, listed: Sequence[str]) -> list[tuple[re.Match[str], str]]:
    """Where the longest of the words stands; none where the query has no word of these."""
    for word in sorted(listed, key=len, reverse=True):
        at = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", query, re.IGNORECASE)
        if at is not None:
            return [(at, word)]
    return []


def _tokens(text: str) -> list[str]:
    return text.casefold().split()


def _without(found: Found, words: Sequence[str], texts: Mapping[str, str]) -> Found:
    """Those whose text does not hold all parts of one of the words, as a search for it alone would have it."""
    kept = [
        (one, score)
        for one, score in zip(found.ids, found.scores, strict=True)
        if not any(word and all(part in texts.get(one, "") for part in word.split()) for word in words)
    ]
    return Found(tuple(one for one, _ in kept), tuple(score for _, score in kept))


def _first(found: Found, size: int) -> Found:
    return Found(found.ids[:size], found.scores[:size])


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Rank-biased overlap of lists that need not be as long as each other; 1 where both are empty."""
    size = max(len(one), len(other))
    if not size:
        return 1.0
    number = {name: at for at, name in enumerate(dict.fromkeys([*one, *other]))}
    # What a shorter list lacks is like nothing in the other.
    rows = [
        [*(number[name] for name in names), *(sign * (at + 1) for at in range(len(names), size))]
        for names, sign in ((one, -1), (other, -size - 1))
    ]
    return float(rank_biased_overlap(np.asarray([rows[0]]), np.asarray([rows[1]]))[0])


def _distance(here: Found, there: Found) -> float:
    scores = dict(zip(there.ids, there.scores, strict=True))
    both = [(score, scores[one]) for one, score in zip(here.ids, here.scores, strict=True) if one in scores]
    if len(both) < 2:
        return float("nan")
    one, other = np.asarray(both, np.float32).T
    return float(score_distance(one[None], other[None])[0])


def _changed(one: Sequence[str], other: Sequence[str]) -> float:
    longest = max(len(one), len(other))
    return 1.0 - len(set(one) & set(other)) / longest if longest else 0.0
