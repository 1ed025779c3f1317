"""An entry of a past list in words: its reasons with what each weighs, and why it stands above another entry."""

from typing import Any, Final

from services.serving.explain import NotInList
from services.serving.reasons import PIECES, Doubles, advantages, reasons, told
from services.serving.recommender import Answer
from services.serving.spoken import SUBJECTS

_LEAST: Final = 0.05
"""Of all that speaks for either side: what is less is in `others`."""
_ORDINALS: Final = {1: "st", 2: "nd", 3: "rd"}
_NAMES: Final = {
    "recent": "what you did lately",
    "moment": "the moment",
    "near": "the way",
    "taste": "your own taste",
    "popular": "how well liked it is by everybody",
    "exploration": "the draw by which new things are tried",
    "fairness": "what fairness among restaurants adds",
}


def weighed_reasons(answer: Answer, restaurant_id: str) -> list[dict[str, Any]]:
    """The reasons of an entry, each with what it adds to the raw score beyond the market's average restaurant, and all
    else as one more line. Raises NotInList."""
    entry, pieces = _entry(answer, restaurant_id), advantages(answer)
    notes, which = reasons(answer)[entry], told(pieces)[entry]
    lines: list[dict[str, Any]] = [
        {**note, "value": float(pieces[entry, piece])} for note, piece in zip(notes, which, strict=True)
    ]
    rest = float(pieces[entry].sum()) - sum(line["value"] for line in lines)
    return [*lines, {"code": "others", "text": "All else, for and against", "value": rest}]


def contrast_in_words(answer: Answer, restaurant_id: str, against: str) -> list[str]:
    """Why one entry stands where it does rather than another: what speaks for the one, what for the other, the most
    first. Raises NotInList."""
    own, other = _entry(answer, restaurant_id), _entry(answer, against)
    pieces = advantages(answer)
    differences = pieces[own] - pieces[other]
    names = [_name_of(answer, restaurant_id), _name_of(answer, against)]
    scores = [float(answer.shown.scores[one]) for one in (own, other)]
    said = [
        f"{names[0]} stands {_ordinal(own + 1)} with {scores[0]:.4f}, "
        f"{names[1]} {_ordinal(other + 1)} with {scores[1]:.4f}."
    ]
    for name, sign in zip(names, (1.0, -1.0), strict=True):
        found = _speaking(answer, sign * differences, own, other)
        if found:
            said.append(f"For {name}: {'; '.join(found)}.")
    if own in answer.shown.sponsors or other in answer.shown.sponsors:
        paid = [name for name, one in zip(names, (own, other), strict=True) if one in answer.shown.sponsors]
        said.append(f"The place of {' and of '.join(paid)} is paid for.")
    return said


def _speaking(answer: Answer, differences: Doubles, own: int, other: int) -> list[str]:
    """What is above 0, with its share of all that is on either side, the most first."""
    whole = float(abs(differences).sum())
    order = differences.argsort()[::-1].tolist()
    return [
        f"{_called(answer, piece, own, other)} (+{differences[piece]:.2f})"
        for piece in order
        if differences[piece] > max(_LEAST * whole, 1e-9)
    ]


def _called(answer: Answer, piece: int, own: int, other: int) -> str:
    name = PIECES[piece]
    if name == "near":
        ways = [float(answer.shown.distances_km[one]) for one in (own, other)]
        return f"the way, {ways[0]:.1f} km against {ways[1]:.1f} km"
    for subject in SUBJECTS:
        if name == f"{subject}-to-you":
            return f"what you make of its {subject}{_tags(answer, subject, own, other)}"
        if name == f"{subject}-to-all":
            return f"what everybody makes of its {subject}{_tags(answer, subject, own, other)}"
    return _NAMES.get(name, name)


def _tags(answer: Answer, subject: str, own: int, other: int) -> str:
    """The tags of a subject on both sides."""
    spoken, said = answer.ask.snapshot.spoken, []
    for entry in (own, other):
        found = spoken.tags_of(int(answer.shown.rows[entry]), SUBJECTS.index(subject))
        said.append(", ".join(map(_short, found)) or "none")
    return f" ({said[0]} against {said[1]})"


def _short(tag: str) -> str:
    name, _, value = tag.partition("=")
    return (name if value == "yes" else value).replace("_", " ")


def _entry(answer: Answer, restaurant_id: str) -> int:
    """The entry's place from 0. Raises NotInList."""
    row = answer.ask.snapshot.catalogue.row_of.get(restaurant_id, -1)
    rows = answer.shown.rows.tolist()
    if row not in rows:
        raise NotInList(restaurant_id)
    return int(rows.index(row))


def _name_of(answer: Answer, restaurant_id: str) -> str:
    snapshot = answer.ask.snapshot
    return snapshot.restaurants[snapshot.catalogue.row_of[restaurant_id]].name


def _ordinal(number: int) -> str:
    return f"{number}{'th' if number % 100 in (11, 12, 13) else _ORDINALS.get(number % 10, 'th')}"
