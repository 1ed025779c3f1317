from typing import Literal

StepKind = Literal["blocked", "dominated", "hopes", "limit", "nash", "rational", "round", "settlement", "tried"]

STEP_KIND_VALUES: set[StepKind] = {
    "blocked",
    "dominated",
    "hopes",
    "limit",
    "nash",
    "rational",
    "round",
    "settlement",
    "tried",
}


def check_step_kind(value: str) -> StepKind:
    if value in STEP_KIND_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {STEP_KIND_VALUES!r}")
