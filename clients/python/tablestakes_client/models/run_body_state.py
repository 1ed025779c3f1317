from typing import Literal

RunBodyState = Literal["failed", "finished", "queued", "running"]

RUN_BODY_STATE_VALUES: set[RunBodyState] = {
    "failed",
    "finished",
    "queued",
    "running",
}


def check_run_body_state(value: str) -> RunBodyState:
    if value in RUN_BODY_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_BODY_STATE_VALUES!r}")
