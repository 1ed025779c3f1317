"""What can be said in words of a market's restaurants, and how much each of it says: joined once a snapshot.

A restaurant's vector is what its tags say of it (the regression by which the model places new restaurants) and what is
its own. Of the tags only those are spoken of that mean something to a diner, by subject. All others, and what is the
restaurant's own, speak together as taste. Nothing here is about a diner.

What could stand for somebody's belief or health speaks to all or not at all: nobody is told what "you" make of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from models.artifacts import Artifact
from models.base import FloatArray, IntArray, Representations, encode_tags
from models.explanation.spoken_for import TagEffects, TellsHistory, TellsTags
from models.training_data import restaurant_tags
from services.catalogue.records import Restaurant
from services.ranking.catalogue import Catalogue

SUBJECTS: Final = ("cuisine", "price", "chain", "delivery", "district", "comfort", "customs")
"""In the order of the columns of `Spoken.to_all`."""
YOURS: Final = SUBJECTS[:-1]
"""Of them, what a diner is told to like: not the customs, which could stand for belief or health."""
_SUBJECT_OF: Final = {
    "cuisine": "cuisine",
    "price": "price",
    "chain": "chain",
    "independent": "chain",
    "delivery": "delivery",
    "district": "district",
    "area": "comfort",
    "ambience": "comfort",
    "dress": "comfort",
    "alcohol": "customs",
    "smoking": "customs",
    "parking": "comfort",
    "payment": "comfort",
}
"""The subject of each attribute; `accessibility`, which could stand for somebody's health, has none."""
CUSTOMARY: Final = frozenset(
    {
        *("halal", "kosher", "islamic", "muslim", "jewish", "hindu", "jain", "buddhist", "lent", "lenten", "temple"),
        *("vegan", "vegetarian", "veggie", "organic", "healthy", "health", "diet", "dietetic", "diabetic", "raw"),
        *("gluten", "lactose", "allergen", "allergy", "keto", "paleo", "macrobiotic"),
    }
)
"""Words of a cuisine's name by which it belongs to the customs: of belief first, then of health. A market that names
others adds them here."""
_WORD: Final = re.compile(r"[^\W\d_]+")

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spoken:
    """Of n restaurants in the catalogue's order, by g subjects."""

    tags: tuple[str, ...]
    """(t,)"""
    table: FloatArray
    """(t + 1 + g + 1, d): the tags' vectors; zero, for restaurants without more of them; the average restaurant's of
    each subject; the average restaurant's whole vector."""
    index: IntArray
    """(n, m) rows of the table, side by side by subject: tags, then zeros; of a subject without any, its average."""
    starts: IntArray
    """(g,) the first column of each subject."""
    nobody: FloatArray
    """(d,) the diner of whom nothing is known."""
    popular: Doubles
    """(n,) what each restaurant scores for nobody beyond the average restaurant, the subjects left out."""
    to_all: Doubles
    """(n, g) what each subject adds to that."""
    said_to_all: FloatArray
    """(t + 1,) what each tag adds for nobody."""
    diners_seen: npt.NDArray[np.bool_] | None
    """By row of the training data, of which diners something was seen; None: the model does not tell."""
    by_history: bool
    """Whether the model tells its diners by their own history."""
    phrases: dict[str, Any] = field(default_factory=dict)
    """By town, what `services.serving.told` makes of it all when it is first asked."""

    @classmethod
    def of(
        cls, artifact: Artifact, restaurants: Sequence[Restaurant], catalogue: Catalogue, nobody: Representations
    ) -> Self:
        """restaurants: in the catalogue's order."""
        d = catalogue.vectors.shape[1]
        none = TagEffects((), np.empty((0, d + 1), np.float32))
        names, effects = artifact.model.tag_effects() if isinstance(artifact.model, TellsTags) else none
        index, starts = _by_subject(names, [restaurant_tags(**one.features()) for one in restaurants])
        vectors, biases = np.vstack([effects[:, :-1], np.zeros((1, d), np.float32)]), np.append(effects[:, -1], 0.0)
        shares = _shares(index, starts, len(names) + 1)
        mean = catalogue.vectors.mean(axis=0, dtype=np.float64)[None]
        table = np.concatenate([vectors, shares @ vectors, mean]).astype(np.float32)
        nobodys = nobody.vectors[0]
        said = vectors @ nobodys + biases
        silent = ~np.logical_or.reduceat(index < len(names), starts, axis=1)
        index[:, starts] = np.where(silent, len(names) + 1 + np.arange(len(starts)), index[:, starts])
        averages = shares @ said
        to_all = np.add.reduceat(np.append(said, averages)[index], starts, axis=1) - averages
        whole = (catalogue.vectors @ nobodys + catalogue.biases).astype(np.float64)
        return cls(
            tags=names,
            table=np.ascontiguousarray(table),
            index=index,
            starts=starts,
            nobody=nobodys,
            popular=whole - whole.mean() - to_all.sum(axis=1),
            to_all=to_all,
            said_to_all=said.astype(np.float32),
            diners_seen=artifact.model.diners_seen() if isinstance(artifact.model, TellsTags) else None,
            by_history=isinstance(artifact.model, TellsHistory),
        )

    def has_seen(self, diner: int | None) -> bool:
        """Whether something was seen of a diner, a row of the training data: if not, the profile is all there is."""
        return diner is not None and (self.diners_seen is None or bool(self.diners_seen[diner]))

    def to_you(self, moved: FloatArray, rows: npt.NDArray[np.int64]) -> tuple[Doubles, float]:
        """(k, len(YOURS)) what each subject of these restaurants adds beyond the average restaurant for a diner who is
        so far, (d,), from nobody: 0 where there is nothing to say. And what the average restaurant as a whole adds."""
        said = self.table @ moved
        own, tags = self.index[:, : self.starts[-1]].take(rows, axis=0), len(self.tags) + 1
        subjects = np.add.reduceat(said.take(own), self.starts[:-1], axis=1)
        return subjects - said[tags:-2], float(said[-1])

    def tags_of(self, row: int, subject: int) -> list[str]:
        """A restaurant's tags of a subject."""
        return [self.tags[tag] for tag in self._tags(row, subject).tolist()]

    def tag(self, row: int, subject: int, moved: FloatArray | None) -> str:
        """The tag of a subject that says most for a restaurant that has one: to a diner, or (None) to everybody."""
        tags = self._tags(row, subject)
        said = self.said_to_all[tags] if moved is None else self.table[tags] @ moved
        return self.tags[int(tags[said.argmax()])]

    def _tags(self, row: int, subject: int) -> IntArray:
        last = self.starts[subject + 1] if subject + 1 < len(self.starts) else None
        tags = self.index[row, self.starts[subject] : last]
        return tags[tags < len(self.tags)]


