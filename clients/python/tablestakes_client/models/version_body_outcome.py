from typing import Literal

VersionBodyOutcome = Literal["challenger", "known", "rejected"]

VERSION_BODY_OUTCOME_VALUES: set[VersionBodyOutcome] = {
    "challenger",
    "known",
    "rejected",
}


def check_version_body_outcome(value: str) -> VersionBodyOutcome:
    if value in VERSION_BODY_OUTCOME_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {VERSION_BODY_OUTCOME_VALUES!r}")
