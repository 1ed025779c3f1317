"""Documents from outside, taken for what their schema says: pydantic alone is more generous than any schema."""

import re
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

_FIGURES: Final = re.compile(r"\s*[+-]?[\d.]+(e[+-]?\d+)?\s*", re.IGNORECASE)


class Exact(BaseModel):
    """A document that refuses unknown fields, cannot be changed, and takes no truth for a number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool):
            annotation: Any = cls.model_fields[str(info.field_name)].annotation
            if _is_of_numbers(annotation):
                raise ValueError("a number, not true or false")
        return value


@cache
def _is_of_numbers(annotation: Any) -> bool:
    """Whether a field of this type holds numbers and, at most, nothing."""
    if get_origin(annotation) is Annotated:
        return _is_of_numbers(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return all(_is_of_numbers(member) for member in get_args(annotation) if member is not NoneType)
    return annotation in (int, float)


def no_number_for_a_time(value: Any) -> Any:
    """A `BeforeValidator` of times and days: pydantic takes seconds since 1970, in figures too. Raises ValueError."""
    if isinstance(value, int | float) or (isinstance(value, str) and _FIGURES.fullmatch(value)):
        raise ValueError("not ISO 8601, as 2026-01-09T19:00:00Z is")
    return value
