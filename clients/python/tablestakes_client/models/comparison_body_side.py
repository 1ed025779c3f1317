from typing import Literal

ComparisonBodySide = Literal["diners", "restaurants"]

COMPARISON_BODY_SIDE_VALUES: set[ComparisonBodySide] = {
    "diners",
    "restaurants",
}


def check_comparison_body_side(value: str) -> ComparisonBodySide:
    if value in COMPARISON_BODY_SIDE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {COMPARISON_BODY_SIDE_VALUES!r}")
