from typing import Literal

TargetBodyVerdict = Literal["met", "missed", "open", "unknown"]

TARGET_BODY_VERDICT_VALUES: set[TargetBodyVerdict] = {
    "met",
    "missed",
    "open",
    "unknown",
}


def check_target_body_verdict(value: str) -> TargetBodyVerdict:
    if value in TARGET_BODY_VERDICT_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TARGET_BODY_VERDICT_VALUES!r}")
