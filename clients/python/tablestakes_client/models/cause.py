from typing import Literal

Cause = Literal["budget", "calendar", "hand"]

CAUSE_VALUES: set[Cause] = {
    "budget",
    "calendar",
    "hand",
}


def check_cause(value: str) -> Cause:
    if value in CAUSE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CAUSE_VALUES!r}")
