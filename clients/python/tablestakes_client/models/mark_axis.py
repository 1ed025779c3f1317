from typing import Literal

MarkAxis = Literal["x", "y"]

MARK_AXIS_VALUES: set[MarkAxis] = {
    "x",
    "y",
}


def check_mark_axis(value: str) -> MarkAxis:
    if value in MARK_AXIS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {MARK_AXIS_VALUES!r}")
