"""What a version's evaluation report keeps, read strictly: what is absent was not measured, what is odd is named."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from models.cards.figures import Figure, Finite, exact

NOT_MEASURED: Final = "not measured for this version"
_MOST_FIGURES: Final = 200
_NAMES: Final = ("name", "measure", "attribute", "group")
"""Fields by which an entry of a list is called, in this order."""
_DEEPEST: Final = 6
T = TypeVar("T", bound=BaseModel)


class _Kept(BaseModel):
    """Fields that are not known here are left aside: who measures may keep more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FeatureImportance(_Kept):
    """How much a feature matters over all lists."""

    name: str
    side: Literal["diner", "restaurant", "moment"]
    value: Finite
    low: Finite
    high: Finite
    measure: str = Field(examples=["mean |contribution|", "permutation loss in nDCG"])

    @property
    def figure(self) -> Figure:
        """With its interval."""
        return Figure(value=self.value, low=self.low, high=self.high)


class OverIndexing(_Kept):
    """What the audit for over-indexing looked at, and what it says of it."""

    feature: str
    kind: str
    value: Finite
    bound: Finite
    reported: bool = Field(description="Whether the value is beyond the bound.")
    sentence: str


class WorstSlice(_Kept):
    """A group of cases in which the model does worse than elsewhere. Figures are mean losses: more is worse."""

    conditions: tuple[str, ...]
    n: int = Field(ge=0)
    value: Finite
    low: Finite
    high: Finite
    rest: Finite = Field(description="The mean loss of all other cases.")
    p_adjusted: float = Field(ge=0.0, le=1.0, description="Corrected for how many slices were looked at.")

    @property
    def figure(self) -> Figure:
        """With its interval."""
        return Figure(value=self.value, low=self.low, high=self.high)


class SliceRegression(_Kept):
    """A group of cases in which it was worse than the champion of then, on the very same cases; more is better."""

    conditions: tuple[str, ...]
    n: int = Field(ge=0)
    before: Finite
    after: Finite
    loss: Finite
    low: Finite
    high: Finite
    p_adjusted: float = Field(ge=0.0, le=1.0)

    @property
    def figure(self) -> Figure:
        """The loss with its interval."""
        return Figure(value=self.loss, low=self.low, high=self.high)


class CheckOutcome(_Kept):
    """A behavioural check: what must hold whatever the figures are."""

    name: str
    passed: bool
    value: Finite
    bound: Finite
    explanation: str


class NamedFigure(_Kept):
    """A figure of a measured document, by the path at which it stands there."""

    name: str
    figure: Figure


class Unreadable(Exception):
    """A part of a report has another shape than it must have; the message says where."""


def items(report: Mapping[str, Any], key: str, kind: type[T], *names: str) -> list[T] | None:
    """A list that the report keeps under `key`, bare or under one of `names` in a document; None: it keeps none.

    Raises Unreadable.
    """
    found = report.get(key)
    if isinstance(found, Mapping):
        inside = next((name for name in names if name in found), None)
        if inside is None:
            raise Unreadable(f"{key}: it has none of {', '.join(names)}")
        found = found[inside]
    if found is None:
        return None
    try:
        return TypeAdapter(list[kind]).validate_python(found)  # type: ignore[valid-type]
    except ValidationError as error:
        raise unreadable(key, error) from None


def unreadable(key: str, error: ValidationError) -> Unreadable:
    """The first thing that is wrong, and where."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join([key, *(str(part) for part in first["loc"])])
    return Unreadable(f"{where}: {first['msg']}")


def figures(report: Mapping[str, Any], key: str) -> list[NamedFigure] | None:
    """All figures of a document under `key`, however deep it is, by their paths; None: there is none.

    Raises Unreadable where what stands there is no document, or one of its figures is half of one.
    """
    found = report.get(key)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise Unreadable(f"{key}: it is no document of figures")
    walked = list(_walk(found, (), key))
    return walked[:_MOST_FIGURES]


def figure_of(found: Any) -> Figure | None:
    """From `{"value", "low", "high"}`; None where it is no such thing, or what it says is not a number."""
    if not isinstance(found, Mapping):
        return None
    try:
        return Figure.model_validate({name: found.get(name) for name in ("value", "low", "high")})
    except ValidationError:
        return None


def _walk(node: Any, path: tuple[str, ...], key: str) -> Iterator[NamedFigure]:
    if len(path) > _DEEPEST:
        raise Unreadable(f"{key}: it is nested deeper than {_DEEPEST} levels")
    if isinstance(node, Mapping) and {"value", "low", "high"} <= set(node):
        figure = figure_of(node)
        if figure is not None:
            yield NamedFigure(name=" · ".join(path), figure=figure)
        elif node["value"] is not None:
            raise Unreadable(f"{'.'.join((key, *path))}: a figure needs value, low and high, all numbers")
    elif isinstance(node, Mapping):
        for name, inner in node.items():
            yield from _walk(inner, (*path, str(name)), key)
    elif isinstance(node, Sequence) and not isinstance(node, str):
        for number, inner in enumerate(node):
            yield from _walk(inner, (*path, _called(inner, number)), key)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield NamedFigure(name=" · ".join(path), figure=exact(float(node)))


def _called(inner: Any, number: int) -> str:
    """The name of an entry of a list: its own, else its number."""
    given: Mapping[str, Any] = inner if isinstance(inner, Mapping) else {}
    own = [given[name] for name in _NAMES if isinstance(given.get(name), str)]
    return " ".join(own) or str(number + 1)
