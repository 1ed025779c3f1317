"""What a seat insists on, and what it falls back on."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.stakeholders.seats import SEATS, Seat, measures, negotiable

MOST_LIMITS: Final = 20
_MOST: Final = 1e12
"""Of a number that a seat names: beyond it sums are no longer to be trusted."""


class DemandError(Exception):
    """Demands that cannot be; the message says whose, what, and the mend."""


Number = Annotated[float, Field(ge=-_MOST, le=_MOST)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bound(_Document):
    """A measure that must not cross a value, by its one-sided 95 % confidence bound."""

    measure: str = Field(max_length=64, examples=["orders_per_1000"], description="A key of `GET /v1/seats`.")
    at_least: Number | None = Field(default=None, examples=[700.0])
    at_most: Number | None = Field(default=None, description="One of the two.")

    @model_validator(mode="after")
    def _has_one_side(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give at_least or at_most, one of the two")
        known = measures()
        if self.measure not in known:
            raise ValueError(f"there is no measure {self.measure!r}; there are {', '.join(sorted(negotiable()))}")
        if self.measure not in negotiable():
            title = known[self.measure].title
            raise ValueError(
                f"{self.measure!r} ({title}) is measured live only: no front can say what a policy makes of it"
            )
        return self

    @property
    def value(self) -> float:
        """The one that is given."""
        return self.at_least if self.at_least is not None else float(self.at_most or 0.0)

    @property
    def words(self) -> str:
        """At least or at most."""
        return "at least" if self.at_least is not None else "at most"

    def at(self, value: float) -> "Bound":
        """The same with another value."""
        return self.model_copy(update={"at_least" if self.at_least is not None else "at_most": value})


class Demand(_Document):
    """Of one seat."""

    limits: tuple[Bound, ...] = Field(default=(), max_length=MOST_LIMITS, description="Never traded.")
    disagreement: Number | None = Field(
        default=None,
        description="What the seat's own number is worth to it without a settlement: it takes nothing worse. "
        "By default its worst over the other seats' favourites.",
    )
    weight: float = Field(default=1.0, gt=0.0, le=1_000.0, description="Decides between equals, nothing else.")
    note: str | None = Field(default=None, max_length=500, pattern=r"^[^\x00]*$")

    @model_validator(mode="after")
    def _limits_each_side_once(self) -> Self:
        sides = [(bound.measure, bound.words) for bound in self.limits]
        if twice := next((side for side in sides if sides.count(side) > 1), None):
            raise ValueError(f"limits: {twice[1]} of {twice[0]} is given twice")
        return self


def demands_of(document: Any, seats: Sequence[Seat] = SEATS) -> dict[str, Demand]:
    """Demands by seat from `{"sales": {"limits": [...], ...}, ...}`; raises DemandError that names seat and field."""
    known = [seat.name for seat in seats if seat.signs]
    if not isinstance(document, Mapping):
        raise DemandError('demands are an object by seat, as in {"sales": {"limits": [...]}}')
    found = {}
    for name, part in document.items():
        if name not in known:
            raise DemandError(f"{name}: no seat that demands; there are {', '.join(known)}")
        try:
            found[name] = Demand.model_validate(part)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in (name, *fault["loc"]))
            hint = f"; there are {', '.join(Demand.model_fields)}" if fault["type"] == "extra_forbidden" else ""
            raise DemandError(f"{where}: {fault['msg'].removeprefix('Value error, ')}{hint}") from None
    return found
