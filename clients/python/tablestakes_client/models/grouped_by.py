from typing import Literal

GroupedBy = Literal["cuisine", "district", "kind", "price"]

GROUPED_BY_VALUES: set[GroupedBy] = {
    "cuisine",
    "district",
    "kind",
    "price",
}


def check_grouped_by(value: str) -> GroupedBy:
    if value in GROUPED_BY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {GROUPED_BY_VALUES!r}")
