from typing import Literal

RunDetailState = Literal["failed", "finished", "queued", "running"]

RUN_DETAIL_STATE_VALUES: set[RunDetailState] = {
    "failed",
    "finished",
    "queued",
    "running",
}


def check_run_detail_state(value: str) -> RunDetailState:
    if value in RUN_DETAIL_STATE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {RUN_DETAIL_STATE_VALUES!r}")
