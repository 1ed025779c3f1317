from typing import Literal

GroupComparisonSide = Literal["diners", "restaurants"]

GROUP_COMPARISON_SIDE_VALUES: set[GroupComparisonSide] = {
    "diners",
    "restaurants",
}


def check_group_comparison_side(value: str) -> GroupComparisonSide:
    if value in GROUP_COMPARISON_SIDE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GROUP_COMPARISON_SIDE_VALUES!r}")
