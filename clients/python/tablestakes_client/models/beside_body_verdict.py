from typing import Literal

BesideBodyVerdict = Literal["less", "like", "more"]

BESIDE_BODY_VERDICT_VALUES: set[BesideBodyVerdict] = {
    "less",
    "like",
    "more",
}


def check_beside_body_verdict(value: str) -> BesideBodyVerdict:
    if value in BESIDE_BODY_VERDICT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {BESIDE_BODY_VERDICT_VALUES!r}")
