"""Documents from outside, taken for what their schema says: pydantic alone is more generous than any schema."""

import re
from typing import Any, Final, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

_FIGURES: Final = re.compile(r"\s*[+-]?[\d.]+(e[+-]?\d+)?\s*", re.IGNORECASE)


class Exact(BaseModel):
    """A document that refuses unknown fields, cannot be changed, and takes no truth for a number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and info.field_name is not None:
            annotation = cls.model_fields[info.field_name].annotation
            if annotation not in (bool, Any) and bool not in get_args(annotation):
                raise ValueError("not true or false")
        return value


def no_number_for_a_time(value: Any) -> Any:
    """A `BeforeValidator` of times and days: pydantic takes seconds since 1970, in figures too. Raises ValueError."""
    if isinstance(value, int | float) or (isinstance(value, str) and _FIGURES.fullmatch(value)):
        raise ValueError("not ISO 8601, as 2026-01-09T19:00:00Z is")
    return value
