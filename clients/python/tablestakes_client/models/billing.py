from typing import Literal

Billing = Literal["click", "order"]

BILLING_VALUES: set[Billing] = {
    "click",
    "order",
}


def check_billing(value: str) -> Billing:
    if value in BILLING_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {BILLING_VALUES!r}")
