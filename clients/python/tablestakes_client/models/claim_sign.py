from typing import Literal

ClaimSign = Literal[-1, 1]

CLAIM_SIGN_VALUES: set[ClaimSign] = {
    -1,
    1,
}


def check_claim_sign(value: int) -> ClaimSign:
    if value in CLAIM_SIGN_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {CLAIM_SIGN_VALUES!r}")
