from typing import Literal

LeastBidBilling = Literal["click", "order"]

LEAST_BID_BILLING_VALUES: set[LeastBidBilling] = {
    "click",
    "order",
}


def check_least_bid_billing(value: str) -> LeastBidBilling:
    if value in LEAST_BID_BILLING_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LEAST_BID_BILLING_VALUES!r}")
