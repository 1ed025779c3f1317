from typing import Literal

ChangedLimitSide = Literal["at least", "at most"]

CHANGED_LIMIT_SIDE_VALUES: set[ChangedLimitSide] = {
    "at least",
    "at most",
}


def check_changed_limit_side(value: str) -> ChangedLimitSide:
    if value in CHANGED_LIMIT_SIDE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CHANGED_LIMIT_SIDE_VALUES!r}")
