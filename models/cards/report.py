"""What a version's evaluation report keeps, read strictly: what is absent was not measured, what is odd is named."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from models.cards.figures import Figure, Finite

NOT_MEASURED: Final = "not measured for this version"
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


class _Slice(_Kept):
    """A group of cases."""

    conditions: tuple[str, ...]
    same_as: tuple[tuple[str, ...], ...] = Field(
        default=(), description="Other descriptions of nearly the same cases, which the data do not tell apart from it."
    )
    n: int = Field(ge=0)

    @property
    def where(self) -> str:
        """Its conditions in one line."""
        return " and ".join(self.conditions)

    @property
    def also(self) -> str:
        """What else it may be called, in one line; "-" for nothing."""
        return "; ".join(" and ".join(one) for one in self.same_as) or "-"


class WorstSlice(_Slice):
    """A group of cases in which the model does worse than elsewhere. Figures are mean losses: more is worse."""

    value: Finite
    low: Finite
    high: Finite
    rest: Finite = Field(description="The mean loss of all other cases.")
    p_adjusted: float = Field(ge=0.0, le=1.0, description="Corrected for how many slices were looked at.")

    @property
    def figure(self) -> Figure:
        """With its interval."""
        return Figure(value=self.value, low=self.low, high=self.high)


class SliceRegression(_Slice):
    """A group of cases in which it was worse than the champion of then, on the very same cases; more is better."""

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


class Interaction(_Kept):
    """How much a feature of diners and one of restaurants do together to lists."""

    diner: str
    restaurant: str
    value: Finite
    low: Finite
    high: Finite

    @property
    def figure(self) -> Figure:
        """With its interval."""
        return Figure(value=self.value, low=self.low, high=self.high)


class PlaceOfTag(_Kept):
    """Where the model puts a restaurant of which nothing but this tag is known."""

    tag: str = Field(examples=["cuisine=thai"])
    x: Finite
    y: Finite


class EmbeddingPlane(_Kept):
    """Cuisines and districts on the plane of their first two principal components."""

    explained: tuple[Finite, Finite] = Field(description="Share of the variance that each axis has.")
    points: tuple[PlaceOfTag, ...]


def _known(found: Any) -> Any:
    """A figure that could not be measured is kept with a null in it: there is none."""
    return None if isinstance(found, Mapping) and found.get("value", 0.0) is None else found


Measured = Annotated[Figure | None, BeforeValidator(_known)]


class Faithfulness(_Kept):
    """How faithful the order of features is by which scores of one kind are explained."""

    cases: int = Field(ge=0)
    diners: int = Field(ge=0)
    parts: Finite = Field(description="Of a case, in the mean.")
    margins: dict[Literal["deletion", "insertion"], dict[str, Measured]] = Field(
        default={},
        description="By how much the exact values beat another order, case by case: above 0 they are better.",
    )
    interaction_share: Measured = Field(default=None, description="How much of the values comes of parts together.")
    sign_agreement: Measured = Field(
        default=None, description="Share of parts whose value has the sign of what taking them away does."
    )
    local_r2: Measured = Field(default=None, description="What of the changes near a case adds up from the values.")


class Fidelity(_Kept):
    """Whether explanations say what the model does, on held-out diners and requests."""

    pair: Faithfulness | None = Field(default=None, description="Of a diner and a restaurant.")
    second_stage: Faithfulness | None = Field(default=None, description="Of what the second stage adds.")
    refused: str | None = Field(default=None, description="Why there is neither.")


class GroupOf(_Kept):
    """One group of a comparison."""

    group: str
    n: int = Field(ge=0, description="Its members.")
    value: Finite
    low: Finite
    high: Finite

    @property
    def figure(self) -> Figure:
        """With its interval."""
        return Figure(value=self.value, low=self.low, high=self.high)


class NotShown(_Kept):
    """Groups that are too small to be shown."""

    groups: int = Field(ge=0)
    members: int = Field(ge=0)
    fewer_than: int = Field(ge=0)


class GroupComparison(_Kept):
    """A measure over the groups of one attribute."""

    side: Literal["restaurants", "diners"]
    measure: str = Field(examples=["ndcg@10"])
    attribute: str
    groups: tuple[GroupOf, ...] = Field(min_length=1)
    gap: Measured = Field(description="Greatest less least.")
    ratio: Measured = Field(description="Least over greatest.")
    by_chance: Finite | None = Field(description="Of the gap of diners, of the ratio of restaurants, in the mean.")
    p: Finite | None
    not_shown: NotShown

    @property
    def least(self) -> GroupOf:
        """The group that is worst off."""
        return min(self.groups, key=lambda one: one.value)

    @property
    def most(self) -> GroupOf:
        """The group that is best off."""
        return max(self.groups, key=lambda one: one.value)

    @property
    def question(self) -> tuple[str, str, str]:
        """What is compared: the same in two versions."""
        return self.side, self.measure, self.attribute


class Fairness(_Kept):
    """Quality by groups of diners and exposure by groups of restaurants, on the test period."""

    own: tuple[GroupComparison, ...]
    rivals: dict[str, tuple[GroupComparison, ...]] = Field(description="The same of those it was held against.")


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


def one(report: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """A document that the report keeps under `key`; None: it keeps none. Raises Unreadable."""
    found = report.get(key)
    try:
        return None if found is None else kind.model_validate(found)
    except ValidationError as error:
        raise unreadable(key, error) from None


def fairness(report: Mapping[str, Any]) -> Fairness | None:
    """Comparisons by whose they are: the version's under `own`, all others' under their names. Raises Unreadable."""
    found = report.get("fairness")
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise Unreadable("fairness: it is no document of comparisons")
    if "own" not in found:
        raise Unreadable("fairness: the version's own comparisons are missing")
    own, *rivals = (items(found, name, GroupComparison) or [] for name in ("own", *_others(found)))
    return Fairness(own=tuple(own), rivals=dict(zip(_others(found), map(tuple, rivals), strict=True)))


def _others(found: Mapping[str, Any]) -> list[str]:
    return [name for name in found if name != "own"]


def figure_of(found: Any) -> Figure | None:
    """From `{"value", "low", "high"}`; None where it is no such thing, or what it says is not a number."""
    if not isinstance(found, Mapping):
        return None
    try:
        return Figure.model_validate({name: found.get(name) for name in ("value", "low", "high")})
    except ValidationError:
        return None
