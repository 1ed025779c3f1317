from typing import Literal

Scale = Literal["linear", "log"]

SCALE_VALUES: set[Scale] = {
    "linear",
    "log",
}


def check_scale(value: str) -> Scale:
    if value in SCALE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SCALE_VALUES!r}")
