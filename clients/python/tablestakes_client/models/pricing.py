from typing import Literal

Pricing = Literal["first", "gsp", "vcg"]

PRICING_VALUES: set[Pricing] = {
    "first",
    "gsp",
    "vcg",
}


def check_pricing(value: str) -> Pricing:
    if value in PRICING_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {PRICING_VALUES!r}")
