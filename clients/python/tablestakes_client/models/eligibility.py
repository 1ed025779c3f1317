from typing import Literal

Eligibility = Literal["below-list", "no-repeat"]

ELIGIBILITY_VALUES: set[Eligibility] = {
    "below-list",
    "no-repeat",
}


def check_eligibility(value: str) -> Eligibility:
    if value in ELIGIBILITY_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {ELIGIBILITY_VALUES!r}")