def _by_subject(names: Sequence[str], tags: Sequence[Sequence[str]]) -> tuple[IntArray, IntArray]:
    """(n, m) which of `names` each restaurant has, those of one subject side by side; and where each subject begins.

    Each subject has a column at least, be it an empty one.
    """
    none, subject_of = len(names), [_subject(name) for name in names]
    matrix = encode_tags(tags, names)
    own = np.split(matrix.indices, matrix.indptr[1:-1]) if len(tags) else []
    columns, starts = [], [0]
    for subject in SUBJECTS:
        of_subject = np.asarray([name == subject for name in subject_of], np.bool_)
        picked = [one[of_subject[one]] for one in own]
        width = max([1, *map(len, picked)])
        column = np.full((len(own), width), none, np.int32)
        for row, found in enumerate(picked):
            column[row, : len(found)] = found
        columns.append(column)
        starts.append(starts[-1] + width)
    return np.ascontiguousarray(np.concatenate(columns, axis=1)), np.asarray(starts[:-1], np.int32)


def _subject(tag: str) -> str:
    """Of a tag; empty where it is not spoken of. That something is not so is no reason."""
    attribute, _, value = tag.partition("=")
    if value in ("no", "none"):
        return ""
    if attribute == "cuisine" and not CUSTOMARY.isdisjoint(_WORD.findall(value.lower())):
        return "customs"
    return _SUBJECT_OF.get(attribute, "")


def _shares(index: IntArray, starts: IntArray, tags: int) -> Doubles:
    """(g, tags) how many of the restaurants have each tag, by subject."""
    found = np.zeros((len(starts), tags))
    ends = [*starts[1:].tolist(), index.shape[1]]
    for subject, (first, last) in enumerate(zip(starts.tolist(), ends, strict=True)):
        found[subject] = np.bincount(index[:, first:last].ravel(), minlength=tags)
    return found / max(len(index), 1)
