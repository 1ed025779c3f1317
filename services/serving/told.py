"""What a list tells of its entries, as it is written into the answer: `services.serving.reasons`, compiled.

Whatever is said of a tag is the same words each time, so they are JSON before the first request. What is compiled
weighs the pieces, chooses among them, and says by number which words are to be put where. Only what the diner did
lately and whom a control lifts is put into words here, for the lists that tell of it.

Sums are made in float64 here, in the models' float32 there: pieces differ in their seventh digit.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import orjson

from services.serving._entries import Voice
from services.serving.reasons import OWN, PIECES, Doubles, Note, Words, always, of_tag, town_of
from services.serving.recommender import Answer
from services.serving.snapshot import MarketSnapshot
from services.stakeholders.policy import GroupedBy

_LIFTED: Final = PIECES.index("fairness")


class Told(NamedTuple):
    """What is told of each entry, for `written` to put into words."""

    numbers: bytes | None
    """(K, 3) int32: a piece, and len(PIECES) times one more than the tag; -1: no more. None: no reasons are given."""
    always: tuple[bytes | None, ...] = ()
    """By piece, the words that are the same for every entry."""
    to_you: tuple[bytes, ...] = ()
    """By tag, what it says to the diner."""
    to_all: tuple[bytes, ...] = ()
    """By tag, what it says to everybody."""
    own: tuple[list[bytes] | None, ...] = ()
    """By piece, the words of each entry where they are this list's own."""


NOTHING: Final = Told(None)


@dataclass(frozen=True, eq=False)
class Phrases:
    """All that can be told of a market's restaurants, in JSON, and who weighs it."""

    voice: Voice
    always: tuple[tuple[bytes | None, ...], tuple[bytes | None, ...]]
    """For diners of whom only the profile is known, and for those who were seen."""
    to_you: tuple[bytes, ...]
    to_all: tuple[bytes, ...]
    lifted: dict[tuple[GroupedBy, int, bool, int], bytes] = field(default_factory=dict)
    """Of a way of grouping, a group, whether its newcomers are meant, and a restaurant of it: as they come up."""

    @classmethod
    def of(cls, snapshot: MarketSnapshot) -> "Phrases":
        """What a snapshot's restaurants can be told to have; kept with what is spoken of them."""
        spoken, town = snapshot.spoken, town_of(snapshot)
        known: Phrases | None = spoken.phrases.get(town)
        if known is not None:
            return known
        voice = Voice(
            np.ascontiguousarray(snapshot.catalogue.vectors, np.float32),
            np.ascontiguousarray(spoken.index, np.int32),
            np.ascontiguousarray(spoken.starts, np.int32),
            spoken.table,
            np.ascontiguousarray(spoken.nobody, np.float32),
            np.ascontiguousarray(spoken.popular),
            spoken.said_to_all,
            np.ascontiguousarray(spoken.to_all),
        )
        to_you, to_all = (tuple(_json(of_tag(tag, you, town)) for tag in spoken.tags) for you in (True, False))
        made = cls(voice, (_by_piece(always(snapshot, False)), _by_piece(always(snapshot, True))), to_you, to_all)
        spoken.phrases[town] = made
        return made


def told(answer: Answer) -> Told:
    """What is told of each entry of a list."""
    snapshot, shown, state = answer.ask.snapshot, answer.shown, answer.state
    catalogue, shortlists, phrases = snapshot.catalogue, answer.ranked.shortlists, Phrases.of(snapshot)
    seen = snapshot.spoken.has_seen(snapshot.artifact.diner_row(answer.ask.user_id))
    curve, pieces = catalogue.calibration.order, np.empty((len(shown.rows), len(PIECES)))
    numbers, which = phrases.voice.weigh(
        shown.rows,
        shown.organic_ranks,
        np.ascontiguousarray(shown.terms),
        shortlists.order,
        shortlists.terms,
        shortlists.offsets,
        shortlists.passing,
        None if state is None else np.ascontiguousarray(state.vector, np.float32),
        seen,
        state is not None and len(state.recent) > 0,
        catalogue.reranker is not None,
        curve.travel / curve.slope,
        curve.slope,
        pieces,
    )
    said = phrases.always[seen]
    own = [piece for piece in OWN if which >> piece & 1 and said[piece] is None]
    return Told(numbers, said, phrases.to_you, phrases.to_all, _own(answer, phrases, pieces, own) if own else ())


def _own(answer: Answer, phrases: Phrases, pieces: Doubles, own: list[int]) -> tuple[list[bytes] | None, ...]:
    found: list[list[bytes] | None] = [None] * len(PIECES)
    words = Words(answer, pieces)
    for piece in own:
        found[piece] = (
            _lifted(answer, phrases, words) if piece == _LIFTED else [_json(note) for note in words.own(piece)]
        )
    return tuple(found)


def _lifted(answer: Answer, phrases: Phrases, words: Words) -> list[bytes]:
    """Of each restaurant in the list whom the control lifts, be it lifted or not: most have been asked for before."""
    policy, rows, known = answer.ask.policy.fairness, answer.shown.rows, phrases.lifted
    groups = answer.ask.live.groups(answer.ask.snapshot, policy.by)
    codes, new = groups.codes[rows].tolist(), [False] * len(rows)
    if policy.newcomer_quota > 0.0:
        new = groups.newcomers[rows].tolist()
    said = []
    for one in zip(codes, new, rows.tolist(), strict=True):
        key = (policy.by, *one)
        if key not in known:
            known[key] = _json(words.lifted(key[-1]))
        said.append(known[key])
    return said


def _by_piece(notes: dict[int, Note]) -> tuple[bytes | None, ...]:
    return tuple(_json(notes[piece]) if piece in notes else None for piece in range(len(PIECES)))


def _json(note: Note) -> bytes:
    return orjson.dumps(note)
