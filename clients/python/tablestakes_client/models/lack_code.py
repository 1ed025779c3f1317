from typing import Literal

LackCode = Literal[
    "ads-skipped",
    "fairness-away",
    "feature-cache-away",
    "features-late",
    "profile-away",
    "reasons-skipped",
    "second-stage-skipped",
]

LACK_CODE_VALUES: set[LackCode] = {
    "ads-skipped",
    "fairness-away",
    "feature-cache-away",
    "features-late",
    "profile-away",
    "reasons-skipped",
    "second-stage-skipped",
}


def check_lack_code(value: str) -> LackCode:
    if value in LACK_CODE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {LACK_CODE_VALUES!r}")
