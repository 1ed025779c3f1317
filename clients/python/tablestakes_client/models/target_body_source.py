from typing import Literal

TargetBodySource = Literal["demand", "registry"]

TARGET_BODY_SOURCE_VALUES: set[TargetBodySource] = {
    "demand",
    "registry",
}


def check_target_body_source(value: str) -> TargetBodySource:
    if value in TARGET_BODY_SOURCE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TARGET_BODY_SOURCE_VALUES!r}")
