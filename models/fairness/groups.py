"""Who is in which group: of restaurants, of diners, and where two attributes cross. Small groups are not shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from data import columns as col

Codes = npt.NDArray[np.int64]

NOBODY: Final = -1
"""The code of who is in no group: the attribute is not known, or the group is too small."""
FEWEST_RESTAURANTS: Final = 5
"""A group with fewer is in no comparison: its figure would be that of one kitchen."""
FEWEST_DINERS: Final = 20
"""A group with fewer is not shown: an interval over so few says nothing, and a figure of few is a figure of somebody.

That is a minimum size, not anonymity: whoever knows the total and all other groups can still work out the one left out.
"""
NEWCOMER: Final = pd.Timedelta(days=28)
CROSS: Final = " × "


@dataclass(frozen=True, eq=False)
class Groups:
    """Members, restaurants or diners, each in one group or none."""

    attribute: str
    names: tuple[str, ...]
    """Sorted; each has at least `fewest` members."""
    codes: Codes
    """(n,) index into `names`, or NOBODY."""
    fewest: int
    small: int = 0
    """Groups that had fewer members and are left out."""
    left_out: int = 0
    """Their members."""

    @classmethod
    def of(cls, attribute: str, labels: Sequence[str | None] | pd.Series, fewest: int) -> Self:
        """From each member's label; None and NaN: not known.

        >>> Groups.of("kind", ["chain", "chain", "new", None], fewest=2).names
        ('chain',)
        """
        values = pd.Series(labels, dtype=object)
        sizes = values.value_counts()
        names = sorted(str(name) for name, size in sizes.items() if size >= fewest)
        small = sizes[sizes < fewest]
        codes = pd.Index(names).get_indexer(pd.Index(values.where(values.notna(), None)))
        return cls(attribute, tuple(names), codes.astype(np.int64), fewest, len(small), int(small.sum()))

    def crossed(self, other: Self) -> Self:
        """Both attributes at once: `young × student`. Raises ValueError where the members are not the same."""
        if len(self.codes) != len(other.codes):
            raise ValueError(f"{self.attribute} and {other.attribute} are of different members")
        labels = [
            f"{self.names[a]}{CROSS}{other.names[b]}" if a != NOBODY and b != NOBODY else None
            for a, b in zip(self.codes.tolist(), other.codes.tolist(), strict=True)
        ]
        return type(self).of(f"{self.attribute}{CROSS}{other.attribute}", labels, max(self.fewest, other.fewest))

    def of_members(self, rows: npt.NDArray[np.integer]) -> Self:
        """Of some of the members; groups that are too small among them go."""
        labels = [self.names[code] if code != NOBODY else None for code in self.codes[rows].tolist()]
        return type(self).of(self.attribute, labels, self.fewest)

    @property
    def sizes(self) -> Codes:
        """(G,) members."""
        return np.bincount(self.codes[self.codes != NOBODY], minlength=len(self.names))

    @property
    def member(self) -> npt.NDArray[np.float64]:
        """(n, G) 1 where somebody is in a group."""
        return np.asarray(self.codes[:, None] == np.arange(len(self.names)), np.float64)

    @property
    def comparable(self) -> bool:
        """Whether there are two groups at least."""
        return len(self.names) > 1


def restaurant_groups(restaurants: pd.DataFrame, until: pd.Timestamp | None) -> list[Groups]:
    """By kind, district, price and main cuisine, of the catalogue's rows in their order.

    until: the end of the time that is looked at, which says who is new; None: nobody is.
    """
    price = restaurants[col.PRICE_LEVEL] if col.PRICE_LEVEL in restaurants else pd.Series(dtype=object)
    cuisines = restaurants[col.CUISINES] if col.CUISINES in restaurants else pd.Series(dtype=object)
    labels = {
        "kind": kinds(restaurants, until).tolist(),
        "district": [name or None for name in restaurants[col.DISTRICT]],
        "price level": [None if pd.isna(level) else str(int(level)) for level in price],
        "cuisine": [str(names[0]) if names is not None and len(names) else None for names in cuisines],
    }
    return [Groups.of(name, values, FEWEST_RESTAURANTS) for name, values in labels.items() if values]


def kinds(restaurants: pd.DataFrame, until: pd.Timestamp | None) -> pd.Series:
    """`newcomer` where it opened in the 28 days before `until`, whatever else it is; else `chain` or `independent`."""
    kind = np.where(restaurants[col.CHAIN].isna(), "independent", "chain")
    if until is not None:
        opened = pd.to_datetime(restaurants[col.OPENED_AT], utc=True)
        kind = np.where(opened >= until - NEWCOMER, "newcomer", kind)
    return pd.Series(kind, restaurants.index, dtype=object)


def tag_values(rows: Iterable[Iterable[str]], attribute: str) -> list[str | None]:
    """Each row's value of an attribute among its `name=value` tags; None where it has none, or several.

    >>> tag_values([["age=18-29"], ["likes=thai", "likes=greek"]], "age")
    ['18-29', None]
    """
    found = []
    for tags in rows:
        values = {tag.partition("=")[2] for tag in tags if tag.partition("=")[0] == attribute}
        found.append(values.pop() if len(values) == 1 else None)
    return found


def attributes(rows: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The names of the attributes that occur in these tags, sorted."""
    return tuple(sorted({tag.partition("=")[0] for tags in rows for tag in tags}))


def diner_groups(diners: pd.DataFrame, also: Sequence[str] = (), fewest: int = FEWEST_DINERS) -> list[Groups]:
    """By each protected attribute, and by these attributes of the profile, of the table's rows in their order."""
    protected, profile = diners[col.PROTECTED].tolist(), diners[col.PROFILE].tolist()
    wanted = [(name, protected) for name in attributes(protected)] + [(name, profile) for name in also]
    return [Groups.of(name, tag_values(rows, name), fewest) for name, rows in wanted]
